import { expect, test } from 'vitest';
import { applyEdits } from '../../../plans/edits.ts';
import { promiseFinding, type Measured } from '../../../plans/promises.ts';
import { INITIAL_ID, TARGET_ID, type ActionNode, type Plan } from '../../../schemas/plan.ts';
import { promiseMend } from '../../../worlds/sim/promise.ts';

const action: ActionNode = { kind: 'action', id: 'n1', level: 'days', text: 'walk', success: 0.9, durationS: 60, resources: [{ name: 'energy', amount: 5, unit: 'Wh' }], moralCost: [], children: [] };
const plan: Plan = {
  stance: 'pursue',
  stanceArgument: '',
  nextId: 2,
  nodes: [{ kind: 'state', id: INITIAL_ID, level: 'days', text: 'a' }, action, { kind: 'state', id: TARGET_ID, level: 'days', text: 'b' }],
};

test('what a finer campaign found is taken up, whatever the finding tells', () => {
  const measured: Measured = { success: 0.5, durationS: 7_200, resources: [{ name: 'energy', amount: 40, unit: 'Wh' }, { name: 'tape', amount: 2, unit: 'm' }], moralCost: [{ on: 'people of the camp', amount: 0.4, why: 'noise' }] };
  const finding = promiseFinding(action, measured);
  if (finding === null) throw new Error('nothing to find');
  const mended = applyEdits(plan, promiseMend(plan, finding)).nodes[1] as ActionNode;
  expect(promiseFinding(mended, measured)).toBeNull();
  expect(mended).toMatchObject({ success: 0.5, durationS: 7_200 });
});

test("a critic's own finding is none of the sort", () => {
  expect(promiseMend(plan, { node: 'n1', severity: 'minor', issue: 'the finer plan is dull', suggestion: '', quote: 'words' })).toEqual([]);
  expect(promiseMend(plan, { node: 's0', severity: 'minor', issue: 'the finer plan takes 3 s where 4 s were promised', suggestion: '', quote: '' })).toEqual([]);
});
