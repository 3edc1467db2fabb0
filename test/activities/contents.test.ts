import { expect, test } from 'vitest';
import { chapterBlock, contentsOf, resolveSelection } from '../../activities/contents.ts';
import type { ChapterRef } from '../../schemas/library.ts';
import { ChapterBlock } from '../../schemas/prompt.ts';

const ref = (textbook: string, chapter: string, tokens = 10): ChapterRef => ({ textbook, title: textbook.toUpperCase(), chapter, sha256: 'a'.repeat(64), chars: 1, tokens, counted: true });
const CHAPTERS = [ref('ethics', '1 Promises', 11), ref('ethics', '2 Debts', 12), ref('physics', 'whole', 13), ref('law', 'Rights'), ref('law', 'Duties')];

test('the tables of contents follow the library', () => {
  expect(contentsOf(CHAPTERS).slice(0, 2)).toEqual([
    { textbook: 'ethics', title: 'ETHICS', chapters: [{ name: '1 Promises', tokens: 11 }, { name: '2 Debts', tokens: 12 }] },
    { textbook: 'physics', title: 'PHYSICS', chapters: [{ name: 'whole', tokens: 13 }] },
  ]);
});

test('a selection is in the order of the library, each chapter once, with the texts that are always read', () => {
  const chosen = [{ textbook: 'law', chapter: 'Duties' }, { textbook: 'ethics', chapter: '2 Debts' }, { textbook: 'law', chapter: 'Duties' }];
  expect(resolveSelection(CHAPTERS, chosen, ['physics'])).toEqual({ chapters: [1, 2, 4], faults: [] });
  expect(resolveSelection(CHAPTERS, [], ['law', 'law'])).toEqual({ chapters: [3, 4], faults: [] });
});

test('what the library does not have is a fault that names the nearest', () => {
  const chosen = [{ textbook: 'ethic', chapter: '2 Debts' }, { textbook: 'ethics', chapter: '2 Debt' }, { textbook: 'law', chapter: 'Rights' }];
  expect(resolveSelection(CHAPTERS, chosen, ['lore'])).toEqual({
    chapters: [3],
    faults: [
      'always: there is no textbook "lore"; the nearest is "law"',
      'chosen.0.textbook: there is no textbook "ethic"; the nearest is "ethics"',
      'chosen.1.chapter: "ethics" has no chapter "2 Debt"; the nearest is "2 Debts"',
    ],
  });
});

test('names like those of built-in properties are names', () => {
  expect(resolveSelection(CHAPTERS, [{ textbook: 'constructor', chapter: 'toString' }], []).faults).toHaveLength(1);
});

test('a chapter block is what prompts carry', () => {
  const parsed = ChapterBlock.parse(JSON.parse(chapterBlock(ref('ethics', '1 Promises'), 'a "word"\n')));
  expect(parsed).toEqual({ chapter: { textbook: 'ethics', title: 'ETHICS', name: '1 Promises', text: 'a "word"\n' } });
});
