import { expect, test } from 'vitest';
import { applyEdits } from '../../plans/edits.ts';
import { shareKept } from '../../plans/kept.ts';
import { keepPromise, measure, mismatches, promiseFindings, type Measured } from '../../plans/promises.ts';
import { INITIAL_ID, TARGET_ID, type ActionNode, type Plan } from '../../schemas/plan.ts';

function action(id: string, level: 'hours' | 'days', claims: Partial<Measured> = {}, children: Plan['nodes'] = []): ActionNode {
  return { kind: 'action', id, level, text: `do ${id}`, success: 1, durationS: 0, resources: [], moralCost: [], ...claims, children };
}

const Wh = (amount: number) => ({ name: 'energy', amount, unit: 'Wh' as const });

function plan(coarse: Partial<Measured>): Plan {
  const children: Plan['nodes'] = [
    action('n3', 'hours', { success: 0.9, durationS: 1_800, resources: [Wh(40)], moralCost: [{ on: 'Ada', amount: 0.2, why: 'noise' }] }),
    { kind: 'state', id: 'n4', level: 'hours', text: 'half way' },
    action('n5', 'hours', { success: 0.8, durationS: 3_600, resources: [Wh(60), { name: 'tape', amount: 2, unit: 'm' }], moralCost: [{ on: 'Ada', amount: 0.3, why: 'dust' }] }),
  ];
  return {
    stance: 'pursue',
    stanceArgument: '',
    nextId: 6,
    nodes: [
      { kind: 'state', id: INITIAL_ID, level: 'days', text: 'start' },
      action('n1', 'days', coarse, children),
      { kind: 'state', id: TARGET_ID, level: 'days', text: 'end' },
    ],
  };
}

const TRUE: Measured = { success: 0.72, durationS: 5_400, resources: [Wh(100), { name: 'tape', amount: 2, unit: 'm' }], moralCost: [{ on: 'Ada', amount: 0.5, why: 'noise; dust' }] };

test('a sub-plan comes to the sum of its times, amounts and costs, and the product of its chances', () => {
  const children = (plan({}).nodes[1] as ActionNode).children.filter((node) => node.kind === 'action');
  const measured = measure(children);
  expect(measured.success).toBeCloseTo(0.72);
  expect(measured).toMatchObject({ ...TRUE, success: expect.any(Number) as number });
});

test('a promise that its sub-plan keeps within tolerance is no finding', () => {
  expect(promiseFindings(plan(TRUE))).toEqual([]);
  expect(promiseFindings(plan({ ...TRUE, success: 0.8, durationS: 4_200 }))).toEqual([]);
});

test.each([
  ['durationS', { durationS: 3_600 }, 'takes 5400 s where 3600 s were promised', false],
  ['durationS', { durationS: 600 }, 'takes 5400 s where 600 s were promised', true],
  ['success', { success: 0.99 }, 'succeeds with 0.72 where 0.99 was promised', true],
  ['resources', { resources: [Wh(60), { name: 'tape', amount: 2, unit: 'm' as const }] }, 'needs 100 of energy (Wh) where 60 was promised', false],
  ['resources', { resources: [Wh(100)] }, 'needs 2 of tape (m) where 0 was promised', true],
  ['moralCost', { moralCost: [] }, 'costs Ada 0.5 where 0 was admitted', true],
] as const)('a broken promise of %s is told in words and figures', (field, change, what, far) => {
  const promised = { ...TRUE, ...change } as Measured;
  expect(mismatches(promised, TRUE)).toEqual([{ field, what, far }]);
  expect(promiseFindings(plan(promised))).toMatchObject([{ node: 'n1', severity: far ? 'major' : 'minor', issue: expect.stringContaining(what) as string }]);
});

test('the edits that keep a promise leave nothing to find', () => {
  const broken = plan({ success: 0.1, durationS: 1, resources: [], moralCost: [] });
  const [finding] = promiseFindings(broken);
  expect(finding?.severity).toBe('major');
  const mended = applyEdits(broken, keepPromise('n1', TRUE, ['success', 'durationS', 'resources', 'moralCost']));
  expect(promiseFindings(mended)).toEqual([]);
});

test('the share kept counts the nodes that nobody criticised, as they were', () => {
  const before = plan(TRUE);
  const after = applyEdits(before, keepPromise('n3', { ...TRUE, durationS: 9 }, ['durationS']));
  expect(shareKept(before, before, new Set())).toBe(1);
  // one of six nodes changed
  expect(shareKept(before, after, new Set())).toBeCloseTo(5 / 6);
  expect(shareKept(before, after, new Set(['n3']))).toBe(1);
  expect(shareKept(before, after, new Set(['n1', 'n4']))).toBeCloseTo(3 / 4);
});
