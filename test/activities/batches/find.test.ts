import { describe, expect, test } from 'vitest';
import { whatBecame } from '../../../activities/batches/find.ts';
import { Intents } from '../../../activities/batches/intents.ts';
import type { BatchIntent } from '../../../schemas/batches.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { ScriptedBatches } from '../../fakes/scripted-batches.ts';

const MINUTE = 60_000;
/** How long after an intent its request may still arrive, ms. */
const LOST_AFTER = MINUTE;

function intent(id: string, age = 0, calls = 3): BatchIntent {
  const call = (index: number) => ({ index, try: 0, key: `k${index}`, request: '0'.repeat(64), requestChars: 1, worstCase: 1, run: 'r', errors: 0 });
  return { schema: 1, id, at: Date.now() - age, bytes: 1, calls: Array.from({ length: calls }, (_, index) => call(index)) };
}
const ids = (id: string, n = 3) => Array.from({ length: n }, (_, i) => `${id}-${i}`);

function scene() {
  const store = new MemoryStore();
  return { provider: new ScriptedBatches(), store, intents: new Intents(store, 'c') };
}

describe('an intent without a record', () => {
  test('is unknown while its request may still arrive, and void after that', async () => {
    const { provider, intents } = scene();
    expect(await whatBecame(provider, intents, intent('a', LOST_AFTER / 2), LOST_AFTER)).toBe('unknown');
    expect(await intents.batchOf('a')).toBeUndefined();
    expect(await whatBecame(provider, intents, intent('a', 2 * LOST_AFTER), LOST_AFTER)).toBe('void');
    expect(await intents.batchOf('a')).toBeNull();
  });

  test('is neither void nor claimed while a batch that might be it is worked off, however long', async () => {
    const { provider, intents } = scene();
    provider.make(ids('a'), { createdAt: Date.now() - 20 * MINUTE });
    expect(await whatBecame(provider, intents, intent('a', 20 * MINUTE), LOST_AFTER)).toBe('unknown');
    expect(provider.opened).toEqual([]);
    provider.end('batch_0');
    expect(await whatBecame(provider, intents, intent('a', 20 * MINUTE), LOST_AFTER)).toMatchObject({ id: 'batch_0', ended: true });
    expect(await intents.batchOf('a')).toBe('batch_0');
  });

  test('claims by custom ids alone: equal batches of others, recorded or not, are left alone', async () => {
    const { provider, intents, store } = scene();
    provider.make(ids('b'), { ended: true });
    provider.make(ids('a'), { ended: true });
    provider.make(ids('stranger'), { ended: true });
    const recorded = provider.make(ids('d'), { ended: false });
    await new Intents(store, 'another').record('d', recorded);
    expect(await whatBecame(provider, intents, intent('a', 2 * MINUTE), LOST_AFTER)).toMatchObject({ id: 'batch_1' });
    // the recorded one is in progress, and did not hold the others up
    expect(await whatBecame(provider, intents, intent('none', 2 * MINUTE), LOST_AFTER)).toBe('void');
  });

  test('passes over batches of another size, and of before its time', async () => {
    const { provider, intents } = scene();
    provider.make(ids('a'), { createdAt: Date.now() - 60 * MINUTE });
    provider.make(ids('x', 2));
    expect(await whatBecame(provider, intents, intent('a', 2 * MINUTE), LOST_AFTER)).toBe('void');
    expect(provider.opened).toEqual([]);
  });

  test('heeds clocks that are some minutes apart', async () => {
    const { provider, intents } = scene();
    provider.make(ids('a'), { createdAt: Date.now() - 6 * MINUTE, ended: true });
    expect(await whatBecame(provider, intents, intent('a', 2 * MINUTE), LOST_AFTER)).toMatchObject({ id: 'batch_0' });
  });

  test('keeps to what another worker has recorded first', async () => {
    const { provider, intents } = scene();
    provider.make(ids('a'), { ended: true });
    await intents.record('a', null);
    expect(await whatBecame(provider, intents, intent('a', 2 * MINUTE), LOST_AFTER)).toBe('void');
    expect(await intents.record('a', 'batch_0')).toBeNull();
  });
});

test('a recorded batch that the provider does not show is not asked for anew, unless its results are no longer kept', async () => {
  const { provider, intents } = scene();
  await intents.record('a', 'gone');
  await expect(whatBecame(provider, intents, intent('a', MINUTE), LOST_AFTER)).rejects.toThrow('the provider shows no batch gone: is the key one of the workspace that it was asked for in?');
  expect(await whatBecame(provider, intents, intent('a', 30 * 24 * 60 * MINUTE), LOST_AFTER)).toBe('void');
});

test('open intents are those that nothing has come of yet', async () => {
  const { intents } = scene();
  for (const id of ['ended', 'void', 'running', 'unknown']) await intents.put(intent(id));
  await intents.record('ended', 'b1');
  await intents.end({ schema: 1, intent: 'ended', succeeded: 3, errored: 0, expired: 0, canceled: 0 });
  await intents.record('void', null);
  await intents.record('running', 'b2');
  expect((await intents.open()).map(({ id }) => id).sort()).toEqual(['running', 'unknown']);
});
