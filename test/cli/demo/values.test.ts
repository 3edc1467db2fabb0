import { expect, test } from 'vitest';
import { findExample } from '../../../cli/demo/example.ts';
import { valuesByVersion } from '../../../cli/demo/values.ts';

const version = (revision: number, log_reward: number | null, is_final = false, branch = 'main') => ({ branch, revision, is_final, log_reward });

test('values are averaged by revision on the main line, then over the final versions', () => {
  const rows = [version(0, -4), version(1, -2, true), version(0, -8), version(1, -4), version(2, -1, true), version(0, -100, false, 'a1')];
  expect(valuesByVersion(rows)).toEqual([
    { version: '0', mean: -6, sd: Math.sqrt(8), n: 2 },
    { version: '1', mean: -3, sd: Math.sqrt(2), n: 2 },
    { version: '2', mean: -1, sd: 0, n: 1 },
    { version: 'final', mean: -1.5, sd: Math.sqrt(0.5), n: 2 },
  ]);
});

test('plans that no world values are left out', () => {
  expect(valuesByVersion([version(0, null, true)])).toEqual([]);
});

test('the example is the shortest converged plan that changed at least twice', () => {
  const line = (situation_index: number, changes: number, length: number, label: 'positive' | 'none' = 'positive') =>
    Array.from({ length: changes + 1 }, (_, revision) => ({
      situation_index, branch: 'main', revision, label: revision === changes ? label : ('negative' as const), is_final: revision === changes,
      distance_to_previous: revision === 0 ? 0 : 1, plan_json: '{}', plan_text: 'x'.repeat(length), textbook: null, initial_state: '', target_state: null,
    }));
  const rows = [...line(0, 1, 5), ...line(1, 3, 90), ...line(2, 2, 70), ...line(3, 4, 10, 'none')];
  expect(findExample(rows)?.index).toBe(2);
  expect(findExample(line(0, 1, 5))).toBeNull();
});
