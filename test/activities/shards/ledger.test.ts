import { expect, it } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { ledgerRows } from '../../../activities/shards/ledger.ts';
import { loadSteps } from '../../../activities/shards/versions.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { Chain, situation } from './dataset.ts';

async function rowsOf(store: MemoryStore, ...heads: string[]) {
  const reader = new CampaignReader(store);
  const tries = await Promise.all(heads.map(async (log, attempt) => ({ index: 3, try: attempt, steps: await loadSteps(reader, { log }) })));
  return ledgerRows(tries);
}

it('books an answer once, at the try that paid for it, though a later try used it again', async () => {
  const store = new MemoryStore();
  const first = new Chain(store, situation(3));
  first.step('draft', 'draft');
  const head = first.step('p1.t1.critique', 'critique');
  const second = new Chain(store, situation(3));
  second.step('draft', 'draft');
  second.step('p1.t1.critique', 'critique', { calls: [first.call('p1.t1.critique'), first.call('p1.t1.critique.r1')], headline: 'went well' });
  const rows = await rowsOf(store, head, second.log as string);
  expect(rows.map((row) => `${row.try} ${row.step} ${row.response}`)).toEqual([
    '0 draft responses/3.draft',
    '0 p1.t1.critique responses/3.p1.t1.critique',
    '1 p1.t1.critique responses/3.p1.t1.critique.r1',
  ]);
});

it('leaves out answers that somebody else paid for, and keeps unknown usage and price unknown', async () => {
  const store = new MemoryStore();
  const chain = new Chain(store, situation(3));
  const [free, unknown] = [chain.call('free'), chain.call('unknown')];
  const none = { inputTokens: null, outputTokens: null, cacheReadTokens: null, cacheWriteTokens: null, cacheWrite1hTokens: null };
  chain.step('draft', 'draft', { calls: [{ ...free, paid: false }, { ...unknown, usage: none, nanoUsd: null }] });
  expect(await rowsOf(store, chain.log as string)).toEqual([
    {
      situation_index: 3, try: 0, step: 'draft', attempt: 1, model: 'sim-1', response: 'responses/3.unknown', lost: false, batched: false, nano_usd: null,
      input_tokens: null, output_tokens: null, cache_read_tokens: null, cache_write_tokens: null, cache_write_1h_tokens: null,
    },
  ]);
});

it('shares what lost calls were booked at without losing a nano-dollar', async () => {
  const store = new MemoryStore();
  const chain = new Chain(store, situation(3));
  chain.step('draft', 'draft', { calls: [], lost: { calls: 3, nanoUsd: 1000 } });
  const rows = await rowsOf(store, chain.log as string, chain.log as string);
  expect(rows.map((row) => [row.lost, row.response, row.nano_usd])).toEqual([
    [true, null, 334n],
    [true, null, 333n],
    [true, null, 333n],
  ]);
});
