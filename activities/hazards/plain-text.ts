/** Letters of other scripts that look Latin, lower-case. */
const LOOKALIKES: Record<string, string> = {
  а: 'a', в: 'b', е: 'e', ё: 'e', к: 'k', м: 'm', н: 'h', о: 'o', р: 'p', с: 'c', т: 't', у: 'y', х: 'x', і: 'i', ї: 'i', ј: 'j', ѕ: 's', һ: 'h', ԁ: 'd', ԛ: 'q', ԝ: 'w', ӏ: 'l',
  α: 'a', β: 'b', ε: 'e', η: 'n', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', σ: 'o', τ: 't', υ: 'u', χ: 'x', ω: 'w', ı: 'i', ɡ: 'g', ɑ: 'a', ɩ: 'i', օ: 'o', ո: 'n', ս: 'u', հ: 'h',
};

const DIGITS: Record<string, string> = { 0: 'o', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's' };

/** Words that are looked at together, at most, and how many of them again with the next. */
const LONGEST = 80;
const OVERLAP = 30;

/** Two ways to read what is ambiguous: a hyphen parts words or is noise, `1` is an i or an l, a lone `a` before spaced-out letters is a word or the first of them. */
const READINGS = [
  { hyphen: ' ', one: 'i', article: true },
  { hyphen: '', one: 'l', article: false },
] as const;
type Reading = (typeof READINGS)[number];

/**
 * The sentences of a text as people read them, whatever it is written with: no invisible characters, accents, lookalikes, digits for
 * letters, letters apart, words broken at line ends. Each is lower-case words with single spaces, a comma being a word of its own; one
 * list a reading of what is ambiguous.
 */
export function sentencesOf(text: string): string[][] {
  const letters = text
    .normalize('NFKD')
    .replaceAll(/[\p{M}\p{Cf}\u3164\u115f\u1160]/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{ASCII}]/gu, (char) => LOOKALIKES[char] ?? char);
  return READINGS.map((reading) => read(letters, reading));
}

function read(letters: string, { hyphen, one, article }: Reading): string[] {
  return letters
    .replaceAll(/(?<![a-z0-9])[a-z](?:[ ._*-][a-z]){2,}(?![a-z0-9])/g, (run) => {
      const joined = run.replaceAll(/[^a-z]/g, '');
      return article && /^a /.test(run) ? `a ${joined.slice(1)}` : joined;
    })
    .replaceAll(/(?<=[a-z])[\u2010-\u2015-]\s*(?=[a-z])/g, hyphen)
    .replaceAll(/(?<=[a-z])['\u2018\u2019]t\b/g, 't')
    .replaceAll(/\b(do|does|did|is|are|was|were|wo|ca|could|would|should|must|has|have|had)nt\b/g, '$1 not')
    .replaceAll(/[a-z0-9@$]+/g, (word) => (/[a-z]/.test(word) ? word.replaceAll(/[0134579@$]/g, (sign) => (sign === '1' ? one : (DIGITS[sign] ?? sign))) : word))
    .split(/[.!?;:\u2026](?=\s|$)|\n\s*\n/)
    .map((sentence) => sentence.replaceAll(',', ' , ').replaceAll(/[^\p{L}\p{N},]+/gu, ' ').trim())
    .flatMap(pieces);
}

/** Overlapping pieces of a sentence that goes on and on, so that the work stays in proportion to the text. */
function pieces(sentence: string): string[] {
  const words = sentence.split(' ').filter((word) => word !== '');
  const count = Math.ceil(Math.max(0, words.length - OVERLAP) / (LONGEST - OVERLAP));
  return Array.from({ length: words.length === 0 ? 0 : Math.max(1, count) }, (_, i) => words.slice(i * (LONGEST - OVERLAP), i * (LONGEST - OVERLAP) + LONGEST).join(' '));
}
