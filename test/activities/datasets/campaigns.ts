import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { publish } from '../../../activities/shards/manifest.ts';
import { sealPage } from '../../../activities/shards/seal.ts';
import { canonicalJson, contentHash } from '../../../schemas/canonical.ts';
import { campaignKey } from '../../../schemas/keys.ts';
import type { Manifest } from '../../../schemas/manifest.ts';
import type { CampaignRecord, Outcome, OutcomeRecord } from '../../../schemas/records.ts';
import type { Situation } from '../../../schemas/situation.ts';
import type { MemoryStore } from '../../fakes/memory-store.ts';
import { campaignRecord, Chain, plan, situation, value } from '../shards/dataset.ts';

/** A situation of a campaign: which one of the world, how it ended, and whose action it expands. */
export interface Told {
  n: number;
  outcome?: Outcome;
  parent?: Situation;
}

export const told = (from: number, to: number): Told[] => Array.from({ length: to - from }, (_, i) => ({ n: from + i }));

export interface Made {
  campaign: CampaignRecord;
  manifest: Manifest;
}

/** Runs a campaign by hand: a converged situation has a draft and a final version, one call each. Told again with more, it is extended. */
export async function publishCampaign(store: MemoryStore, name: string, all: readonly Told[], changes: Partial<CampaignRecord> = {}, file: Partial<CampaignRecord['file']> = {}): Promise<Made> {
  const base = await campaignRecord();
  const campaign: CampaignRecord = { ...base, name, fingerprint: contentHash({ name }), listing: { ...base.listing, count: all.length, duplicates: 0 }, ...changes, file: { ...base.file, name, ...file } };
  store.objects.set(campaignKey(name), new TextEncoder().encode(canonicalJson(campaign)));
  const situations: Situation[] = [];
  const outcomes = new Map<number, OutcomeRecord[]>();
  for (const [index, { n, outcome = 'converged', parent = null }] of all.entries()) {
    const each = { ...situation(n, parent), index };
    situations.push(each);
    const chain = new Chain(store, each);
    const draft = chain.step('draft', 'draft', { version: { plan: plan(`draft of ${name}`) } });
    const final = outcome === 'converged' ? chain.step('p1.t1.revise', 'revise', { version: { from: draft, plan: plan(`plan of ${name}`) } }) : null;
    outcomes.set(index, [chain.outcome(outcome, { final: final ?? draft })]);
  }
  const { pageSize } = campaign.file;
  const seals = [];
  for (let page = 0; page * pageSize < all.length; page++) {
    seals.push(await sealPage({ reader: new CampaignReader(store), value }, campaign, { page, settings: 0, situations: situations.slice(page * pageSize, (page + 1) * pageSize), outcomes }));
  }
  return { campaign, manifest: (await publish(store, campaign, campaign.listing, seals)).manifest };
}
