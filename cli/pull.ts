import type { Command } from 'commander';
import type { FollowOptions } from '../activities/shards/follow.ts';
import type { Pulled } from '../activities/shards/pull.ts';
import type { ObjectStore } from '../activities/store.ts';
import type { CampaignRecord } from '../schemas/records.ts';
import { counted, short } from './figures.ts';
import { Output, verb } from './output.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  json?: boolean;
  generation?: number;
  follow?: boolean;
}

export function register(program: Command): void {
  verb(program, 'pull <name> <dir>', 'copy one generation of a dataset into a folder, hashes checked; a killed pull goes on where it was')
    .option('--generation <n>', 'by default the last one', wholeNumber(1))
    .option('--follow', 'go on with each newer generation until the campaign is done; Ctrl-C ends')
    .action(async (name: string, dir: string, options: Options) => {
      const { openStore, requireCampaign, requireDataset } = await import('./datasets.ts');
      const { UsageError } = await import('../infra/usage-error.ts');
      if (options.follow === true && options.generation !== undefined) throw new UsageError('--generation: not with --follow, which takes the last one');
      const output = new Output(options);
      const store = openStore();
      const campaign = options.follow === true ? await requireCampaign(store, name) : null;
      await requireDataset(store, name);
      const { openMeter } = await import('./progress.ts');
      const meter = openMeter(output);
      const onFile = ({ done, files, bytes, generation }: Pulled & { done: number }) => {
        const summary = `files of generation ${generation}, ${short(bytes)}B fetched`;
        meter.show({ name, done, of: files, summary, steady: summary });
      };
      try {
        if (campaign !== null) await followed(store, campaign, dir, { say: output.say, onFile }, output);
        else {
          const { pull } = await import('../activities/shards/pull.ts');
          const pulled = await pull(store, name, dir, { generation: options.generation, say: output.say, onFile });
          output.result({ name, dir, ...pulled }, `${dir}: ${line(name, pulled)}`);
        }
      } finally {
        meter.stop();
      }
    });
}

async function followed(store: ObjectStore, campaign: CampaignRecord, dir: string, ports: FollowOptions, output: Output): Promise<void> {
  const { follow } = await import('../activities/shards/follow.ts');
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  let [last, generations, bytes] = [null as Pulled | null, 0, 0];
  try {
    for await (const pulled of follow(store, campaign, dir, { ...ports, signal: interrupt.signal })) {
      output.say(`${dir}: ${line(campaign.name, pulled)}`);
      [last, generations, bytes] = [pulled, generations + 1, bytes + pulled.bytes];
    }
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
  const done = !interrupt.signal.aborted;
  const what = last === null ? 'no generation yet' : `generation ${last.generation}, ${counted(last.files, 'file')}`;
  const how = done ? 'the campaign is done' : `the campaign goes on; the same command follows it further`;
  output.result({ name: campaign.name, dir, generation: last?.generation ?? null, files: last?.files ?? 0, generations, bytes, done }, `${dir}: ${what} of ${campaign.name}; ${how}`);
}

function line(name: string, { generation, files, kept, bytes }: Pulled): string {
  return `generation ${generation} of ${name}, ${counted(files, 'file')} (${kept} were there), ${counted(bytes, 'byte')} fetched`;
}
