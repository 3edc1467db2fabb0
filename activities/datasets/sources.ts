import type { Splits } from '../../schemas/campaign.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { campaignKey, deletingKey, manifestPrefix } from '../../schemas/keys.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import { CampaignRecord } from '../../schemas/records.ts';
import { readManifest } from '../shards/manifest.ts';
import { isThere, type ObjectStore } from '../store.ts';

/** The user's mistake, in one line. */
export class MergeRefused extends Error {
  override name = 'MergeRefused';
}

/** A campaign as it is named for a merge; `generation` null: the last one, whichever that is. */
export interface SourceName {
  campaign: string;
  generation: number | null;
}

export interface Source extends SourceName {
  record: CampaignRecord;
  manifest: Manifest;
}

/** How families are dealt to splits. */
export interface Division {
  splits: Splits;
  seed: number;
}

/** `NAME` or `NAME@GENERATION`. */
export function parseSource(text: string): SourceName {
  const match = /^([^@]+)(?:@([1-9]\d*))?$/.exec(text);
  if (match === null) throw new MergeRefused(`NAME: a campaign, or one of its generations as NAME@GENERATION (is ${JSON.stringify(text)})`);
  return { campaign: match[1] as string, generation: match[2] === undefined ? null : Number(match[2]) };
}

export function sourceText({ campaign, generation }: SourceName): string {
  return generation === null ? campaign : `${campaign}@${generation}`;
}

/** Reads what is to be merged. @throws MergeRefused where it is not there, or must not be mixed. */
export async function openSources(store: ObjectStore, names: readonly SourceName[], mixSimulated: boolean): Promise<Source[]> {
  const twice = names.find(({ campaign }, i) => names.findIndex((other) => other.campaign === campaign) < i);
  if (twice !== undefined) throw new MergeRefused(`NAME: "${twice.campaign}" is named twice: generations of one campaign hold the same situations`);
  const sources: Source[] = [];
  for (const name of names) sources.push(await openSource(store, name));
  const simulated = sources.filter(({ manifest }) => manifest.simulated !== null).map(({ campaign }) => `"${campaign}"`);
  if (simulated.length > 0 && simulated.length < sources.length && !mixSimulated) {
    throw new MergeRefused(`NAME: the plans of ${simulated.join(', ')} are simulated, those of the others are not: --mix-simulated merges them all the same, and labels the dataset simulated`);
  }
  requireSameAgents(sources);
  return sources;
}

/** A row says no more of its agent than the name. */
function requireSameAgents(sources: readonly Source[]): void {
  const first = new Map<string, Source>();
  for (const source of sources) {
    for (const [name, spec] of Object.entries(source.record.agents)) {
      const other = first.get(name) ?? source;
      first.set(name, other);
      if (canonicalJson(other.record.agents[name]) !== canonicalJson(spec)) throw new MergeRefused(`NAME: the agent "${name}" of "${other.campaign}" is not that of "${source.campaign}": rows name agents, and could not be told apart`);
    }
  }
}

async function openSource(store: ObjectStore, name: SourceName): Promise<Source> {
  const { campaign, generation } = name;
  if (await isThere(store, deletingKey(campaign))) throw new MergeRefused(`NAME: "${campaign}" is being deleted`);
  const manifest = await readManifest(store, campaign, generation ?? undefined);
  if (manifest?.merged !== undefined) throw new MergeRefused(`NAME: "${campaign}" is merged itself: name its sources, ${manifest.merged.sources.map((source) => sourceText({ ...source, generation: source.pinned ? source.generation : null })).join(' ')}`);
  const bytes = await store.get(campaignKey(campaign));
  if (bytes === null) throw new MergeRefused(`NAME: there is no campaign "${campaign}" in ${store.describe()}; \`exemplar status\` lists those that exist`);
  if (manifest === null) throw new MergeRefused(`NAME: campaign "${campaign}" has no ${generation === null ? 'published generation' : `generation ${generation}${await presentText(store, campaign)}`}`);
  return { ...name, manifest, record: CampaignRecord.parse(JSON.parse(new TextDecoder().decode(bytes))) };
}

async function presentText(store: ObjectStore, campaign: string): Promise<string> {
  const present: number[] = [];
  for await (const { key } of store.list(manifestPrefix(campaign))) present.push(Number(/(\d+)\.json$/.exec(key)?.[1]));
  return present.length === 0 ? '' : `; it has ${present.join(', ')}`;
}

/**
 * How the merged dataset is split. Where all sources are split alike, as they are. Else one of them must be chosen, because a family could stand
 * in train here and in test there; and what was trained on another has then seen some of the new test split, which is not decided unasked.
 */
export function divisionOf(sources: readonly Source[], splitLike: string | undefined): Division {
  const divisions = sources.map(({ record: { file } }): Division => ({ splits: file.splits, seed: file.seed }));
  const [first] = divisions as [Division];
  if (splitLike !== undefined) {
    const chosen = divisions[sources.findIndex(({ campaign }) => campaign === splitLike)];
    if (chosen === undefined) throw new MergeRefused(`--split-like: "${splitLike}" is not merged; allowed: ${sources.map(({ campaign }) => campaign).join(', ')}`);
    return chosen;
  }
  const other = divisions.findIndex((division) => canonicalJson(division) !== canonicalJson(first));
  if (other < 0) return first;
  const said = ({ splits, seed }: Division) => `${splits.train}/${splits.validation}/${splits.test} by seed ${seed}`;
  const [a, b] = [sources[0] as Source, sources[other] as Source];
  throw new MergeRefused(
    `NAME: "${a.campaign}" is split ${said(first)}, "${b.campaign}" ${said(divisions[other] as Division)}, and families would straddle splits: ` +
      `--split-like ${a.campaign} splits all as that one is (what was trained on the others has then seen some of the test split)`,
  );
}
