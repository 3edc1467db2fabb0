import { openArrow } from '../../infra/arrow/reader.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import type { ObjectStore } from '../../activities/store.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { LedgerRow } from '../../schemas/rows.ts';
import { EXIT } from '../errors.ts';
import { count, counted, dollars, short } from '../figures.ts';
import { columns } from '../output.ts';
import { whyText, type CampaignView } from './view.ts';

/** Sums of a ledger, as providers returned them; prompt tokens read from or written to the cache included. */
export interface Tokens {
  input: number;
  output: number;
}

/** Ledgers above this many rows are not read just to sum them. */
const LARGEST_LEDGER = 500_000;

/** Tokens of the last published generation; null where there is none, or it is too long to sum. */
export async function readTokens(store: ObjectStore, name: string): Promise<Tokens | null> {
  const manifest = await readManifest(store, name);
  const ledgers = (manifest?.pages ?? []).flatMap(({ files }) => files).filter(({ kind }) => kind === 'ledger');
  if (manifest === null || ledgers.reduce((sum, { rows }) => sum + rows, 0) > LARGEST_LEDGER) return null;
  const tokens: Tokens = { input: 0, output: 0 };
  for (const { key } of ledgers) {
    const bytes = await store.get(`${datasetPrefix(name)}${key}`);
    if (bytes === null) return null;
    for (const row of (await openArrow<LedgerRow>(bytes)).rows) {
      tokens.input += (row.input_tokens ?? 0) + (row.cache_read_tokens ?? 0) + (row.cache_write_tokens ?? 0);
      tokens.output += row.output_tokens ?? 0;
    }
  }
  return tokens;
}

/** The table that a campaign ends with. The rows below `planned` sum to it. */
export function outcomeTable(view: CampaignView, tokens: Tokens | null): string {
  const { converged, unconverged, refused, failed, overBudget, running, waiting } = view;
  const rows = { planned: view.planned, converged, unconverged, refused, failed, 'over-budget': overBudget, ...(running > 0 ? { running } : {}), waiting };
  return [
    `campaign ${view.name}: ${view.state}${view.why === '' ? '' : ` (${whyText(view)})`}`,
    columns(Object.entries(rows).map(([what, n]) => [`  ${what}`, count(n)]), [1]),
    ...(view.duplicates > 0 ? [`  (and ${counted(view.duplicates, 'duplicate')} dropped)`] : []),
    [`${counted(view.calls, 'call')}`, ...(tokens === null ? [] : [`${short(tokens.input)} tokens in, ${short(tokens.output)} out`]), `${dollars(view.usd)}${view.budget === null ? '' : ` of ${dollars(view.budget)}`}${view.simulated === null ? '' : ' at list prices (nothing was spent)'}`].join(', '),
    ...simulatedLine(view.simulated),
    `dataset      ${view.dataset}${view.generation === 0 ? ' (nothing published yet)' : `  generation ${view.generation}`}`,
    ...(view.uiUrl === null ? [] : [`Temporal UI  ${view.uiUrl}`]),
  ].join('\n');
}

/** Says that no language model was at work. */
export function simulatedLine(law: string | null): string[] {
  return law === null ? [] : [`SIMULATED (law ${law.slice(0, 12)}): a simulated model wrote these plans, no language model was called`];
}

/** 1 where situations failed or ran out of budget, or too many have failed to go on; refused and unconverged ones are results. */
export function exitCodeOf({ failed, overBudget, stopped }: CampaignView): number {
  return failed + overBudget > 0 || stopped !== null ? EXIT.failed : EXIT.ok;
}
