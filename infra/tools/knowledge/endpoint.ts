import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../package-root.ts';
import { oneLine } from '../answers.ts';
import { parseTable, QueryFault, withPrefixes, type FactStore } from './store.ts';

/** A larger answer is not read to its end. */
const MOST_BYTES = 4 << 20;
const MEDIA_TYPE = 'application/sparql-results+json';

/** A SPARQL endpoint that holds Wikidata's model, such as Wikidata's own. */
export function endpointFacts(url: string, timeoutS: number): FactStore {
  // public endpoints refuse clients that do not say who they are
  const { name, version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { name: string; version: string };
  const headers = { accept: MEDIA_TYPE, 'content-type': 'application/x-www-form-urlencoded', 'user-agent': `${name}/${version} (SPARQL client of an LLM's knowledge tool)` };
  return {
    canScan: false,
    select: async (query, signal) => {
      const timeout = AbortSignal.timeout(timeoutS * 1000);
      try {
        const body = new URLSearchParams({ query: withPrefixes(query) });
        const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.any([signal, timeout]) });
        const text = await textOf(response);
        if (response.ok) return parseTable(text);
        if (response.status === 400) throw new QueryFault(`the endpoint refuses the query: ${oneLine(text, 300)}`);
        throw new Error(`answers ${response.status}: ${oneLine(text, 200)}`);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof QueryFault) throw error;
        const why = timeout.aborted ? `no answer within ${timeoutS} s` : (error as Error).message;
        throw new Error(`SPARQL endpoint ${new URL(url).host}: ${why}`, { cause: error });
      }
    },
    close: () => Promise.resolve(),
  };
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new QueryFault(`the answer has more than ${MOST_BYTES} bytes: ask for less, with LIMIT`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
