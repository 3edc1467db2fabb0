import type { Format } from './formats.ts';
import { TextFault } from './text-file.ts';

/**
 * The text of a file in any format, as Markdown or plain text with `\n` at line ends: the same for the same bytes.
 * @throws TextFault where it cannot be read, is encrypted, or holds no text.
 */
export async function takeText(file: string, format: Format, bytes: Uint8Array): Promise<string> {
  switch (format) {
    case 'markdown':
    case 'plain':
      return decodeText(file, bytes);
    // loaded only for the libraries that need them: they are large
    case 'epub':
      return (await import('./epub.ts')).epubText(file, bytes);
    case 'pdf':
      return await (await import('./pdf.ts')).pdfText(file, bytes);
  }
}

function decodeText(file: string, bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TextFault(`"${file}" is not UTF-8 text; save it as UTF-8`);
  }
  if (text.trim() === '') throw new TextFault(`"${file}" has no text`);
  return text.replace(/\r\n?/g, '\n');
}
