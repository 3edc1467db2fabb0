import type { FactStore } from './store.ts';

/** An item or a property that a run of the question's words names. */
export interface Named {
  iri: string;
  isProperty: boolean;
  /** Index of the first word, and how many words. */
  at: number;
  words: number;
}

const MOST_WORDS = 20;
const LONGEST_NAME = 6;
const MOST_MATCHES = 300;

export interface Understood {
  named: Named[];
  /** Words that name nothing, and that are no mere grammar. */
  others: string[];
}

/** What the words of a question name, the longest names first; no word counts twice. */
export async function namedIn(question: string, store: FactStore, signal: AbortSignal): Promise<Understood> {
  const words = wordsOf(question).slice(0, MOST_WORDS);
  const runs = words.flatMap((_, at) => Array.from({ length: Math.min(LONGEST_NAME, words.length - at) }, (_each, i) => ({ at, words: i + 1, text: words.slice(at, at + i + 1).join(' ') })));
  const names = [...new Set(runs.flatMap(({ text }) => spellings(text)))];
  if (names.length === 0) return { named: [], others: [] };
  const { rows } = await store.select(LOOK_UP(names), signal);
  const found = rows.flatMap(({ thing, name, property }) => (thing === undefined || name === undefined ? [] : [{ iri: thing.value, name: name.value, isProperty: property?.value === 'true' }]));
  const matched = runs
    .map((run) => ({ ...run, things: found.filter(({ name }) => spellings(run.text).includes(name)) }))
    .filter(({ things }) => things.length > 0)
    .sort((a, b) => b.words - a.words || a.at - b.at);
  const taken = new Set<number>();
  const free = matched.filter((run) => {
    const places = Array.from({ length: run.words }, (_, i) => run.at + i);
    if (places.some((place) => taken.has(place))) return false;
    for (const place of places) taken.add(place);
    return true;
  });
  return {
    named: free.flatMap(({ at, words: length, things }) => things.map(({ iri, isProperty }) => ({ iri, isProperty, at, words: length }))),
    others: words.filter((word, at) => !taken.has(at) && !GRAMMAR.has(word.toLowerCase())),
  };
}

const GRAMMAR = new Set('a an and are as at by do does for from has have how in is it its many me much of on or per tell that the their there to was were what when where which who with'.split(' '));

/** Words without punctuation around them and without a possessive ending. */
export function wordsOf(question: string): string[] {
  return question.split(/\s+/).map((word) => word.replace(/^["'(¿¡]+|["'),.;:?!]+$/g, '').replace(/['’]s$/, '')).filter((word) => word !== '');
}

/** Up to this length a word is taken as it is written: "in" is not In, the symbol of indium. */
const LONGEST_SYMBOL = 3;

function spellings(text: string): string[] {
  if (text.length <= LONGEST_SYMBOL) return [text];
  const lower = text.toLowerCase();
  const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);
  return [...new Set([text, lower, capital(lower), lower.split(' ').map(capital).join(' '), text.toUpperCase()])];
}

/** Units and sources have labels too, but no description. */
const LOOK_UP = (names: readonly string[]) => `SELECT DISTINCT ?thing ?name ?property WHERE {
  VALUES ?name { ${names.map((name) => `${literal(name)}@en`).join(' ')} }
  { ?thing rdfs:label ?name } UNION { ?thing skos:altLabel ?name }
  BIND(EXISTS { ?thing a wikibase:Property } AS ?property)
  FILTER(?property || EXISTS { ?thing schema:description ?description })
} LIMIT ${MOST_MATCHES}`;

export function literal(text: string): string {
  return JSON.stringify(text);
}
