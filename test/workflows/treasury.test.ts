import { describe, expect, test } from 'vitest';
import { Treasury } from '../../workflows/treasury.ts';

describe('treasury', () => {
  test('the lowest-numbered need comes first and none overtakes it', () => {
    const treasury = new Treasury(10);
    treasury.need(7, 4);
    treasury.need(2, 12);
    expect(treasury.grant()).toBeNull();
    treasury.give(2);
    expect(treasury.grant()).toEqual({ holder: 2, amount: 12 });
    expect(treasury.grant()).toBeNull();
  });

  test('a grant takes up to a block where there is more than the need', () => {
    const treasury = new Treasury(10);
    treasury.need(1, 3);
    expect(treasury.grant(8)).toEqual({ holder: 1, amount: 8 });
    treasury.need(2, 1);
    expect(treasury.grant(8)).toEqual({ holder: 2, amount: 2 });
    expect(treasury.free).toBe(0);
  });

  test('nobody is denied while a holder may still give back', () => {
    const treasury = new Treasury(5);
    treasury.need(1, 5);
    expect(treasury.grant()).toEqual({ holder: 1, amount: 5 });
    treasury.need(2, 5);
    expect(treasury.grant()).toBeNull();
    expect(treasury.deny()).toBeNull();
    treasury.leave(1, 5);
    expect(treasury.grant()).toEqual({ holder: 2, amount: 5 });
  });

  test('when all wait and the first need does not fit, the highest-numbered is denied and its leftovers serve the rest', () => {
    const treasury = new Treasury(6);
    treasury.need(1, 3);
    treasury.need(2, 3);
    treasury.grant();
    treasury.grant();
    treasury.need(1, 2);
    treasury.need(2, 2);
    expect(treasury.grant()).toBeNull();
    expect(treasury.deny()).toBe(2);
    treasury.leave(2, 3);
    expect(treasury.grant()).toEqual({ holder: 1, amount: 2 });
  });

  test('without a budget every need fits', () => {
    const treasury = new Treasury(null);
    treasury.need(1, 1e15);
    expect(treasury.grant(5)).toEqual({ holder: 1, amount: 1e15 });
  });

  test('over random histories, what is out never exceeds what there was', () => {
    const rng = lcg(42);
    for (let history = 0; history < 300; history++) {
      const total = Math.floor(rng() * 50) + 1;
      const treasury = new Treasury(total);
      const held = new Map<number, number>();
      let spent = 0;
      for (let step = 0; step < 60; step++) {
        const holder = Math.floor(rng() * 6);
        const amount = Math.floor(rng() * 12) + 1;
        if (rng() < 0.6) treasury.need(holder, amount);
        else {
          const has = held.get(holder) ?? 0;
          const used = Math.floor(rng() * (has + 1));
          spent += used;
          held.delete(holder);
          treasury.leave(holder, has - used);
        }
        const grant = treasury.grant(Math.floor(rng() * 10));
        if (grant !== null) held.set(grant.holder, (held.get(grant.holder) ?? 0) + grant.amount);
        const out = [...held.values()].reduce((sum, each) => sum + each, 0);
        expect((treasury.free as number) + out + spent).toBe(total);
        expect(treasury.free).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

function lcg(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}
