import type { Piece } from './cut.ts';
import type { Section } from './sections.ts';

/**
 * Names of a text's chapters, no two alike: the real heading, `first - last` where several were gathered, `name, part 2 of 3` where
 * one was cut, and `whole` for a text in one piece.
 */
export function chapterNames(sections: readonly Section[], pieces: readonly Piece[]): string[] {
  if (pieces.length === 1) return ['whole'];
  const named = pieces.map((piece) => {
    const inside = sections.filter(({ from, to }) => from < piece.to && to > piece.from);
    return { first: inside[0] as Section, last: inside.at(-1) as Section };
  });
  const total = new Map<Section, number>();
  for (const { first, last } of named) if (first === last) total.set(first, (total.get(first) ?? 0) + 1);
  const part = new Map<Section, number>();
  const taken = new Set<string>();
  return named.map(({ first, last }) => {
    const parts = first === last ? (total.get(first) as number) : 1;
    let name = first === last || first.name === last.name ? (first.name ?? '') : `${first.name ?? 'Opening'} - ${last.name ?? ''}`;
    if (parts > 1) {
      const number = (part.get(first) ?? 0) + 1;
      part.set(first, number);
      name = `${name}${name === '' ? '' : ', '}part ${number} of ${parts}`;
    }
    return unused(name === '' ? 'Opening' : name, taken);
  });
}

function unused(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name} (${n})`;
  taken.add(free);
  return free;
}
