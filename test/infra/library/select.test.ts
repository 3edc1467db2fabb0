import { expect, test } from 'vitest';
import { selectTexts } from '../../../infra/library/select.ts';
import { LibraryChoice } from '../../../schemas/campaign.ts';

const texts = (['ethics:core,values', 'physics:science', 'law:values', 'essays:'] as const).map((each) => {
  const [textbook = '', tags = ''] = each.split(':');
  return { textbook, title: textbook, licence: 'CC0', tags: tags.split(',').filter((tag) => tag !== ''), text: 'words', plain: false };
});
const chosen = (choice: Record<string, unknown>) => selectTexts('c.yaml', texts, LibraryChoice.parse({ path: 'library', ...choice })).map(({ textbook }) => textbook);

test('all texts, those of any of the tags, and those that are always read', () => {
  expect(chosen({})).toEqual(['ethics', 'physics', 'law', 'essays']);
  expect(chosen({ select: 'tags', tags: ['science', 'core'] })).toEqual(['ethics', 'physics']);
  expect(chosen({ select: 'tags', tags: ['values'], always: ['essays'] })).toEqual(['ethics', 'law', 'essays']);
  expect(chosen({ select: 'routed', always: ['law'] })).toEqual(['ethics', 'physics', 'law', 'essays']);
});

test('unknown tags and textbooks are refused with those there are', () => {
  expect(() => chosen({ select: 'tags', tags: ['core', 'valeus'] })).toThrow('c.yaml: library.tags.1: no text has the tag "valeus"; there are core, science, values');
  expect(() => chosen({ always: ['ethic'] })).toThrow('c.yaml: library.always.0: there is no textbook "ethic"; there are ethics, physics, law, essays');
});

test.each([
  [{ select: 'tags' }, 'tags', /required with select: tags/],
  [{ select: 'all', tags: ['a'] }, 'tags', /allowed only with select: tags/],
  [{ select: 'tags', tags: [] }, 'tags', />=1 items/],
  [{ chapterTokens: 499 }, 'chapterTokens', />=500/],
  [{ chapterTokens: 200_001 }, 'chapterTokens', /<=200000/],
])('%o is refused', (choice, field, message) => {
  const [issue] = LibraryChoice.safeParse({ path: 'library', ...choice }).error?.issues ?? [];
  expect(issue?.path[0]).toBe(field);
  expect(issue?.message).toMatch(message);
});
