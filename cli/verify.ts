import type { Command } from 'commander';
import { datasetSource } from './dataset-source.ts';
import { EXIT } from './errors.ts';
import { counted } from './figures.ts';
import { Output, verb } from './output.ts';

/** Faults printed; the rest is counted. */
const SHOWN_FAULTS = 50;

export function register(program: Command): void {
  verb(program, 'verify <name|dir>', 'check every invariant of a dataset, in the store or in a pulled folder').action(async (target: string, options: { json?: boolean }) => {
    const { verify } = await import('../activities/shards/verify.ts');
    const { checks, faults } = await verify(await datasetSource(target));
    const shown = faults.slice(0, SHOWN_FAULTS).map((fault) => `✗ ${fault}`);
    const rest = faults.length > shown.length ? [`... and ${counted(faults.length - shown.length, 'more fault')}`] : [];
    const verdict = `${target}: ${counted(checks, 'check')}, ${faults.length === 0 ? 'all hold' : counted(faults.length, 'fault')}`;
    new Output(options).result({ target, ok: faults.length === 0, checks, faults }, [...shown, ...rest, verdict].join('\n'));
    process.exitCode = faults.length === 0 ? EXIT.ok : EXIT.failed;
  });
}
