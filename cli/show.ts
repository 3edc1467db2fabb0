import type { Command } from 'commander';
import { Output, verb } from './output.ts';

interface ShowOptions {
  json?: boolean;
  revision?: string;
  raw?: string | true;
}

export function register(program: Command): void {
  verb(program, 'show <name> <situation>', 'what became of a situation (index or start of its id): versions, findings, diffs, cost')
    .option('-r, --revision <k>', 'one version in full, such as 2, or 3@a1 on verification branch a1')
    .option('--raw [step]', 'exact request and answers of a step, by default the last one')
    .action(async (name: string, which: string, options: ShowOptions) => {
      const { openStore, requireCampaign } = await import('./datasets.ts');
      const { CampaignReader } = await import('../activities/campaign-reader.ts');
      const { findVersion, readShown, shownText, versionText } = await import('./show/situation.ts');
      const { printableWithin } = await import('./terminal.ts');
      const output = new Output(options);
      const store = openStore();
      const reader = new CampaignReader(store);
      const campaign = await requireCampaign(store, name);
      const shown = await readShown(reader, campaign, which);
      if (options.raw !== undefined) {
        const { readExchange, exchangeText } = await import('./show/exchange.ts');
        const exchange = await readExchange(reader, campaign, shown, options.raw === true ? null : options.raw);
        output.result(exchange, exchangeText(printableWithin(exchange)));
      } else if (options.revision !== undefined) {
        const version = findVersion(shown, options.revision);
        output.result({ situation: shown.situation, version }, versionText(printableWithin(version)));
      } else {
        output.result(shown, shownText(printableWithin(shown)));
      }
    });
}
