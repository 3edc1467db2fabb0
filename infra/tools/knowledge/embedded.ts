import { join } from 'node:path';
import { packageRoot } from '../../package-root.ts';
import { JobFailed, Thread } from '../thread.ts';
import { parseTable, QueryFault, withPrefixes, type FactStore } from './store.ts';

const FACTS = join('infra', 'tools', 'knowledge', 'facts.ttl.gz');
const LIMIT_MS = 5_000;
const MEMORY_MB = 256;
/** One more than a reader gets to see, so that the rest can be told of. */
const MOST_ROWS = 501;

/** The facts that this package brings, in a thread of their own; a query is ended after 5 s. */
export function embeddedFacts(): FactStore {
  const thread = new Thread<string, string>({ entry: 'bundle/knowledge.js', workerData: { file: join(packageRoot, FACTS) }, limitMs: LIMIT_MS, memoryMb: MEMORY_MB });
  return {
    canScan: true,
    select: async (query, signal) => {
      try {
        return parseTable(await thread.run(bounded(withPrefixes(query)), signal));
      } catch (error) {
        if (error instanceof JobFailed) throw new QueryFault(error.message, { cause: error });
        throw error;
      }
    },
    close: async () => await thread.close(),
  };
}

/** Prefixes, bases and comments ahead of the query itself. */
const PROLOGUE = /^(?:\s+|#[^\n]*(?:\n|$)|prefix\s+[\w-]*:\s*<[^<>\s]*>|base\s*<[^<>\s]*>)*/i;

/** The query as a sub-query of one that ends after so many rows. @throws QueryFault where it is no SELECT. */
function bounded(query: string): string {
  const prologue = PROLOGUE.exec(query)?.[0] ?? '';
  const body = query.slice(prologue.length);
  if (!/^select\b/i.test(body)) throw new QueryFault('only SELECT is allowed');
  return `${prologue}\nSELECT * WHERE { {\n${body}\n} } LIMIT ${MOST_ROWS}`;
}
