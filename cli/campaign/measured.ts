import type { CampaignReader } from '../../activities/campaign-reader.ts';
import { pageOutcomes } from '../../activities/campaign-state.ts';
import { loadSteps } from '../../activities/shards/versions.ts';
import { fingerprintParts, type CampaignSource } from '../../infra/campaign-source.ts';
import { contentHash } from '../../schemas/canonical.ts';
import { campaignKey, datasetPrefix } from '../../schemas/keys.ts';
import type { CampaignRecord, Usage } from '../../schemas/records.ts';
import { previewPrefix } from './preview-name.ts';

/** What one situation took, whoever paid for it. Tokens are null where the provider did not say. */
export interface Taken {
  calls: number;
  /** Input that no cache holds. */
  freshTokens: number | null;
  /** Read from the cache or written to it. */
  cachedTokens: number | null;
  outputTokens: number | null;
}

/** Parts of a fingerprint that change what a situation takes. */
const TELLING = ['agents', 'prompts', 'model', 'actor', 'tools'] as const;

/** What situations took that were previewed or run under the same agents, library, prompts, model, actor and tools; each once. */
export async function readTaken(reader: CampaignReader, source: CampaignSource): Promise<Taken[]> {
  const own = fingerprintParts(source, { identity: '', simulated: null, origin: '' }, '', { version: '', codec: '' });
  const taken = new Map<string, Taken>();
  for (const name of await namesOf(reader, source.file.name)) {
    const campaign = await reader.campaign(name);
    if (TELLING.some((part) => campaign.parts[part] !== own[part]) || libraryOf(campaign) !== libraryOf(source)) continue;
    for (const [situation, each] of await takenIn(reader, campaign)) taken.set(situation, each);
  }
  return [...taken.values()];
}

/** The campaign itself and its previews, as far as they are there. */
async function namesOf(reader: CampaignReader, name: string): Promise<string[]> {
  const names: string[] = (await reader.store.get(campaignKey(name))) === null ? [] : [name];
  for await (const { key } of reader.store.list(datasetPrefix(previewPrefix(name)).slice(0, -1))) {
    const [, preview = '', file] = key.split('/');
    if (file === 'campaign.json') names.push(preview);
  }
  return names;
}

/** Texts and their choice, however the provider's counts have cut them. */
function libraryOf({ file, chapters }: Pick<CampaignRecord, 'file' | 'chapters'>): string {
  const { select, always, chapterTokens } = file.library;
  const texts = new Map<string, number>();
  for (const { textbook, chars } of chapters) texts.set(textbook, (texts.get(textbook) ?? 0) + chars);
  return contentHash({ select, always, chapterTokens, texts: [...texts] });
}

async function takenIn(reader: CampaignReader, { name, listing }: CampaignRecord): Promise<[string, Taken][]> {
  const outcomes = [...(await pageOutcomes(reader, name, 0, listing.count)).values()].map((tries) => tries.at(-1));
  return await Promise.all(
    outcomes.flatMap((outcome) =>
      outcome === undefined || outcome.outcome === 'over-budget'
        ? []
        : [
            loadSteps(reader, outcome).then((steps): [string, Taken] => {
              const usages = steps.flatMap(({ record }) => record.calls.map((call) => call.usage));
              const sum = (of: (usage: Usage) => number | null) => usages.reduce<number | null>((total, usage) => (total === null || of(usage) === null ? null : total + (of(usage) as number)), 0);
              return [
                outcome.situation,
                {
                  calls: usages.length,
                  freshTokens: sum((usage) => usage.inputTokens),
                  cachedTokens: sum((usage) => (usage.cacheReadTokens ?? 0) + (usage.cacheWriteTokens ?? 0)),
                  outputTokens: sum((usage) => usage.outputTokens),
                },
              ];
            }),
          ],
    ),
  );
}
