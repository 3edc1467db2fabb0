import { describe, expect, test } from 'vitest';
import { book, close, draw, freeOf, readBudget, setCap } from '../../activities/budget.ts';
import { MemoryStore } from '../fakes/memory-store.ts';

/** A store whose answers come in another order than they were asked for. */
class SlowStore extends MemoryStore {
  #turn = 0;

  override async get(key: string): Promise<Uint8Array | null> {
    await this.#wait();
    return await super.get(key);
  }

  override async putIfAbsent(key: string, body: string): Promise<boolean> {
    await this.#wait();
    return await super.putIfAbsent(key, body);
  }

  async #wait(): Promise<void> {
    for (let turns = (this.#turn = (this.#turn * 7 + 3) % 11); turns > 0; turns--) await Promise.resolve();
  }
}

describe('the cap over all campaigns', () => {
  test('is never exceeded by spenders that race for it, and all of it can be held', async () => {
    const store = new SlowStore();
    await setCap(store, 1_000);
    const spend = async (name: string) => {
      let promised = 0;
      for (;;) {
        const { hold } = await draw(store, name, { promised, least: promised + 7, most: promised + 7 });
        if (hold === promised) return promised;
        promised = hold as number;
      }
    };
    const held = await Promise.all(['a', 'b', 'c', 'd'].map(spend));
    expect(held.reduce((sum, each) => sum + each, 0)).toBe(994);
    let n = 0;
    for (const [key, bytes] of store.objects) {
      const { holds } = JSON.parse(new TextDecoder().decode(bytes)) as { holds: Record<string, { nanoUsd: number }> };
      expect(Object.values(holds).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0), key).toBeLessThanOrEqual(1_000);
      n += 1;
    }
    expect((await readBudget(store)).n).toBe(n);
  });

  test('the end of a long log is found in few reads', async () => {
    const store = new MemoryStore();
    for (let n = 1; n <= 600; n++) await setCap(store, n);
    let reads = 0;
    const get = store.get.bind(store);
    store.get = (key) => ((reads += 1), get(key));
    expect((await readBudget(store)).cap).toBe(600);
    expect(reads).toBeLessThanOrEqual(20);
  });

  test('a draw asked twice is granted once, and a block goes as far as there is money', async () => {
    const store = new MemoryStore();
    await setCap(store, 100);
    expect(await draw(store, 'a', { promised: 0, least: 10, most: 60 })).toEqual({ hold: 60, mayCome: false });
    expect(await draw(store, 'a', { promised: 0, least: 10, most: 60 })).toEqual({ hold: 60, mayCome: false });
    expect(await draw(store, 'b', { promised: 0, least: 10, most: 60 })).toEqual({ hold: 40, mayCome: true });
  });

  test('who gets nothing keeps what it has promised, and hears whether more may come', async () => {
    const store = new MemoryStore();
    await setCap(store, 100);
    await draw(store, 'a', { promised: 0, least: 80, most: 80 });
    await draw(store, 'b', { promised: 0, least: 20, most: 20 });
    expect(await draw(store, 'b', { promised: 15, least: 30, most: 30 })).toEqual({ hold: 15, mayCome: true });
    await close(store, 'a', 70);
    expect(freeOf(await readBudget(store))).toBe(15);
    expect(await draw(store, 'b', { promised: 15, least: 31, most: 40 })).toEqual({ hold: 15, mayCome: false });
    expect(await draw(store, 'b', { promised: 15, least: 30, most: 40 })).toEqual({ hold: 30, mayCome: false });
  });

  test('who gets nothing while what it has promised is still being spent may give back', async () => {
    const store = new MemoryStore();
    await setCap(store, 100);
    await draw(store, 'a', { promised: 0, least: 80, most: 80 });
    expect(await draw(store, 'a', { promised: 80, least: 120, most: 120, returns: true })).toEqual({ hold: 80, mayCome: false });
    expect(await draw(store, 'b', { promised: 0, least: 30, most: 30 })).toEqual({ hold: 0, mayCome: true });
    expect(await draw(store, 'a', { promised: 80, least: 120, most: 120 })).toEqual({ hold: 80, mayCome: false });
    expect(await draw(store, 'b', { promised: 0, least: 30, most: 30 })).toEqual({ hold: 0, mayCome: false });
  });

  test('below what is held, a lowered cap gives nothing until it fits, and what was spent is booked all the same', async () => {
    const store = new MemoryStore();
    await setCap(store, 100, { old: { nanoUsd: 20, state: 'closed' } });
    await draw(store, 'a', { promised: 0, least: 60, most: 60 });
    await setCap(store, 50);
    expect(await draw(store, 'b', { promised: 0, least: 1, most: 1 })).toEqual({ hold: 0, mayCome: true });
    expect(await book(store, 'b', 5)).toBe(5);
    await close(store, 'a', 24);
    expect(await draw(store, 'b', { promised: 5, least: 6, most: 99 })).toEqual({ hold: 6, mayCome: false });
    await setCap(store, null);
    expect(await draw(store, 'b', { promised: 6, least: 1_000, most: 1_000 })).toMatchObject({ hold: null });
  });
});
