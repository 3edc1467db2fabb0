import { statSync } from 'node:fs';
import type { VerifySource } from '../activities/shards/verify-source.ts';

/** What NAME|DIR means: a folder where there is one of that name, else the dataset on S3. @throws UsageError where there is neither. */
export async function datasetSource(target: string): Promise<VerifySource> {
  const { folderSource, storeSource } = await import('../activities/shards/verify-source.ts');
  const found = statSync(target, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return folderSource(target);
  if (found !== undefined || /[/\\]/.test(target)) {
    const { UsageError } = await import('../infra/usage-error.ts');
    throw new UsageError(`NAME|DIR: ${found === undefined ? 'no such folder' : 'not a folder'}: ${target}`);
  }
  const { openStore, requireDataset } = await import('./datasets.ts');
  const store = openStore();
  await requireDataset(store, target);
  return storeSource(store, target);
}
