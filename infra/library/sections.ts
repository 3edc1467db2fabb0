/** A stretch of a text under one heading: characters [from, to), the heading included. */
export interface Section {
  /** The heading's words; null for what stands before the first one. */
  name: string | null;
  from: number;
  to: number;
}

/** Headings of this level and above open a section; deeper ones only mark good places to cut. */
const DEEPEST = 2;
const LONGEST_NAME = 80;

const FENCE = /^ {0,3}(```|~~~)/;
const ATX = /^ {0,3}(#{1,6})[ \t]+(\S.*?)[ \t]*#*[ \t]*$/;
const CHAPTER = /^[ \t]*chapter[ \t]+(?:\d{1,4}|[ivxlc]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b.{0,70}$/i;
/** A title that stands on a line of its own below `Chapter 3`. */
const TITLE = /^\s*["'“‘]?[\p{Lu}\d].{0,58}[^\s.,;:]\s*$/u;

/**
 * Sections of a text, in order and without a gap; a heading with nothing under it, such as the book's own title, goes with the section
 * that follows. Markdown is cut at `#` and `##`; plain text, and Markdown without such headings,
 * at lines of their own such as `Chapter 3` or `CHAPTER III. The Ford`.
 */
export function sectionsOf(text: string, plain: boolean): Section[] {
  const marks = plain ? [] : markdownHeadings(text);
  const headings = marks.length > 0 ? marks : chapterLines(text);
  const opening = text.slice(0, headings[0]?.at ?? text.length);
  const sections: Section[] = headings.length === 0 || opening.trim() !== '' ? [{ name: null, from: 0, to: opening.length }] : [];
  let from = sections[0]?.to ?? 0;
  for (const [i, { name, end }] of headings.entries()) {
    const to = headings[i + 1]?.at ?? text.length;
    const last = sections.at(-1);
    if (text.slice(end, to).trim() !== '' || (to === text.length && last === undefined)) {
      sections.push({ name, from, to });
      from = to;
    } else if (to === text.length && last !== undefined) {
      last.to = to;
    }
  }
  return sections;
}

interface Heading {
  name: string;
  /** Characters from the text's start to the heading and to its end. */
  at: number;
  end: number;
}

function markdownHeadings(text: string): Heading[] {
  const headings: Heading[] = [];
  let fence: string | null = null;
  for (const { line, at } of lines(text)) {
    const mark = FENCE.exec(line)?.[1];
    if (mark !== undefined && (fence === null || fence === mark)) fence = fence === null ? mark : null;
    const [, level = '', name = ''] = fence === null ? (ATX.exec(line) ?? []) : [];
    if (level !== '' && level.length <= DEEPEST) headings.push({ name: tidy(name), at, end: at + line.length });
  }
  return headings;
}

function chapterLines(text: string): Heading[] {
  const headings: Heading[] = [];
  const all = [...lines(text)];
  const blank = (i: number) => (all[i]?.line ?? '').trim() === '';
  for (const [i, { line, at }] of all.entries()) {
    if (!CHAPTER.test(line) || !blank(i - 1)) continue;
    const bare = line.trim().split(/\s+/).length === 2;
    const titleAt = bare ? [i + 1, i + 2].find((next) => !blank(next) && blank(next + 1) && (next === i + 1 || blank(i + 1))) : undefined;
    const title = all[titleAt ?? -1];
    const titled = title !== undefined && TITLE.test(title.line) && !CHAPTER.test(title.line);
    if (!blank(i + 1) && !titled) continue;
    const last = titled ? title : { line, at };
    headings.push({ name: tidy(titled ? `${line.trim()} ${title.line.trim()}` : line), at, end: last.at + last.line.length });
  }
  return headings;
}

function* lines(text: string): Generator<{ line: string; at: number }> {
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    yield { line: text.slice(at, end), at };
    at = end + 1;
  }
}

/** The heading's words without Markdown's marks. */
function tidy(heading: string): string {
  const words = heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\{#[^}]*\}$/, '')
    .replace(/\\([\\`*_{}[\]()#+.!-])/g, '$1')
    .replace(/[*`]|(?<!\w)_|_(?!\w)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  const points = [...words];
  return points.length <= LONGEST_NAME ? words : `${points.slice(0, LONGEST_NAME - 1).join('').trimEnd()}…`;
}
