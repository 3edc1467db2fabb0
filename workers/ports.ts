import type { Client } from '@temporalio/client';
import { createActorActivities } from '../activities/actor.ts';
import { createBatchActivities, createIntentActivities } from '../activities/batches.ts';
import type { BatchProvider } from '../activities/batches/provider.ts';
import { CampaignReader } from '../activities/campaign-reader.ts';
import { createExplainedActivities } from '../activities/explained.ts';
import { createFeedbackActivities } from '../activities/feedback.ts';
import { Flights } from '../activities/flights.ts';
import { createImaginationActivities } from '../activities/imagination.ts';
import { createImagineActivities } from '../activities/imagine.ts';
import { Limiter } from '../activities/limits/limiter.ts';
import type { Model } from '../activities/model.ts';
import { createOutcomeActivities } from '../activities/outcomes.ts';
import { Outages } from '../activities/outages.ts';
import { createPageActivities } from '../activities/pages.ts';
import { createPublishedActivities } from '../activities/published.ts';
import { createStopActivities } from '../activities/stop-failing.ts';
import type { ObjectStore } from '../activities/store.ts';
import { createToolActivities } from '../activities/tool-runs.ts';
import { Warmth } from '../activities/warmth.ts';
import { Toolboxes } from '../infra/tools/toolboxes.ts';
import type { ResponseRecord } from '../schemas/records.ts';
import { worldNamed } from '../worlds/index.ts';
import { campaignWorkflowId, waitingSignal } from '../workflows/messages.ts';
import { TemporalDesk } from './desk.ts';

const BUSY_PATIENCE_MS = 24 * 3_600_000;
/** A campaign that cannot be told of an outage is told with the next failure. */
const TELL_MS = 10_000;

/** Everything that a worker's activities share in this process. */
export function createActivities(store: ObjectStore, model: Model, provider: () => Promise<string>, client: Client, batches?: BatchProvider) {
  const reader = new CampaignReader(store);
  const flights = new Flights<ResponseRecord>();
  const outages = new Outages(async (campaign, reason, inTurn) => {
    await client.withDeadline(Date.now() + TELL_MS, async () => await client.workflow.getHandle(campaignWorkflowId(campaign)).signal(waitingSignal, reason, inTurn));
  });
  const toolboxes = new Toolboxes(reader);
  const limiter = new Limiter({ patienceMs: BUSY_PATIENCE_MS, held: (campaign, reason) => outages.held(campaign, reason) });
  const asking = { store, model, provider, reader, flights, outages, limiter, warmth: new Warmth(), desk: new TemporalDesk(client) };
  return {
    /** Makes no more calls; those that are out finish. */
    close: () => limiter.close(),
    /** Resolves, once workers run nothing more, when answers already paid for lie in S3 and campaigns know of outages: then connections may go. */
    settled: async () => {
      await flights.drained();
      await outages.said();
      await toolboxes.close();
    },
    /** What a workflow's own worker does for it, as local activities. */
    atHand: createOutcomeActivities({ reader }),
    llm: { ...createActorActivities(asking), ...createImagineActivities(asking), ...(batches === undefined ? {} : createBatchActivities({ ...asking, batches })) },
    tools: createToolActivities({ reader, outages, withTools: (campaign, work) => toolboxes.use(campaign, work) }),
    io: {
      ...createOutcomeActivities({ reader }),
      ...createExplainedActivities({ reader }),
      ...createFeedbackActivities({ reader }),
      ...createStopActivities({ reader }),
      ...createPublishedActivities({ reader }),
      ...createIntentActivities({ reader }),
      ...createImaginationActivities({ reader }),
      ...createPageActivities({
        reader,
        value: (situation, plan) => (situation.world === null ? null : worldNamed(situation.world.name).value(situation, plan).logReward),
      }),
    },
  };
}
