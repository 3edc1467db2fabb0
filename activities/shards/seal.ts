import { writerIdentity } from '../../infra/arrow/writer.ts';
import type { FileEntry, OutcomeCounts, PageSeal } from '../../schemas/manifest.ts';
import type { CampaignRecord, OutcomeRecord } from '../../schemas/records.ts';
import type { Situation } from '../../schemas/situation.ts';
import type { CampaignReader } from '../campaign-reader.ts';
import { countingOutcome } from '../campaign-state.ts';
import { CorruptData } from '../failures.ts';
import { ledgerRows, type TrySteps } from './ledger.ts';
import { PageFiles } from './page-files.ts';
import { putFile } from './put-file.ts';
import { dataRows, situationRow, type ValuePort } from './rows.ts';
import { splitOf } from './splits.ts';
import { loadSteps, placeVersions } from './versions.ts';

export type { ValuePort } from './rows.ts';

/** Situations read at once: their chains are many small objects. */
const READ_AT_ONCE = 16;

export interface SealPorts {
  reader: Pick<CampaignReader, 'text' | 'store'>;
  value: ValuePort;
}

export interface PageToSeal {
  page: number;
  /** Number of the last settings record taken into account. */
  settings: number;
  /** Every situation of the page, in index order. */
  situations: readonly Situation[];
  /** Outcomes by index, older tries first. One of them counts (campaign-state.ts); a situation without any is waiting. */
  outcomes: ReadonlyMap<number, readonly OutcomeRecord[]>;
}

/**
 * Writes a page's files, put if absent, and says what they hold. Equal outcomes give equal files under equal keys. READ_AT_ONCE situations are in
 * memory at a time, beside one record batch a file and the files so far, compressed. Throws CorruptData where the campaign was begun with another
 * writer or codec, or where records contradict each other.
 */
export async function sealPage(ports: SealPorts, campaign: CampaignRecord, { page, settings, situations, outcomes }: PageToSeal): Promise<PageSeal> {
  await requireWriter(campaign);
  const files = await PageFiles.begin(campaign.file.compression);
  const ended = situations.filter(({ index }) => (outcomes.get(index) ?? []).length > 0);
  const counts: OutcomeCounts = { converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: situations.length - ended.length };
  for (let i = 0; i < ended.length; i += READ_AT_ONCE) {
    const stories = await Promise.all(ended.slice(i, i + READ_AT_ONCE).map((situation) => story(ports, campaign, situation, outcomes.get(situation.index) ?? [])));
    for (const each of stories) {
      files.add({ situation: situationRow(each), versions: dataRows(each, ports.value), ledger: ledgerRows(each.tries) });
      counts[each.outcome.outcome] += 1;
    }
  }
  const entries: FileEntry[] = [];
  for await (const file of files.finish({ ledger: true })) entries.push(await putFile(ports.reader.store, campaign.name, page, file));
  return { page, settings, situations: situations.length, outcomes: counts, nanoUsd: files.nanoUsd, calls: files.calls, files: entries };
}

async function story({ reader }: SealPorts, campaign: CampaignRecord, situation: Situation, outcomes: readonly OutcomeRecord[]) {
  const tries: TrySteps[] = [];
  for (const outcome of outcomes) tries.push({ index: situation.index, try: outcome.try, steps: await loadSteps(reader, outcome) });
  const outcome = countingOutcome(outcomes) as OutcomeRecord;
  const { steps } = tries.find((each) => each.try === outcome.try) as TrySteps;
  const split = splitOf(situation.root, campaign.file.splits, campaign.file.seed);
  const versions = placeVersions(steps, outcome, campaign.actor.tolerance);
  return { campaign: campaign.name, chapters: campaign.chapters, situation, split, outcome, steps, versions, tries };
}

/** Throws CorruptData naming both versions where this program would write other bytes than the one that began the campaign. */
export async function requireWriter(campaign: Pick<CampaignRecord, 'name' | 'writer' | 'file'>): Promise<void> {
  const own = await writerIdentity(campaign.file.compression);
  for (const part of ['version', 'codec'] as const) {
    if (campaign.writer[part] !== own[part]) {
      throw new CorruptData(`campaign "${campaign.name}" was begun with the ${part === 'version' ? 'writer' : 'codec'} ${campaign.writer[part]}, and this program has ${own[part]}: go on with the former`);
    }
  }
}
