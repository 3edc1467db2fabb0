import type { BatchIntent, WaitingCall } from '../../schemas/batches.ts';
import type { CacheTtl, ModelRequest } from '../model.ts';
import { objectKey } from '../../schemas/keys.ts';
import { CorruptData } from '../failures.ts';
import type { ObjectStore } from '../store.ts';
import { Slots } from '../../infra/slots.ts';
import { formatTries, parseTries, type Tried } from '../ranges.ts';
import { customId } from './custom-id.ts';
import type { Bench } from './ports.ts';
import { MOST_BYTES, MOST_REQUESTS, type BatchedRequest } from './provider.ts';
import { answered, unanswered, wake } from './wake.ts';

const READS_AT_ONCE = 32;
/** What a request adds to its prompt, and a batch to its requests, bytes. */
const ENVELOPE = 500;

/** Calls that one batch can hold. */
export interface Draft {
  calls: WaitingCall[];
  requests: ModelRequest[];
  bytes: number;
  /** Who must wait for another batch, by try. */
  left: string;
}

interface Bounds {
  requests: number;
  bytes: number;
  /** Keys of calls that are in open batches: who waits for one is woken when that has ended. */
  asked: ReadonlySet<string>;
}

const PROVIDERS: Bounds = { requests: MOST_REQUESTS, bytes: MOST_BYTES, asked: new Set() };

/** Reads what situations wait for, up to the limits of a batch. Those who could not pay for it are woken. */
export async function draft({ intents, ...bench }: Bench, waiting: string, bounds: Partial<Bounds> = {}): Promise<Draft> {
  const most = { ...PROVIDERS, ...bounds };
  const draft: Draft = { calls: [], requests: [], bytes: ENVELOPE, left: '' };
  const left: Tried[] = [];
  const tries = parseTries(waiting);
  for (let i = 0; i < tries.length; i += READS_AT_ONCE) {
    const read = await Promise.all(tries.slice(i, i + READS_AT_ONCE).map(async (tried) => ({ tried, ...(await readCall(tried)) })));
    for (const { tried, call, text } of read) {
      if (call === null) continue;
      const bytes = Buffer.byteLength(text) + ENVELOPE;
      if (draft.calls.length === most.requests || draft.bytes + bytes > most.bytes) {
        left.push(tried);
        continue;
      }
      draft.calls.push(call);
      draft.requests.push(JSON.parse(text) as ModelRequest);
      draft.bytes += bytes;
    }
  }
  return { ...draft, left: formatTries(left) };

  async function readCall({ index, try: attempt }: Tried): Promise<{ call: WaitingCall; text: string } | { call: null; text: '' }> {
    const call = await intents.waiting(index, attempt);
    if (call === null || most.asked.has(call.key)) return { call: null, text: '' };
    if (call.unfunded !== true) return { call, text: await readRequest(intents.store, call) };
    await wake({ intents, ...bench }, call, (await isAnswered(intents.store, call)) ? answered() : unanswered());
    return { call: null, text: '' };
  }
}

/** Those of a draft whose answers have come meanwhile. */
export async function answeredCalls({ intents }: Bench, { calls }: Draft): Promise<WaitingCall[]> {
  const slots = new Slots(READS_AT_ONCE);
  const known = await Promise.all(calls.map((call) => slots.run(() => isAnswered(intents.store, call))));
  return calls.filter((_, i) => known[i]);
}

async function isAnswered(store: ObjectStore, { key }: WaitingCall): Promise<boolean> {
  return (await store.get(key)) !== null;
}

/** Read once: not kept at hand, as other objects are. */
async function readRequest(store: ObjectStore, { key, request }: WaitingCall): Promise<string> {
  const bytes = await store.get(objectKey(request));
  if (bytes === null) throw new CorruptData(`the request ${request} for ${key} is missing from ${store.describe()}`);
  return new TextDecoder().decode(bytes);
}

export function intentOf(id: string, { calls, bytes }: Draft): BatchIntent {
  return { schema: 1, id, at: Date.now(), bytes, calls: calls.map(({ schema: _schema, activity: _activity, ...call }) => call) };
}

/** The nth request has the intent's nth custom id. */
export function requestsOf(id: string, { requests }: Draft, cacheTtl: CacheTtl): BatchedRequest[] {
  return requests.map((request, n) => ({ customId: customId(id, n), request, cacheTtl }));
}
