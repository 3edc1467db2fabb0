import { extname } from 'node:path';

/** How a text is stored. Markdown and plain text are shown as they are; EPUB and PDF by the text taken from them. */
export type Format = 'markdown' | 'plain' | 'epub' | 'pdf';

const FORMATS: Record<string, Format> = { '.md': 'markdown', '.markdown': 'markdown', '.txt': 'plain', '.epub': 'epub', '.pdf': 'pdf' };

export const EXTENSIONS = Object.keys(FORMATS);

/** Longest file that a library holds, bytes. */
export const LARGEST_FILE = 64 * 2 ** 20;

/** By the name's extension; null for one that no library holds. */
export function formatOf(file: string): Format | null {
  return FORMATS[extname(file).toLowerCase()] ?? null;
}

/** True where the text is taken from the file once, by `library add` or `lock`, and kept beside it. */
export const isExtracted = (format: Format) => format === 'epub' || format === 'pdf';

/** Where the text taken from an EPUB or a PDF is kept: beside it. */
export const extractedName = (file: string) => `${file}.md`;
