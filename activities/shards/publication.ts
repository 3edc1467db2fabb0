import { datasetPrefix } from '../../schemas/keys.ts';
import type { FileEntry, Manifest, PageSeal } from '../../schemas/manifest.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { swept } from '../datasets/sweep.ts';
import { isThere, type ObjectStore } from '../store.ts';
import { publish, type ListingCounts } from './manifest.ts';

/**
 * Publishes the next generation, all of whose files are there. Between seal and publication lie hours at most times and an outage at
 * others, in which `gc` may have taken files for leftovers: such pages are sealed again, to the same bytes where nothing has changed.
 */
export async function publishWhole(
  store: ObjectStore,
  campaign: CampaignRecord,
  listing: ListingCounts,
  seals: readonly PageSeal[],
  sealAgain: (seal: PageSeal) => Promise<PageSeal>,
): Promise<{ generation: number; manifest: Manifest }> {
  let whole = await mended(store, campaign.name, seals, sealAgain);
  for (;;) {
    const published = await publish(store, campaign, listing, whole);
    const after = await mended(store, campaign.name, whole, sealAgain);
    if (after.every((seal, i) => seal === whole[i])) return published;
    whole = after;
  }
}

/** Whether files of a dataset are there. */
export async function standing(store: ObjectStore, campaign: string, files: readonly FileEntry[]): Promise<boolean> {
  const found = await Promise.all(files.map(({ key }) => isThere(store, `${datasetPrefix(campaign)}${key}`)));
  return found.every(Boolean);
}

/** The seals, sealed again where one of their files is gone. */
async function mended(store: ObjectStore, campaign: string, seals: readonly PageSeal[], sealAgain: (seal: PageSeal) => Promise<PageSeal>): Promise<PageSeal[]> {
  await swept(store, campaign);
  const all: PageSeal[] = [];
  for (const seal of seals) all.push((await standing(store, campaign, seal.files)) ? seal : await sealAgain(seal));
  return all;
}
