import { ImaginedRecord } from '../schemas/imagined.ts';
import { imaginedKey } from '../schemas/keys.ts';
import type { CampaignRecord } from '../schemas/records.ts';
import type { ObjectStore } from './store.ts';

/** What a campaign's situations were imagined from and what that came to; null where they were not, or not yet. */
export async function readImagined(store: ObjectStore, name: string): Promise<ImaginedRecord | null> {
  const bytes = await store.get(imaginedKey(name));
  return bytes === null ? null : ImaginedRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** What a campaign had spent before it began; nothing where its situations were not imagined. Int nano-dollars. */
export async function spentImagining(store: ObjectStore, { name, file }: Pick<CampaignRecord, 'name' | 'file'>): Promise<{ calls: number; nanoUsd: number }> {
  const imagined = file.situations.from === 'imagine' ? await readImagined(store, name) : null;
  return { calls: imagined?.calls ?? 0, nanoUsd: imagined?.nanoUsd ?? 0 };
}
