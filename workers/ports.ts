import type { Client } from '@temporalio/client';
import { createActorActivities } from '../activities/actor.ts';
import { CampaignReader } from '../activities/campaign-reader.ts';
import { Flights } from '../activities/flights.ts';
import { Limiter } from '../activities/limiter.ts';
import type { Model } from '../activities/model.ts';
import { createOutcomeActivities } from '../activities/outcomes.ts';
import { Outages } from '../activities/outages.ts';
import { createPageActivities } from '../activities/pages.ts';
import type { ObjectStore } from '../activities/store.ts';
import type { ResponseRecord } from '../schemas/records.ts';
import { worldNamed } from '../worlds/index.ts';
import { campaignWorkflowId, waitingSignal } from '../workflows/messages.ts';

const BUSY_PATIENCE_MS = 24 * 3_600_000;

/** Everything that a worker's activities share in this process. */
export function createActivities(store: ObjectStore, model: Model, provider: () => Promise<string>, client: Client) {
  const reader = new CampaignReader(store);
  const flights = new Flights<ResponseRecord>();
  const outages = new Outages(async (campaign, reason) => {
    await client.workflow.getHandle(campaignWorkflowId(campaign)).signal(waitingSignal, reason);
  });
  return {
    flights,
    llm: createActorActivities({ store, model, provider, reader, flights, outages, limiter: new Limiter(BUSY_PATIENCE_MS) }),
    io: {
      ...createOutcomeActivities({ reader }),
      ...createPageActivities({
        reader,
        value: (situation, plan) => (situation.world === null ? null : worldNamed(situation.world.name).value(situation, plan).logReward),
      }),
    },
  };
}
