import { Context } from '@temporalio/activity';
import { canonicalJson } from '../schemas/canonical.ts';
import { explainedKey } from '../schemas/keys.ts';
import type { ExplainedRecord } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { toFailure } from './failures.ts';
import { beating } from './heartbeat.ts';

/** What an explanation beside the campaign's own costs it; int nano-dollars. */
export interface Explained {
  campaign: string;
  index: number;
  calls: number;
  nanoUsd: number;
}

/** The books of explanations that are asked for beside the campaign's own: what one may cost, before it, and what it came to. */
export function createExplainedActivities({ reader }: { reader: CampaignReader }) {
  return {
    beginExplained: (input: Explained): Promise<void> => put(reader, input, 'grant'),
    endExplained: (input: Explained): Promise<void> => put(reader, input, 'end'),
  };
}
export type ExplainedActivities = ReturnType<typeof createExplainedActivities>;

async function put({ store }: CampaignReader, { campaign, ...spent }: Explained, what: 'grant' | 'end'): Promise<void> {
  try {
    await beating({ settled: 0 }, async () => {
      const run = Context.current().info.workflowExecution?.runId ?? 'standalone';
      await store.putIfAbsent(explainedKey(campaign, spent.index, run, what), canonicalJson({ schema: 1, run, ...spent } satisfies ExplainedRecord));
    });
  } catch (error) {
    throw toFailure(error);
  }
}
