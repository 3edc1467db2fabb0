import { canonicalJson } from '../schemas/canonical.ts';
import { outcomeKey } from '../schemas/keys.ts';
import { OutcomeRecord } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { toFailure } from './failures.ts';
import { beating } from './heartbeat.ts';

export type OutcomeInput = Omit<OutcomeRecord, 'schema' | 'situation'> & { campaign: string };

/** A situation's last act. */
export function createOutcomeActivities({ reader }: { reader: CampaignReader }) {
  return {
    /** Put if absent: a second run of the same try leaves the first one's outcome as it is. */
    async recordOutcome({ campaign, ...input }: OutcomeInput): Promise<void> {
      try {
        await beating({ settled: 0 }, async () => {
          const { id } = await reader.situation(campaign, input.index);
          const record = OutcomeRecord.parse({ schema: 1, situation: id, ...input });
          await reader.store.putIfAbsent(outcomeKey(campaign, input.index, input.try), canonicalJson(record));
        });
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}
export type OutcomeActivities = ReturnType<typeof createOutcomeActivities>;
