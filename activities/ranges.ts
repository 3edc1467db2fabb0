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

export function parseRanges(text: string): number[] {
  if (text === '') return [];
  return text.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number) as [number, number?];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
