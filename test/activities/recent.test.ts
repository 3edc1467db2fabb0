import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recent } from '../../activities/recent.ts';

test('what was used last stays, and the sizes kept never exceed the bound', () => {
  const use = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), size: fc.integer({ min: 1, max: 6 }), set: fc.boolean() });
  fc.assert(
    fc.property(fc.array(use, { maxLength: 60 }), (uses) => {
      const recent = new Recent<number>(10);
      // the same by a list, most recently used last
      let kept: { key: string; size: number }[] = [];
      for (const [i, { key, size, set }] of uses.entries()) {
        const known = kept.find((each) => each.key === key);
        if (set) {
          recent.set(key, i, size);
          kept = [...kept.filter((each) => each.key !== key), { key, size }];
          while (kept.reduce((sum, each) => sum + each.size, 0) > 10) kept.shift();
        } else {
          expect(recent.get(key) !== undefined).toBe(known !== undefined);
          if (known !== undefined) kept = [...kept.filter((each) => each !== known), known];
        }
      }
      for (const key of ['a', 'b', 'c', 'd', 'e']) expect(recent.get(key) !== undefined).toBe(kept.some((each) => each.key === key));
    }),
  );
});
