import { InvalidArgumentError, type Command } from 'commander';
import { counted } from './figures.ts';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'pull <name> <dir>', 'copy one generation of a dataset into a folder, hashes checked')
    .option('--generation <n>', 'by default the last one', generation)
    .action(async (name: string, dir: string, options: { json?: boolean; generation?: number }) => {
      const { openStore, requireDataset } = await import('./datasets.ts');
      const { pull } = await import('../activities/shards/pull.ts');
      const store = openStore();
      await requireDataset(store, name);
      const pulled = await pull(store, name, dir, options.generation === undefined ? {} : { generation: options.generation });
      new Output(options).result({ name, dir, ...pulled }, `${dir}: generation ${pulled.generation} of ${name}, ${counted(pulled.files, 'file')} (${pulled.kept} were there), ${counted(pulled.bytes, 'byte')} fetched`);
    });
}

function generation(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('a whole number from 1 is allowed.');
  return n;
}
