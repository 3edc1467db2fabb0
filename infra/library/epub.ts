import { posix } from 'node:path';
import { unzipSync } from 'fflate';
import { readPackage, readTargets, type Documents } from './epub-package.ts';
import { descendants, find, parseMarkup, wordsOf, type Element } from './markup.ts';
import { TextFault } from './text-file.ts';
import { toMarkdown } from './xhtml.ts';

/** Most that a book's documents may unpack to, bytes: far more than any book, far less than a zip bomb. */
const LARGEST_UNPACKED = 256 * 2 ** 20;
const READ = /\.(x?html?|xml|opf|ncx)$|^mimetype$/i;

/**
 * The text of an EPUB 2 or 3 as Markdown, in the order of its spine, with the headings of its table of contents.
 * @throws TextFault where it is no EPUB, is encrypted, unpacks to too much, or has no text.
 */
export function epubText(file: string, bytes: Uint8Array): string {
  try {
    const text = bookText(file, unpack(file, bytes));
    if (text.replace(/^#.*$/gm, '').trim() === '') throw new TextFault(`"${file}" has no text`);
    return `${text.replace(/\p{Surrogate}/gu, '\uFFFD')}\n`;
  } catch (error) {
    if (error instanceof RangeError) throw new TextFault(`"${file}" cannot be read as an EPUB (${error.message})`);
    throw error;
  }
}

function bookText(file: string, documents: Documents): string {
  if (encrypted(documents)) throw new TextFault(`"${file}" is encrypted (DRM): only open books can be read`);
  const book = readPackage(documents);
  if (book === null) throw new TextFault(`"${file}" is no EPUB: it names no package document`);
  const targets = readTargets(documents, book);
  const outlined = targets.size > 0;
  const parts = book.spine.map((path, i) => {
    const document = documents.read(path);
    if (document === null) return '';
    const text = toMarkdown(document, targets.get(path) ?? [], outlined);
    // a document that nothing names still begins a chapter
    return outlined || text === '' || /^#{1,2} /m.test(text) ? text : `# ${titleOf(document) ?? `Section ${i + 1}`}\n\n${text}`;
  });
  return parts.filter((part) => part !== '').join('\n\n');
}

function unpack(file: string, bytes: Uint8Array): Documents {
  let unpacked = 0;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!READ.test(name)) return false;
        unpacked += originalSize;
        if (unpacked > LARGEST_UNPACKED) throw new TextFault(`"${file}" unpacks to more than ${LARGEST_UNPACKED / 2 ** 20} MB of text`);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof TextFault) throw error;
    throw new TextFault(`"${file}" is no EPUB: it cannot be unpacked (${(error as Error).message})`);
  }
  const decoder = new TextDecoder();
  return {
    read: (path) => {
      const entry = entries[posix.normalize(path)];
      return entry === undefined ? null : parseMarkup(decoder.decode(entry));
    },
  };
}

/** Fonts may be obscured in an open book; anything else that is encrypted is not open. */
function encrypted(documents: Documents): boolean {
  const list = documents.read('META-INF/encryption.xml');
  if (list === null) return false;
  return [...descendants(list)].some(({ name, attributes }) => name === 'cipherreference' && READ.test(attributes['uri'] ?? ''));
}

function titleOf(document: Element): string | null {
  const title = find(document, 'title');
  const words = title === undefined ? '' : wordsOf(title);
  return words === '' ? null : words;
}
