import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT } from './errors.ts';
import { counted } from './figures.ts';
import { Output, verb } from './output.ts';

/** Faults printed; the rest is counted. */
const SHOWN_FAULTS = 50;

export function register(program: Command): void {
  verb(program, 'verify <name|dir>', 'check every invariant of a dataset, in the store or in a pulled folder').action(async (target: string, options: { json?: boolean }) => {
    const { verify } = await import('../activities/shards/verify.ts');
    const { checks, faults } = await verify(await sourceOf(target));
    const shown = faults.slice(0, SHOWN_FAULTS).map((fault) => `✗ ${fault}`);
    const rest = faults.length > shown.length ? [`... and ${counted(faults.length - shown.length, 'more fault')}`] : [];
    const verdict = `${target}: ${counted(checks, 'check')}, ${faults.length === 0 ? 'all hold' : counted(faults.length, 'fault')}`;
    new Output(options).result({ target, ok: faults.length === 0, checks, faults }, [...shown, ...rest, verdict].join('\n'));
    process.exitCode = faults.length === 0 ? EXIT.ok : EXIT.failed;
  });
}

/** A folder where there is one of that name, else the campaign. */
async function sourceOf(target: string) {
  const { folderSource, storeSource } = await import('../activities/shards/verify-source.ts');
  if (existsSync(target)) return folderSource(target);
  if (/[/\\]/.test(target)) {
    const { UsageError } = await import('../infra/usage-error.ts');
    throw new UsageError(`NAME|DIR: no such folder: ${target}`);
  }
  const { openStore, requireDataset } = await import('./datasets.ts');
  const store = openStore();
  await requireDataset(store, target);
  return storeSource(store, target);
}
