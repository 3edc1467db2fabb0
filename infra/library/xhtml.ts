import type { Element } from './markup.ts';

/** A heading that the book's table of contents has for a place in a document. */
export interface Target {
  /** Id of the element where it begins; null for the document's start. */
  id: string | null;
  label: string;
  /** 1 for the table's top level. */
  depth: number;
}

const SILENT = new Set(['script', 'style', 'head', 'title', 'template', 'svg', 'math', 'img', 'audio', 'video']);
const BLOCKS = new Set(['p', 'div', 'section', 'article', 'aside', 'header', 'footer', 'main', 'nav', 'figure', 'figcaption', 'blockquote', 'ul', 'ol', 'li', 'dl', 'dt', 'dd', 'table', 'thead', 'tbody', 'tr', 'caption', 'pre', 'hr', 'body', 'html', 'address']);
const HEADING = /^h([1-6])$/;
/** In a book with a table of contents, headings that it leaves out open no chapter. */
const BELOW_CONTENTS = 3;

/**
 * An XHTML document as Markdown: headings, paragraphs, lists, quotations, code and table rows; no images, no emphasis. The table of
 * contents' headings stand where it points, and take the place of a heading there that says the same.
 * @param outlined the book has a table of contents: its entries alone become headings of the first two levels
 */
export function toMarkdown(document: Element, targets: readonly Target[], outlined: boolean): string {
  const blocks: string[] = [];
  const waiting = targets.filter(({ id }) => id === null);
  let line = '';

  const announce = (heading: string | null): boolean => {
    const due = waiting.splice(0);
    blocks.push(...due.map(({ depth, label }) => `${'#'.repeat(Math.min(depth, 6))} ${label}`));
    return heading !== null && due.some(({ label }) => alike(label, heading));
  };
  const flush = (prefix: string, level = 0) => {
    const words = line.replace(/\s+/g, ' ').replace(/ ?\u0000 ?/g, '\n').trim();
    line = '';
    if (words === '') return;
    if (announce(level > 0 ? words : null)) return;
    if (level > 0) blocks.push(`${'#'.repeat(outlined ? Math.max(level, BELOW_CONTENTS) : level)} ${words.replaceAll('\n', ' ')}`);
    else blocks.push(words.split('\n').map((each, i) => (i === 0 ? prefix : prefix.replace(/\S/g, (mark) => (mark === '>' ? mark : ' '))) + escaped(each)).join('\n'));
  };
  const walk = (element: Element, prefix: string) => {
    const { name, attributes } = element;
    const { id } = attributes;
    const level = Number(HEADING.exec(name)?.[1] ?? 0);
    const block = level > 0 || BLOCKS.has(name);
    if (block) flush(prefix);
    if (id !== undefined) waiting.push(...targets.filter((target) => target.id === id));
    if (SILENT.has(name)) return;
    if (name === 'br') line += '\u0000';
    if (name === 'pre') {
      const code = verbatim(element).replace(/\s+$/, '');
      announce(null);
      if (code !== '') blocks.push(`\`\`\`\n${code.replace(/^\n/, '')}\n\`\`\``);
      return;
    }
    let number = 1;
    for (const child of element.children) {
      if (typeof child === 'string') line += child;
      else if (child.name === 'li') walk(child, `${prefix}${name === 'ol' ? `${number++}. ` : '- '}`);
      else walk(child, name === 'blockquote' ? `${prefix}> ` : prefix);
      if (name === 'tr' && typeof child !== 'string') line += ' | ';
    }
    if (name === 'tr') line = line.replace(/(\s*\|\s*)+$/, '');
    if (block) flush(prefix, level);
  };
  walk(document, '');
  flush('');
  announce(null);
  return join(blocks);
}

/** Items of one list stand together, everything else apart. */
function join(blocks: readonly string[]): string {
  const item = (block: string | undefined) => /^(?:> )*(?:- |\d+\. )/.test(block ?? '');
  return blocks.map((block, i) => (i === 0 ? '' : item(block) && item(blocks[i - 1]) ? '\n' : '\n\n') + block).join('');
}

function verbatim(element: Element): string {
  return element.children.map((child) => (typeof child === 'string' ? child : verbatim(child))).join('');
}

/** Words that would read as a heading or a fence are no such thing in the book. */
export const escaped = (line: string) => line.replace(/^(?=#{1,6}(?:\s|$)|```|~~~)/, '\\');

const NUMBER = /^\s*(?:(?:chapter|part|section|book|appendix)\s+)?(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z])[.:)]*\s+/i;

/** The same heading, but for case, punctuation and a number before it. */
export function alike(label: string, heading: string): boolean {
  const bare = (words: string) => words.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
  const unnumbered = bare(label.replace(NUMBER, ''));
  return bare(label) === bare(heading) || (unnumbered !== '' && unnumbered === bare(heading.replace(NUMBER, '')));
}
