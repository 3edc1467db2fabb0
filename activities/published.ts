import type { CampaignReader } from './campaign-reader.ts';
import { toFailure } from './failures.ts';
import { beating } from './heartbeat.ts';
import { newestGeneration } from './shards/manifest.ts';

/** What a dataset has published, for workflows that wait for it. */
export function createPublishedActivities({ reader }: { reader: CampaignReader }) {
  return {
    /** Number of the dataset's last generation; 0: there is none yet. */
    async newestGeneration(input: { campaign: string }): Promise<number> {
      try {
        return await beating({ settled: 0 }, () => newestGeneration(reader.store, input.campaign));
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}
export type PublishedActivities = ReturnType<typeof createPublishedActivities>;
