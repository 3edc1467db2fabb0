import { applySettings, countingOutcome, pageOutcomes, runsOutside, sealedPages, type CurrentSettings } from '../../activities/campaign-state.ts';
import type { CampaignReader } from '../../activities/campaign-reader.ts';
import { spentImagining } from '../../activities/imagined.ts';
import { spentExplaining } from '../../activities/spending.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import type { CampaignRecord, OutcomeRecord, SettingRecord } from '../../schemas/records.ts';
import { emptyTally, type Tally } from '../../workflows/messages.ts';

/** A campaign as S3 has it, whatever Temporal knows. Money in int nano-dollars. */
export interface StoredCampaign {
  campaign: CampaignRecord;
  settings: SettingRecord[];
  current: CurrentSettings;
  manifest: Manifest | null;
  outcomes: Tally;
  calls: number;
  nanoUsd: number;
  /** Every page is sealed as the settings want it. */
  complete: boolean;
}

/** Sums sealed pages from the manifest and the others from their outcomes. */
export async function readStored(reader: CampaignReader, campaign: CampaignRecord): Promise<StoredCampaign> {
  const settings = await reader.settings(campaign.name);
  const current = applySettings(campaign, settings);
  const manifest = await readManifest(reader.store, campaign.name);
  const sealed = sealedPages(campaign, settings, current, manifest);
  const outcomes = emptyTally();
  // what imagining the situations took, before the first page, and explanations asked for since
  const beside = [await spentImagining(reader.store, campaign), await spentExplaining(reader, campaign.name)];
  let [calls, nanoUsd] = [beside.reduce((sum, each) => sum + each.calls, 0), beside.reduce((sum, each) => sum + each.nanoUsd, 0)];
  for (const seal of manifest?.pages ?? []) {
    if (!sealed.has(seal.page)) continue;
    for (const outcome of Object.keys(outcomes) as (keyof Tally)[]) outcomes[outcome] += seal.outcomes[outcome];
    calls += seal.calls;
    nanoUsd += seal.nanoUsd;
  }
  const open = runsOutside(campaign, current, sealed);
  for (const { from, to } of open) {
    for (const tries of (await pageOutcomes(reader, campaign.name, from, to)).values()) {
      const counting = countingOutcome(tries);
      if (counting !== undefined && tries.at(-1)?.try === (current.tries.get(counting.index) ?? 0)) outcomes[counting.outcome] += 1;
      calls += tries.reduce((sum, record) => sum + record.calls, 0);
      nanoUsd += tries.reduce((sum, record) => sum + record.nanoUsd, 0);
    }
  }
  return { campaign, settings, current, manifest, outcomes, calls, nanoUsd, complete: open.length === 0 };
}

/** The current outcome of every situation that failed or ran out of budget. */
export async function readUnfortunate(reader: CampaignReader, { campaign, current, manifest }: StoredCampaign): Promise<OutcomeRecord[]> {
  const spotless = new Set((manifest?.pages ?? []).filter(({ outcomes }) => outcomes.failed === 0 && outcomes['over-budget'] === 0).map(({ page }) => page));
  // a retry that ran out of money may stand behind an earlier plan
  for (const index of current.tries.keys()) spotless.delete(Math.floor(index / campaign.file.pageSize));
  const found: OutcomeRecord[] = [];
  for (const { from, to } of runsOutside(campaign, current, spotless)) {
    for (const tries of (await pageOutcomes(reader, campaign.name, from, to)).values()) {
      const last = tries.at(-1) as OutcomeRecord;
      const wanted = current.tries.get(last.index) ?? 0;
      if (last.try === wanted && (last.outcome === 'failed' || last.outcome === 'over-budget')) found.push(last);
    }
  }
  return found;
}
