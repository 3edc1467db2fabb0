/** Index sets as short text, for histories: `0-15,17` for the sorted numbers 0..15 and 17; "" for none. */
export function formatRanges(numbers: number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let j = i;
    while (j + 1 < numbers.length && numbers[j + 1] === (numbers[j] as number) + 1) j++;
    parts.push(j === i ? `${numbers[i]}` : `${numbers[i]}-${numbers[j]}`);
    i = j + 1;
  }
  return parts.join(',');
}

/** One try of a situation. */
export interface Tried {
  index: number;
  try: number;
}

/** Tries as short text, such as `0:0-15,17;1:16`: indexes as ranges, by try. */
export function formatTries(tries: Iterable<Tried>): string {
  const byTry = new Map<number, number[]>();
  for (const { index, try: attempt } of tries) {
    const indexes = byTry.get(attempt);
    if (indexes === undefined) byTry.set(attempt, [index]);
    else indexes.push(index);
  }
  return [...byTry].sort(([a], [b]) => a - b).map(([attempt, indexes]) => `${attempt}:${formatRanges(indexes.sort((a, b) => a - b))}`).join(';');
}

export function parseTries(text: string): Tried[] {
  if (text === '') return [];
  return text.split(';').flatMap((group) => {
    const [attempt, ranges] = group.split(':') as [string, string];
    return parseRanges(ranges).map((index) => ({ index, try: Number(attempt) }));
  });
}

/** Longest text of tries in one event of a history, characters: scattered indexes take some six each. */
export const LONGEST_TRIES = 4_000;
/** Longest of all the texts that a workflow begins with, or carries to its next run, together; characters. */
export const MOST_CARRIED = 12_000;

/** A text of tries as texts of at most `longest` characters; none for "". */
export function triesInPieces(text: string, longest = LONGEST_TRIES): string[] {
  const pieces: string[] = [];
  let piece = '';
  let group = '';
  for (const [attempt, range] of text.split(';').flatMap(rangesOf)) {
    const more = piece === '' ? `${attempt}:${range}` : attempt === group ? `,${range}` : `;${attempt}:${range}`;
    if (piece.length + more.length > longest) pieces.push(piece);
    piece = piece.length + more.length > longest ? `${attempt}:${range}` : piece + more;
    group = attempt;
  }
  return piece === '' ? pieces : [...pieces, piece];
}

function rangesOf(group: string): [attempt: string, range: string][] {
  const [attempt, ranges] = group.split(':') as [string, string?];
  return (ranges ?? '').split(',').flatMap((range) => (range === '' ? [] : [[attempt, range] as [string, string]]));
}

/** With as many lists of members as `room` characters hold; "" stands for those that S3 alone knows. */
export function membersWithin<T extends { members: string }>(all: readonly T[], room: number): T[] {
  let left = room;
  return all.map((each) => {
    const members = each.members.length <= left ? each.members : '';
    left -= members.length;
    return { ...each, members };
  });
}

export function parseRanges(text: string): number[] {
  if (text === '') return [];
  return text.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number) as [number, number?];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
