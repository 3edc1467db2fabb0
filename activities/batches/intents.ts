import { canonicalJson } from '../../schemas/canonical.ts';
import type { BatchEnd } from '../../schemas/batches.ts';
import { BatchIntent, BatchRecord, BatchWaste, IntentHeld, WaitingCall } from '../../schemas/batches.ts';
import { batchOwnerKey, intentKey, intentsPrefix, waitingKey, wastedKey } from '../../schemas/keys.ts';
import type { ObjectStore } from '../store.ts';

/** What S3 knows of one campaign's batches. All but what situations wait for, and since when an intent is held, is put if absent. */
export class Intents {
  readonly store: ObjectStore;
  readonly campaign: string;

  constructor(store: ObjectStore, campaign: string) {
    this.store = store;
    this.campaign = campaign;
  }

  async waiting(index: number, attempt: number): Promise<WaitingCall | null> {
    return await this.#read(WaitingCall, waitingKey(this.campaign, index, attempt));
  }

  async wait(call: WaitingCall): Promise<void> {
    await this.store.put(waitingKey(this.campaign, call.index, call.try), canonicalJson(call));
  }

  async read(id: string): Promise<BatchIntent | null> {
    const intent = await this.#read(BatchIntent, intentKey(this.campaign, id, 'calls'));
    const held = intent === null ? null : await this.#read(IntentHeld, intentKey(this.campaign, id, 'anew'));
    return intent === null || held === null ? intent : { ...intent, at: held.at };
  }

  /** False where an intent of this id is there already. */
  async put(intent: BatchIntent): Promise<boolean> {
    return await this.store.putIfAbsent(intentKey(this.campaign, intent.id, 'calls'), canonicalJson(intent));
  }

  /** To be called by who has put the intent alone, and before others may take it for lost. */
  async hold(id: string): Promise<number> {
    const at = Date.now();
    await this.store.put(intentKey(this.campaign, id, 'anew'), canonicalJson({ schema: 1, intent: id, at } satisfies IntentHeld));
    return at;
  }

  /** What the intent became; undefined while nobody knows. */
  async batchOf(id: string): Promise<string | null | undefined> {
    return (await this.#read(BatchRecord, intentKey(this.campaign, id, 'batch')))?.batch;
  }

  /** Records what the intent became, and whose the batch is. Returns what was recorded first. */
  async record(id: string, batch: string | null): Promise<string | null> {
    const record = canonicalJson({ schema: 1, intent: id, campaign: this.campaign, batch } satisfies BatchRecord);
    const first = (await this.store.putIfAbsent(intentKey(this.campaign, id, 'batch'), record)) ? batch : await this.batchOf(id);
    if (first === undefined) throw new Error(`intent ${id} of ${this.campaign} was recorded and cannot be read`);
    if (first !== null) await this.store.putIfAbsent(batchOwnerKey(first), record);
    return first;
  }

  /** True where the batch is known to be of another intent, of whatever campaign. */
  async isOfAnother(batch: string, id: string): Promise<boolean> {
    const owner = await this.#read(BatchRecord, batchOwnerKey(batch));
    return owner !== null && (owner.intent !== id || owner.campaign !== this.campaign);
  }

  /** It became no batch, and will become none. */
  async void(id: string): Promise<void> {
    await this.record(id, null);
    await this.end({ schema: 1, intent: id, succeeded: 0, errored: 0, expired: 0, canceled: 0 });
  }

  async end(end: BatchEnd): Promise<void> {
    await this.store.putIfAbsent(intentKey(this.campaign, end.intent, 'end'), canonicalJson(end));
  }

  /** Keys of the calls for which batches that have not been collected yet were asked, or may have been. */
  async asked(): Promise<Set<string>> {
    return new Set((await this.open()).flatMap(({ calls }) => calls.map(({ key }) => key)));
  }

  /** True where a batch that has not been collected yet was asked, or may have been, for this call of a run; of any run by default. */
  async holds(key: string, run?: string): Promise<boolean> {
    return (await this.open()).some(({ calls }) => calls.some((call) => call.key === key && (run === undefined || call.run === run)));
  }

  async waste(waste: Omit<BatchWaste, 'schema'>): Promise<void> {
    await this.store.putIfAbsent(wastedKey(this.campaign, waste.run, waste.key), canonicalJson({ schema: 1, ...waste } satisfies BatchWaste));
  }

  /** What one run has paid in a batch for an answer that came second. */
  async wasted(run: string, key: string): Promise<BatchWaste | null> {
    return await this.#read(BatchWaste, wastedKey(this.campaign, run, key));
  }

  /** Intents whose batches have not been collected yet; a void one is not among them. */
  async open(): Promise<BatchIntent[]> {
    const parts = new Map<string, Set<string>>();
    for await (const { key } of this.store.list(intentsPrefix(this.campaign))) {
      const [id, part] = (key.split('/').at(-1) as string).split('.') as [string, string];
      parts.set(id, (parts.get(id) ?? new Set()).add(part));
    }
    const open: BatchIntent[] = [];
    for (const [id, known] of parts) {
      if (known.has('end') || (known.has('batch') && (await this.batchOf(id)) === null)) continue;
      open.push((await this.read(id)) as BatchIntent);
    }
    return open;
  }

  async #read<T>(shape: { parse(json: unknown): T }, key: string): Promise<T | null> {
    const bytes = await this.store.get(key);
    return bytes === null ? null : shape.parse(JSON.parse(new TextDecoder().decode(bytes)));
  }
}
