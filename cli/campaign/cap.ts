import { freeOf, readBudget, setCap, type Budget } from '../../activities/budget.ts';
import { sealedPages } from '../../activities/campaign-state.ts';
import type { CampaignReader } from '../../activities/campaign-reader.ts';
import { campaignSpending } from '../../activities/spending.ts';
import { UsageError } from '../../infra/usage-error.ts';
import type { Hold } from '../../schemas/budget.ts';
import { MOST_USD, dollars, usdOf } from '../figures.ts';
import { columns, type Output } from '../output.ts';
import type { Outlook, Session } from '../session.ts';
import { tellSettings } from './launch.ts';
import { listCampaigns } from './list.ts';
import { readStored } from './stored.ts';

/** Reads `cap=50` or `cap=none`; int nano-dollars. @throws UsageError naming the field and what is allowed. */
export function parseCap(word: string): number | null {
  const [key, ...rest] = word.split('=');
  const text = rest.join('=');
  if (key !== 'cap') throw new UsageError(`unknown key "${key}"; did you mean "cap"? Known: cap`);
  if (text === 'none') return null;
  const usd = text.trim() === '' ? Number.NaN : Number(text);
  if (!(usd >= 0 && usd < MOST_USD)) throw new UsageError(`cap: a number of USD from 0 to below ${MOST_USD}, or none; such as cap=50 (is ${JSON.stringify(text)})`);
  return Math.round(usd * 1e9);
}

/** Prints the cap, what is free of it, and what each spender holds. */
export async function showBudget({ store }: Outlook, output: Output): Promise<void> {
  tell(await readBudget(store), output);
}

/** Sets the cap and wakes every campaign that runs: one may wait for money, and one may know of no cap yet. */
export async function changeCap(session: Session, cap: number | null, output: Output): Promise<void> {
  const { reader, store } = session;
  const { begun: names } = await listCampaigns(store);
  if (cap === null) await refuseUnbounded(reader, names);
  const known = await readBudget(store);
  const spent: Record<string, Hold> = {};
  for (const name of cap === null ? [] : names) if (known.holds[name] === undefined) spent[name] = await holdOf(reader, name);
  const budget = await setCap(store, cap, spent);
  for (const name of names) await tellSettings(session, name);
  tell(budget, output);
}

/** What a campaign holds by what S3 knows: all that it may have spent. */
export async function holdOf(reader: CampaignReader, name: string): Promise<Hold> {
  const campaign = await reader.campaign(name);
  const { current, manifest, settings, complete } = await readStored(reader, campaign);
  const sealed = sealedPages(campaign, settings, current, manifest);
  const seals = (manifest?.pages ?? []).filter(({ page }) => sealed.has(page));
  return { nanoUsd: await campaignSpending(reader, campaign, seals, current.listing.count), state: complete ? 'closed' : 'open' };
}

/** @throws UsageError where a campaign that costs money would be left without any bound. */
async function refuseUnbounded(reader: CampaignReader, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const campaign = await reader.campaign(name);
    if (campaign.simulated !== null) continue;
    const { current, complete } = await readStored(reader, campaign);
    if (!complete && current.budget === null) throw new UsageError(`cap: campaign "${name}" has no budget of its own and would know no bound; give it one first: \`exemplar set ${name} budget=USD\``);
  }
}

/** The cap in a line; there must be one. */
export function capLine(budget: Budget): string {
  return `cap over all campaigns: ${dollars(usdOf(budget.cap as number))}, ${dollars(usdOf(Math.max(0, freeOf(budget))))} of it free`;
}

function tell(budget: Budget, output: Output): void {
  const { cap, holds } = budget;
  const spenders = Object.entries(holds).map(([name, { nanoUsd, state }]) => ({ name, usd: usdOf(nanoUsd), state }));
  const held = spenders.reduce((sum, { usd }) => sum + usd, 0);
  const free = cap === null ? null : usdOf(Math.max(0, freeOf(budget)));
  const over = cap === null ? 0 : usdOf(Math.max(0, -freeOf(budget)));
  output.result({ cap: cap === null ? null : usdOf(cap), held, free, over, spenders }, text(budget, spenders, { held, free, over }));
}

function text({ cap }: Budget, spenders: { name: string; usd: number; state: Hold['state'] }[], { held, free, over }: { held: number; free: number | null; over: number }): string {
  if (cap === null) return 'no cap over all campaigns: each keeps to its own budget; `exemplar budget cap=USD` sets one';
  const head = over > 0 ? `${dollars(held)} is spent or promised, ${dollars(over)} more than that: nobody gets more until it fits` : `${dollars(held)} of it is spent or held, ${dollars(free ?? 0)} free`;
  const rows = spenders.map(({ name, usd, state }) => [name, dollars(usd), { open: 'held', waiting: 'waits for more', closed: 'spent' }[state]]);
  return [`cap ${dollars(usdOf(cap))} over all campaigns; ${head}`, ...(rows.length === 0 ? [] : [columns([['NAME', 'USD', ''], ...rows], [1])])].join('\n');
}
