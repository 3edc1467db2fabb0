import { existsSync } from 'node:fs';
import type { VerifySource } from '../activities/shards/verify-source.ts';

/** What NAME|DIR means: a folder where there is one of that name, else the campaign. @throws UsageError where there is neither. */
export async function datasetSource(target: string): Promise<VerifySource> {
  const { folderSource, storeSource } = await import('../activities/shards/verify-source.ts');
  if (existsSync(target)) return folderSource(target);
  if (/[/\\]/.test(target)) {
    const { UsageError } = await import('../infra/usage-error.ts');
    throw new UsageError(`NAME|DIR: no such folder: ${target}`);
  }
  const { openStore, requireCampaign } = await import('./datasets.ts');
  const store = openStore();
  await requireCampaign(store, target);
  return storeSource(store, target);
}
