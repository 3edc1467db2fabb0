import type { FactStore, Table } from './store.ts';

/** One statement about an item. */
export interface Fact {
  item: string;
  /** What tells it from others of its name, such as "chemical element 80". */
  description: string;
  property: string;
  /** Number with unit, text, or the label of another item. */
  value: string;
  /** Such as "conditions: 295 K". */
  qualifiers: string[];
  sources: string[];
}

/** Statements of the items, of certain properties or of all; where an item's property has preferred statements, only those. */
export async function factsOf(items: readonly string[], properties: readonly string[], store: FactStore, signal: AbortSignal): Promise<Fact[]> {
  const { rows } = await store.select(STATEMENTS(items, properties), signal);
  const byStatement = new Map<string, Table['rows']>();
  for (const row of rows) {
    const statement = row.statement?.value ?? '';
    byStatement.set(statement, [...(byStatement.get(statement) ?? []), row]);
  }
  const statements = [...byStatement.values()].map(merged);
  const preferred = new Set(statements.filter(({ isPreferred }) => isPreferred).map(({ place }) => place));
  return statements.filter(({ isPreferred, place }) => isPreferred || !preferred.has(place)).map(({ fact }) => fact).sort(byName);
}

function byName(a: Fact, b: Fact): number {
  const [one, other] = [a, b].map(({ item, description, property, value }) => [item, description, property, value].join('\0')) as [string, string];
  return one < other ? -1 : one > other ? 1 : 0;
}

function merged(rows: Table['rows']): { fact: Fact; place: string; isPreferred: boolean } {
  const [row] = rows;
  const cell = (name: string) => row?.[name]?.value ?? '';
  const unit = cell('unit');
  const all = (told: (each: Table['rows'][number]) => string) => [...new Set(rows.map(told))].filter((each) => each !== '');
  return {
    fact: {
      item: cell('itemLabel'),
      description: cell('description'),
      property: cell('label'),
      value: `${cell('valueLabel') || cell('value')}${['', '1'].includes(unit) ? '' : ` ${unit}`}`,
      qualifiers: all(({ qualifier, told }) => (qualifier === undefined || told === undefined ? '' : `${qualifier.value}: ${told.value}`)).sort(),
      sources: all(({ source }) => source?.value ?? '').sort(),
    },
    place: `${cell('item')} ${cell('property')}`,
    isPreferred: cell('rank').endsWith('#PreferredRank'),
  };
}

const iris = (list: readonly string[]) => list.map((iri) => `<${iri}>`).join(' ');

const STATEMENTS = (items: readonly string[], properties: readonly string[]) => `SELECT * WHERE {
  VALUES ?item { ${iris(items)} }
  ${properties.length === 0 ? '' : `VALUES ?property { ${iris(properties)} }`}
  ?property wikibase:claim ?claim ; wikibase:statementProperty ?main ; rdfs:label ?label . FILTER(LANG(?label) = "en")
  ?item ?claim ?statement ; rdfs:label ?itemLabel . FILTER(LANG(?itemLabel) = "en")
  ?statement ?main ?value ; wikibase:rank ?rank . FILTER(?rank != wikibase:DeprecatedRank)
  OPTIONAL { ?item schema:description ?description . FILTER(LANG(?description) = "en") }
  OPTIONAL { ?property wikibase:statementValue ?full . ?statement ?full ?node . ?node wikibase:quantityUnit ?measure . ?measure rdfs:label ?unit . FILTER(LANG(?unit) = "en") }
  OPTIONAL { ?value rdfs:label ?valueLabel . FILTER(LANG(?valueLabel) = "en") }
  OPTIONAL { ?statement prov:wasDerivedFrom ?reference . ?reference pr:P248 ?work . ?work rdfs:label ?source . FILTER(LANG(?source) = "en") }
  OPTIONAL { ?statement ?qualifies ?told . ?which wikibase:qualifier ?qualifies ; rdfs:label ?qualifier . FILTER(LANG(?qualifier) = "en") }
} LIMIT 500`;
