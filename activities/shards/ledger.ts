import type { LedgerRow } from '../../schemas/rows.ts';
import type { Step } from './versions.ts';

/** The steps of one try of a situation. */
export interface TrySteps {
  index: number;
  try: number;
  steps: readonly Step[];
}

/**
 * One row a call that this campaign paid for a situation, over all its tries (oldest first). A later try takes an earlier one's answers
 * and steps again: each answer, and each step's lost calls, are booked where they first stand.
 */
export function ledgerRows(tries: readonly TrySteps[]): LedgerRow[] {
  const answers = new Set<string>();
  const booked = new Set<string>();
  const rows: LedgerRow[] = [];
  for (const { index, try: attempt, steps } of tries) {
    for (const { sha256, record } of steps) {
      const place = { situation_index: index, try: attempt, step: record.path, model: record.model };
      if (!booked.has(sha256)) rows.push(...lostShares(record.lost).map((nano_usd) => ({ ...place, ...LOST, nano_usd })));
      booked.add(sha256);
      for (const call of record.calls) {
        if (!call.paid || answers.has(call.response)) continue;
        answers.add(call.response);
        rows.push({
          ...place,
          attempt: call.attempt,
          response: call.response,
          input_tokens: call.usage.inputTokens,
          output_tokens: call.usage.outputTokens,
          cache_read_tokens: call.usage.cacheReadTokens,
          cache_write_tokens: call.usage.cacheWriteTokens,
          cache_write_1h_tokens: call.usage.cacheWrite1hTokens,
          lost: false,
          batched: call.batched ?? false,
          nano_usd: call.nanoUsd === null ? null : BigInt(call.nanoUsd),
        });
      }
    }
  }
  return rows;
}

/** Which attempts were lost is not known, only how many. */
const LOST = { attempt: 0, response: null, input_tokens: null, output_tokens: null, cache_read_tokens: null, cache_write_tokens: null, cache_write_1h_tokens: null, lost: true, batched: false };

/** The booked sum shared out over the lost calls, to the nano-dollar. */
function lostShares({ calls, nanoUsd }: { calls: number; nanoUsd: number }): bigint[] {
  if (calls === 0) return [];
  const share = Math.floor(nanoUsd / calls);
  return Array.from({ length: calls }, (_, i) => BigInt(i === 0 ? nanoUsd - share * (calls - 1) : share));
}
