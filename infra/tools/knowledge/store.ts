/** A value in a table of results, as the SPARQL JSON results format has it. */
export interface Cell {
  type: string;
  value: string;
}

export interface Table {
  columns: string[];
  rows: Partial<Record<string, Cell>>[];
}

/** Facts in Wikidata's model, asked in SPARQL. */
export interface FactStore {
  /** Whether filters over every label are quick enough. */
  canScan: boolean;
  /** Runs a SELECT. @throws QueryFault for a query that is wrong, too slow or too large; Error where the store cannot be reached. */
  select(query: string, signal: AbortSignal): Promise<Table>;
  close(): Promise<void>;
}

export class QueryFault extends Error {
  override name = 'QueryFault';
}

/** @throws QueryFault where the text is no table of results. */
export function parseTable(json: string): Table {
  try {
    const { head, results } = JSON.parse(json) as { head: { vars: string[] }; results: { bindings: Table['rows'] } };
    return { columns: [...head.vars], rows: [...results.bindings] };
  } catch {
    throw new QueryFault('the answer is no table of SPARQL results');
  }
}

const NAMESPACES = {
  wd: 'http://www.wikidata.org/entity/', wdt: 'http://www.wikidata.org/prop/direct/', p: 'http://www.wikidata.org/prop/', ps: 'http://www.wikidata.org/prop/statement/',
  psv: 'http://www.wikidata.org/prop/statement/value/', pq: 'http://www.wikidata.org/prop/qualifier/', pr: 'http://www.wikidata.org/prop/reference/',
  wikibase: 'http://wikiba.se/ontology#', prov: 'http://www.w3.org/ns/prov#', rdfs: 'http://www.w3.org/2000/01/rdf-schema#', schema: 'http://schema.org/',
  skos: 'http://www.w3.org/2004/02/skos/core#', xsd: 'http://www.w3.org/2001/XMLSchema#',
};

/** Prefixes that Wikidata's own query service knows without being told. */
const KNOWN = Object.entries(NAMESPACES).map(([prefix, iri]) => ({ prefix, line: `PREFIX ${prefix}: <${iri}>` }));

/** The query with those of the usual prefixes that it does not declare itself. */
export function withPrefixes(query: string): string {
  const missing = KNOWN.filter(({ prefix }) => !new RegExp(`prefix\\s+${prefix}\\s*:`, 'i').test(query));
  return `${missing.map(({ line }) => line).join('\n')}\n${query}`;
}
