import { expect, test } from 'vitest';
import { Phrases } from '../../../activities/hazards/phrases.ts';

test.each([
  ['a star stands for any ending', 'kill*', ['kill', 'killing'], ['skill', 'kil']],
  ['a star in front stands for any beginning', '*terrorist', ['bioterrorist'], ['terrorists']],
  ['a bar parts words to choose from', 'human race|species', ['human race', 'human species'], ['human', 'race']],
  ['a question mark makes a word one that may be missing', 'end of the? world', ['end of the world', 'end of world'], ['end of a world']],
  ['a tilde stands for up to three words', 'rid ~ people', ['rid people', 'rid it of all people'], ['rid it of all those people']],
  ['only whole words match', 'end', ['the end', 'end it'], ['ending', 'send']],
])('%s', (_, phrase, matching, other) => {
  const phrases = new Phrases('never matches this', phrase);
  expect(matching.filter((text) => !phrases.has(text))).toEqual([]);
  expect(other.filter((text) => phrases.has(text))).toEqual([]);
});

test('matches say where they stand', () => {
  const sentence = 'they kill and are killed';
  expect(new Phrases('kill*').in(sentence).map(({ words, start, end }) => [words, sentence.slice(start, end)])).toEqual([['kill', 'kill'], ['killed', 'killed']]);
});

test('phrases can be taken out', () => {
  expect(new Phrases('world cup').removedFrom('the world cup of the world')).toBe('the of the world');
});
