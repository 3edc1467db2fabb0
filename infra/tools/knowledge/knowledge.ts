import { z } from 'zod';
import type { Tool } from '../../../activities/tool.ts';
import { wireJsonSchema } from '../../../schemas/json-schema.ts';
import type { KnowledgeSpec } from '../../../schemas/tools.ts';
import { answered, failed } from '../answers.ts';
import { embeddedFacts } from './embedded.ts';
import { endpointFacts } from './endpoint.ts';
import type { Fact } from './facts.ts';
import { QueryFault, type FactStore, type Table } from './store.ts';
import { factsAbout } from './words.ts';

const Input = z.strictObject({
  query: z.string().max(2_000).nullable().describe('A question in a few words, such as "density of copper", "population of Kenya" or only "copper"; null to ask in SPARQL.'),
  sparql: z.string().max(8_000).nullable().describe('A SPARQL SELECT over the same facts; null to ask in words.'),
});

const DESCRIPTION = `Looks up facts, each with its source, in Wikidata's model. Ask in words (query), or in SPARQL (SELECT only) with Wikidata's prefixes:
SELECT ?label ?density WHERE { ?item wdt:P1086 ?number ; wdt:P2054 ?density ; rdfs:label ?label } ORDER BY DESC(?density) LIMIT 5.`;
const BUILT_IN = ' It knows elements, isotopes, chemical compounds, building materials, fuels, physical constants, planets, amino acids, codons, some species, countries, large cities, and figures on health and humanitarian aid.';

const MOST_FACTS = 60;
const MOST_ROWS = 500;

/** The `knowledge` tool over the facts that this package brings, or over a SPARQL endpoint. */
export function knowledgeTool({ endpoint, timeoutS, maxBytes }: KnowledgeSpec): { tool: Tool; close: () => Promise<void> } {
  const store: FactStore = endpoint === undefined ? embeddedFacts() : endpointFacts(endpoint, timeoutS);
  const tool: Tool = {
    name: 'knowledge',
    description: `${DESCRIPTION}${endpoint === undefined ? BUILT_IN : ''}`,
    inputSchema: wireJsonSchema(Input),
    run: async (input, { signal }) => {
      const parsed = Input.safeParse(input);
      const { query, sparql } = parsed.data ?? { query: null, sparql: null };
      if ((query === null) === (sparql === null)) return failed('knowledge', 'the input is either "query" or "sparql", and null for the other');
      try {
        if (query === null) {
          const table = await store.select(sparql ?? '', signal);
          return answered('knowledge', tableText(table), `SPARQL, ${table.rows.length} row${table.rows.length === 1 ? '' : 's'}`, maxBytes);
        }
        const { facts, others } = await factsAbout(query, store, signal);
        return answered('knowledge', `${others.length === 0 ? '' : `Nothing known is called "${others.join(' ')}"; of the rest:\n`}${factsText(facts)}`, `${query}: ${facts[0]?.value ?? ''}${facts.length > 1 ? ` and ${facts.length - 1} more` : ''}`, maxBytes);
      } catch (error) {
        if (error instanceof QueryFault) return failed('knowledge', error.message);
        throw error;
      }
    },
  };
  return { tool, close: async () => await store.close() };
}

function factsText(facts: readonly Fact[]): string {
  const lines = facts.slice(0, MOST_FACTS).map(({ item, description, property, value, qualifiers, sources }) => {
    const told = qualifiers.length === 0 ? '' : ` (${qualifiers.join('; ')})`;
    return `${item}${description === '' ? '' : ` (${description})`}: ${property} = ${value}${told} [source: ${sources.join('; ') || 'none given'}]`;
  });
  return [...lines, ...(facts.length > MOST_FACTS ? [`and ${facts.length - MOST_FACTS} more`] : [])].join('\n');
}

function tableText({ columns, rows }: Table): string {
  const lines = rows.slice(0, MOST_ROWS).map((row) => columns.map((column) => row[column]?.value ?? '').join('\t'));
  const rest = rows.length > MOST_ROWS ? [`more than ${MOST_ROWS} rows: the rest is cut off`] : [];
  return [columns.join('\t'), ...lines, ...rest, ...(rows.length === 0 ? ['no rows'] : [])].join('\n');
}
