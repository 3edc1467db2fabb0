import { finerSituations } from '../../activities/finer.ts';
import type { CampaignSource } from '../../infra/campaign-source.ts';
import { readCampaign } from '../../infra/campaign-records.ts';
import { UsageError } from '../../infra/usage-error.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { worldNamed } from '../../worlds/index.ts';
import { counted } from '../figures.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';
import { withImagined } from './imagine.ts';

/**
 * The source with its situations: those that its campaign has; else those that the model now imagines for it, or that the plans of a
 * coarser campaign open. Null where the user pressed Ctrl-C: the imagination goes on.
 * @throws UsageError or Failure where there are none.
 */
export async function withSituations(session: Session, source: CampaignSource, output: Output): Promise<CampaignSource | null> {
  const { from } = source.file.situations;
  if (from === 'world' || from === 'file') return source;
  const campaign = await readCampaign(session.store, source.file.name);
  if (campaign !== null) return { ...source, listing: await readListing(session, campaign.listing) };
  return from === 'imagine' ? await withImagined(session, source, output) : await withFiner(session, source);
}

/**
 * The source under a preview's name, with its first situations only where they are imagined: the campaign asks the same for its first
 * ones, and reuses the answers. Null on Ctrl-C.
 */
export async function withFirstSituations(session: Session, source: CampaignSource, { name, number }: { name: string; number: number }, output: Output): Promise<CampaignSource | null> {
  const { situations } = source.file;
  const first = situations.from === 'imagine' ? { ...situations, count: Math.min(number, situations.count) } : situations;
  return await withSituations(session, { ...source, file: { ...source.file, name, situations: first } }, output);
}

/** The situations that the converged plans of a coarser campaign open; a source of another kind as it is. @throws UsageError where there are none. */
export async function withFiner({ store, reader }: Pick<Session, 'store' | 'reader'>, source: CampaignSource): Promise<CampaignSource> {
  const { path, file, agents } = source;
  if (file.situations.from !== 'campaign') return source;
  const { campaign, level } = file.situations;
  if ((await readCampaign(store, campaign)) === null) throw new UsageError(`${path}: situations.campaign: there is no campaign "${campaign}" in ${store.describe()}`);
  const listing = await finerSituations(reader, file.situations, (situation, plan, node) => (situation.world === null ? null : worldNamed(situation.world.name).expand(situation, plan, node)));
  if (listing.situations.length === 0) throw new UsageError(`${path}: situations.level: no converged plan of "${campaign}" has an action at "${level}" that can be planned finer`);
  const stranger = listing.situations.find(({ agent }) => agents[agent] === undefined);
  if (stranger !== undefined) throw new UsageError(`${path}: agents: ${counted(listing.situations.length, 'situation')} of "${campaign}" are for "${stranger.agent}", which is not listed; listed: ${Object.keys(agents).join(', ')}`);
  return { ...source, listing };
}

async function readListing({ reader }: Session, listing: CampaignRecord['listing']): Promise<CampaignSource['listing']> {
  return { situations: await reader.situations(listing), duplicates: listing.duplicates };
}
