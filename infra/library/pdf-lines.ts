import type { TextContent } from 'pdfjs-dist/types/src/display/api.js';

/** One line of a page; points, y from the page's lower edge to the base line. */
export interface Line {
  text: string;
  y: number;
  height: number;
}

/** A first or last line that so many pages share, but for its numbers, is a running head or foot. */
const RUNNING_PAGES = 4;
const LONGEST_RUNNING = 80;
const PAGE_NUMBER = /^[\s\-–—]*(?:\d{1,4}|[ivxlcdm]{1,7})[\s\-–—]*$/i;

/** Lines in the order in which the page draws them. */
export function linesOf(items: TextContent['items']): Line[] {
  const lines: Line[] = [];
  let text = '';
  let y = 0;
  let height = 0;
  const close = () => {
    const words = text.replace(/\s+/g, ' ').trim();
    if (words !== '') lines.push({ text: words, y, height: height === 0 ? 10 : height });
    text = '';
    height = 0;
  };
  for (const item of items) {
    if (!('str' in item)) continue;
    if (text.trim() === '') y = (item.transform as number[])[5] as number;
    text += item.str;
    height = Math.max(height, item.height);
    if (item.hasEOL) close();
  }
  close();
  return lines;
}

/** The pages without page numbers, and without first and last lines that come back page after page. */
export function withoutRunningLines(pages: readonly Line[][]): Line[][] {
  const seen = new Map<string, number>();
  for (const lines of pages) for (const edge of edges(lines)) seen.set(edge, (seen.get(edge) ?? 0) + 1);
  const running = (line: Line | undefined) => line !== undefined && (PAGE_NUMBER.test(line.text) || (line.text.length <= LONGEST_RUNNING && (seen.get(shape(line)) ?? 0) >= RUNNING_PAGES));
  return pages.map((lines) => {
    let from = 0;
    let to = lines.length;
    while (from < to && running(lines[from])) from += 1;
    while (to > from && running(lines[to - 1])) to -= 1;
    return lines.slice(from, to);
  });
}

const edges = (lines: readonly Line[]) => new Set([lines[0], lines.at(-1)].flatMap((line) => (line === undefined ? [] : [shape(line)])));
const shape = ({ text }: Line) => text.replace(/\d+/g, '#');
