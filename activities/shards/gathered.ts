import { z } from 'zod';
import { canonicalJson } from '../../schemas/canonical.ts';
import { Sha256 } from '../../schemas/library.ts';
import { PageSeal } from '../../schemas/manifest.ts';
import type { CampaignReader } from '../campaign-reader.ts';

/** Seals that wait to be published together, oldest first: an object, because their hashes would swell the campaign's history. */
const GatheredSeals = z.strictObject({ schema: z.literal(1), seals: z.array(Sha256) });

/** Hashes of seals, and the object with those gathered before them. */
export interface Gathering {
  seals: readonly string[];
  gathered?: string;
}

/** Stores seals together with those gathered before; returns the hash of the object. */
export async function gather(reader: CampaignReader, gathering: Gathering): Promise<string> {
  return await reader.save(canonicalJson({ schema: 1, seals: await hashes(reader, gathering) } satisfies z.input<typeof GatheredSeals>));
}

/** The seals themselves, oldest first. */
export async function gathered(reader: CampaignReader, gathering: Gathering): Promise<PageSeal[]> {
  const seals: PageSeal[] = [];
  for (const sha256 of await hashes(reader, gathering)) seals.push(PageSeal.parse(JSON.parse(await reader.text(sha256))));
  return seals;
}

async function hashes(reader: CampaignReader, { seals, gathered: before }: Gathering): Promise<string[]> {
  return [...(before === undefined ? [] : GatheredSeals.parse(JSON.parse(await reader.text(before))).seals), ...seals];
}
