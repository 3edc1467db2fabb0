import { factsOf, type Fact } from './facts.ts';
import { literal, namedIn, wordsOf, type Named } from './labels.ts';
import { QueryFault, type FactStore } from './store.ts';

const MOST_ITEMS = 8;
const MOST_SUGGESTIONS = 8;

export interface Findings {
  facts: Fact[];
  /** Words of the question that name nothing known. */
  others: string[];
}

/**
 * Facts that answer a question in words, such as "density of copper", or all that is known of the items that it names.
 * @throws QueryFault saying what is known instead, where nothing answers it.
 */
export async function factsAbout(question: string, store: FactStore, signal: AbortSignal): Promise<Findings> {
  const { named, others } = await namedIn(question, store, signal);
  const { items, properties } = parted(named);
  if (items.length === 0) throw new QueryFault(`nothing known is called so in "${question}"${await suggestion(question, store, signal)}`);
  const facts = await factsOf(items, properties, store, signal);
  if (facts.length > 0) return { facts, others };
  const known = await factsOf(items, [], store, signal);
  const list = [...new Set(known.map(({ item, property }) => `${item}: ${property}`))].join('; ');
  throw new QueryFault(`not known: "${question}". Known are: ${list === '' ? 'no facts of these items' : list}`);
}

/** Words that name both an item and a property mean the property, unless nothing else names an item. */
function parted(named: readonly Named[]): { items: string[]; properties: string[] } {
  const properties = named.filter(({ isProperty }) => isProperty);
  const items = named.filter(({ isProperty }) => !isProperty);
  const others = items.filter(({ at }) => !properties.some((property) => property.at === at));
  const chosen = others.length > 0 ? others : items;
  const asked = properties.filter(({ at }) => others.length > 0 || !chosen.some((item) => item.at === at));
  return { items: [...new Set(chosen.map(({ iri }) => iri))].slice(0, MOST_ITEMS), properties: [...new Set(asked.map(({ iri }) => iri))] };
}

async function suggestion(question: string, store: FactStore, signal: AbortSignal): Promise<string> {
  const word = wordsOf(question).sort((a, b) => b.length - a.length)[0];
  if (!store.canScan || word === undefined || word.length < 3) return '';
  // the end of a word is where most endings and many slips are
  const { rows } = await store.select(LABELS_WITH(word.toLowerCase().slice(0, Math.max(4, word.length - 2))), signal);
  const labels = rows.flatMap(({ label }) => (label === undefined ? [] : [label.value]));
  return labels.length === 0 ? '' : `; there are ${labels.join(', ')}`;
}

const LABELS_WITH = (word: string) => `SELECT DISTINCT ?label WHERE {
  ?thing rdfs:label ?label ; schema:description ?description . FILTER(CONTAINS(LCASE(STR(?label)), ${literal(word)}))
} ORDER BY STRLEN(?label) ?label LIMIT ${MOST_SUGGESTIONS}`;
