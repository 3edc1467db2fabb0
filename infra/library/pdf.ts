import { getDocument, type PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { linesOf, withoutRunningLines, type Line } from './pdf-lines.ts';
import { outlineOf, type Mark } from './pdf-outline.ts';
import { TextFault } from './text-file.ts';
import { alike, escaped } from './xhtml.ts';

/** Lines further apart than this many times their height stand in different paragraphs. */
const PARAGRAPH_GAP = 1.8;
/** A heading runs over no more lines than this. */
const HEADING_LINES = 3;
/** An outline that points below its heading is off by no more than so many heights of a line. */
const NEAR_LINES = 4;

/**
 * The text of a PDF as Markdown: paragraphs in the order in which the file draws them, without page numbers and running heads, with
 * the headings of its outline. A PDF without an outline gives plain paragraphs.
 * @throws TextFault where it is no PDF, asks for a password, or has no text (scanned pages).
 */
export async function pdfText(file: string, bytes: Uint8Array): Promise<string> {
  // pdf.js takes the buffer over; its own fonts and pictures are of no use here
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0, disableFontFace: true, useSystemFonts: false, isEvalSupported: false, stopAtErrors: false });
  try {
    const document = await task.promise;
    const marks = await outlineOf(document);
    const pages = withoutRunningLines(await readPages(document));
    const text = pages.some((page) => page.length > 0) ? markdown(pages, marks) : '';
    if (text === '') throw new TextFault(`"${file}" has no text: scanned pages must go through text recognition first`);
    return text;
  } catch (error) {
    if (error instanceof TextFault) throw error;
    if ((error as Error).name === 'PasswordException') throw new TextFault(`"${file}" is encrypted: save it without its password`);
    throw new TextFault(`"${file}" cannot be read as a PDF (${(error as Error).message})`);
  } finally {
    await task.destroy();
  }
}

async function readPages(document: PDFDocumentProxy): Promise<Line[][]> {
  const pages: Line[][] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    pages.push(linesOf((await page.getTextContent()).items));
    page.cleanup();
  }
  return pages;
}

function markdown(pages: readonly (readonly Line[])[], marks: readonly Mark[]): string {
  const blocks: string[] = [];
  let paragraph = '';
  const close = () => {
    if (paragraph !== '') blocks.push(escaped(paragraph));
    paragraph = '';
  };
  const due = [...marks];
  for (const [index, lines] of pages.entries()) {
    let above: Line | null = null;
    for (let i = 0; i < lines.length; ) {
      const line = lines[i] as Line;
      let skip = 0;
      for (let mark = due[0]; mark !== undefined; mark = due[0]) {
        const said = headingLines(lines.slice(i, i + HEADING_LINES), mark.label);
        if (!reached(mark, index, line) && !(said > 0 && near(mark, index, line))) break;
        due.shift();
        close();
        blocks.push(heading(mark));
        skip = said || skip;
      }
      if (skip === 0) {
        if (above === null ? !goesOn(paragraph, line.text) : above.y - line.y > PARAGRAPH_GAP * line.height) close();
        paragraph = joined(paragraph, line.text);
      }
      above = lines[i + Math.max(0, skip - 1)] as Line;
      i += Math.max(1, skip);
    }
  }
  close();
  blocks.push(...due.map(heading));
  return `${blocks.join('\n\n').replace(/\p{Surrogate}/gu, '\uFFFD')}\n`;
}

const heading = ({ label, depth }: Mark) => `${'#'.repeat(Math.min(depth, 6))} ${label}`;

/** True where a heading belongs before this line: its top is at or above the line's. */
function reached({ page, y }: Mark, index: number, line: Line): boolean {
  return page < index || (page === index && (y === null || line.y <= y));
}

/** True for a line a little above the place: some outlines point below the heading that they mean. */
function near({ page, y }: Mark, index: number, line: Line): boolean {
  return page === index && y !== null && line.y - y <= NEAR_LINES * line.height;
}

/** How many of the lines say what the heading says. */
function headingLines(lines: readonly Line[], label: string): number {
  for (let n = lines.length; n > 0; n--) if (alike(label, lines.slice(0, n).map(({ text }) => text).join(' '))) return n;
  return 0;
}

/** A sentence that runs over the page's end. */
function goesOn(paragraph: string, next: string): boolean {
  return paragraph !== '' && !/[.!?:;]["'”’)\]]?$/.test(paragraph) && /^\p{Ll}/u.test(next);
}

/** The next line after the words so far; a word divided at the line's end is put together. */
function joined(paragraph: string, line: string): string {
  if (paragraph === '') return line;
  return /\p{Ll}[-\u00AD]$/u.test(paragraph) && /^\p{Ll}/u.test(line) ? paragraph.slice(0, -1) + line : `${paragraph} ${line}`;
}
