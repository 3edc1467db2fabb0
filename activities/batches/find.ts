import type { BatchIntent } from '../../schemas/batches.ts';
import type { Intents } from './intents.ts';
import { customId } from './custom-id.ts';
import type { BatchProvider, BatchStatus } from './provider.ts';

/** Results are kept for so long, ms: https://platform.claude.com/docs/en/build-with-claude/batch-processing */
const KEPT_MS = 29 * 24 * 3_600_000;
/** The provider's clock and the workers' may be so far apart, ms. */
const CLOCKS_MS = 300_000;

/**
 * What became of an intent, where the record of it may have been lost: a batch that nobody has recorded is looked for among those
 * that were created since, and known by its custom ids once it has ended. Void where the request for it can no longer arrive, and no
 * batch is left that might be it: only then may its calls be asked for again.
 */
export async function whatBecame(provider: BatchProvider, intents: Intents, intent: BatchIntent, lostAfterMs: number): Promise<BatchStatus | 'unknown' | 'void'> {
  const recorded = await intents.batchOf(intent.id);
  if (recorded === null) return 'void';
  if (recorded !== undefined) return await retrieved(provider, intent, recorded);
  // before the list is read: what is sent later than this it need not show
  const lost = Date.now() > intent.at + lostAfterMs;
  let undecided = false;
  for await (const batch of provider.list()) {
    if (batch.createdAt < intent.at - CLOCKS_MS) break;
    if (batch.requests !== intent.calls.length || (await intents.isOfAnother(batch.id, intent.id))) continue;
    if (!batch.ended) undecided = true;
    else if (await isMadeOf(provider, batch.id, intent)) return await claimed(provider, intents, intent, batch.id);
  }
  return undecided || !lost ? 'unknown' : await claimed(provider, intents, intent, null);
}

/** Another worker may have recorded something else first: that holds. */
async function claimed(provider: BatchProvider, intents: Intents, intent: BatchIntent, batch: string | null): Promise<BatchStatus | 'void'> {
  const first = await intents.record(intent.id, batch);
  return first === null ? 'void' : await retrieved(provider, intent, first);
}

/** A batch that is still kept and not to be seen is taken for one of another account's: its calls must not be asked again. @throws Error then. */
async function retrieved(provider: BatchProvider, { at }: BatchIntent, batch: string): Promise<BatchStatus | 'void'> {
  const status = await provider.retrieve(batch);
  if (status === null && Date.now() < at + KEPT_MS) throw new Error(`the provider shows no batch ${batch}: is the key one of the workspace that it was asked for in?`);
  return status ?? 'void';
}

async function isMadeOf(provider: BatchProvider, batch: string, { id, calls }: BatchIntent): Promise<boolean> {
  for await (const { customId: given } of provider.results(batch)) {
    const n = Number(given.split('-').at(-1));
    return n < calls.length && given === customId(id, n);
  }
  return false;
}
