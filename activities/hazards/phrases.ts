/**
 * A list of phrases as one pattern over a sentence of plain words. In a phrase `*` stands for any ending (or beginning) of a word,
 * `a|b` for either word, `word?` for a word that may be missing, `~` for up to three words of any kind.
 */
export class Phrases {
  readonly #pattern: RegExp;

  constructor(...phrases: readonly string[]) {
    this.#pattern = new RegExp(`(?<![^ ])(?:${phrases.map(source).join('|')})(?![^ ])`, 'g');
  }

  /** Every match, leftmost first, without overlaps. */
  in(sentence: string): Match[] {
    return [...sentence.matchAll(this.#pattern)].map((match) => ({ words: match[0], start: match.index, end: match.index + match[0].length }));
  }

  /** The first match's words; null where there is none. */
  first(sentence: string): string | null {
    return this.in(sentence)[0]?.words ?? null;
  }

  has(sentence: string): boolean {
    return this.first(sentence) !== null;
  }

  /** The sentence without the phrases. */
  removedFrom(sentence: string): string {
    return sentence.replaceAll(this.#pattern, ' ').replaceAll(/ +/g, ' ').trim();
  }
}

/** Words matched, and where in the sentence, in characters. */
export interface Match {
  words: string;
  start: number;
  end: number;
}

function source(phrase: string): string {
  const tokens = phrase.split(' ');
  return tokens
    .map((token, i) => {
      const gap = i === tokens.length - 1 ? '' : ' ';
      if (token === '~') return '(?:[^ ]+ ){0,3}';
      const optional = token.endsWith('?');
      const words = (optional ? token.slice(0, -1) : token).replaceAll('*', '[^ ,]*');
      const group = words.includes('|') ? `(?:${words})` : words;
      return optional ? `(?:${group}${gap})?` : `${group}${gap}`;
    })
    .join('');
}
