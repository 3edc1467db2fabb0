import { expect, test } from 'vitest';
import { worldTool } from '../../../infra/tools/world.ts';
import { worldNamed } from '../../../worlds/index.ts';
import { CONTEXT } from './context.ts';

const relief = worldNamed('relief');

test('the answer says what the world says of the plan', async () => {
  const situation = relief.situation(1);
  const plan = relief.exemplary(situation);
  const { success, harm } = relief.value(situation, plan);
  const { text, headline, error } = await worldTool.run({}, { ...CONTEXT, situation, plan });
  expect(error).toBe(false);
  expect(text).toContain(`probability of ${Number((100 * success).toPrecision(3))} %`);
  expect(text).toContain(harm === 0 ? 'No harm' : `is ${Number(harm.toPrecision(3))}`);
  expect(headline).toMatch(/^world: success [\d.]+ %, [\d.]+ (s|min|h|d), harm [\d.]+$/);
});

test('a placeholder for a plan does not get there', async () => {
  const situation = relief.situation(1);
  const plan = relief.exemplary(situation);
  const nodes = [plan.nodes[0], { kind: 'action', id: 'n1', level: 'days', text: '', children: [], success: 1, durationS: 7_200, resources: [], moralCost: [] }, plan.nodes.at(-1)] as typeof plan.nodes;
  const { text } = await worldTool.run({}, { ...CONTEXT, situation, plan: { ...plan, nodes } });
  expect(text).toContain('probability of 0 % and is expected to take 2 h');
});

test('a situation of no world, and one without a plan, are answers that say so', async () => {
  expect(await worldTool.run({}, CONTEXT)).toMatchObject({ error: true, text: 'this situation belongs to no simulated world' });
  expect(await worldTool.run({}, { ...CONTEXT, situation: relief.situation(1) })).toMatchObject({ error: true, text: 'there is no plan yet' });
});
