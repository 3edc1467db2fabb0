import { describe, expect, test } from 'vitest';
import { checkPlan } from '../../../plans/check.ts';
import { applyEdits } from '../../../plans/edits.ts';
import { isMaterial } from '../../../plans/material.ts';
import { walk } from '../../../plans/tree.ts';
import { contentHash } from '../../../schemas/canonical.ts';
import type { ActionNode, Plan } from '../../../schemas/plan.ts';
import { SituationContent } from '../../../schemas/situation.ts';
import { WORLDS } from '../../../worlds/index.ts';
import { rngOf } from '../../../worlds/rng.ts';
import type { World } from '../../../worlds/world.ts';
import { mendAll } from '../mend-all.ts';

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);
const actionTexts = (nodes: Plan['nodes']) => nodes.flatMap((node) => (node.kind === 'action' ? [node.text] : []));

/** Every situation that the exemplary plans of the first seeds open, with the action that opens it. */
function opened(world: World): { whole: SituationContent; plan: Plan; action: ActionNode; part: SituationContent }[] {
  return SEEDS.flatMap((seed) => {
    const whole = world.situation(seed);
    const plan = world.exemplary(whole);
    return plan.nodes.flatMap((action) => {
      const part = world.expand(whole, plan, action.id);
      return part && action.kind === 'action' ? [{ whole, plan, action, part }] : [];
    });
  });
}

describe.each(Object.values(WORLDS))('the $name world', (world) => {
  const parts = opened(world);

  test('opens exactly the coarse actions that it has steps for, from the state before to the state after, one level finer', () => {
    for (const seed of SEEDS) {
      const whole = world.situation(seed);
      const plan = world.exemplary(whole);
      for (const { node } of walk(plan)) expect(world.expand(whole, plan, node.id) !== null).toBe(node.kind === 'action' && node.children.length > 0);
      expect(world.expand(whole, plan, 'n999')).toBeNull();
    }
    expect(parts.length).toBeGreaterThan(60);
    for (const { whole, plan, action, part } of parts) {
      const at = plan.nodes.indexOf(action);
      const texts = [plan.nodes[at - 1], plan.nodes[at + 1]].map((node) => (node?.kind === 'state' ? node.text : ''));
      expect([part.initial, part.target]).toEqual(texts);
      expect(part.horizon).toEqual(whole.horizon.slice(0, -1));
      expect(part.parent).toEqual({ situation: contentHash(whole), node: action.id });
      expect(SituationContent.parse(part)).toEqual(part);
    }
  });

  test('names the parent by its id, also where the situation carries its place in a campaign', () => {
    const [first] = parts;
    if (!first) throw new Error('nothing opened');
    const { whole, plan, action, part } = first;
    const id = contentHash(whole);
    expect(world.expand({ ...whole, ...{ id, index: 3, root: id } }, plan, action.id)).toEqual(part);
  });

  test('opens an action that is not worked out yet as well, and nothing that it does not know', () => {
    for (const { whole, plan, action, part } of parts.slice(0, 20)) {
      const coarse = { ...plan, nodes: plan.nodes.map((node) => (node === action ? { ...action, children: [] } : node)) };
      expect(world.expand(whole, coarse, action.id)).toEqual(part);
      const strange = { ...plan, nodes: plan.nodes.map((node) => (node === action ? { ...action, text: 'Hope for the best.' } : node)) };
      expect(world.expand(whole, strange, action.id)).toBeNull();
    }
  });

  test('knows a plan for a part that does what the sub-plan does, without flaw, and nothing finer', () => {
    for (const { action, part } of parts) {
      const plan = world.exemplary(part);
      expect(plan.stance).toBe('pursue');
      expect(actionTexts(plan.nodes)).toEqual(actionTexts(action.children));
      expect(checkPlan(plan, part)).toEqual([]);
      expect(world.inspect(part, plan)).toEqual([]);
      for (const { id } of plan.nodes) expect(world.expand(part, plan, id)).toBeNull();
    }
  });

  test('values the plan of a part from where the way so far has led: its chance is that of its own steps', () => {
    for (const { action, part } of parts) {
      const plan = world.exemplary(part);
      const luck = action.children.reduce((chance, node) => chance * (node.kind === 'action' ? node.success : 1), 1);
      const value = world.value(part, plan);
      // failed checks lower the chance of what they guard, and do not bring it to nothing
      expect(value.success).toBeGreaterThanOrEqual(luck - 1e-9);
      expect(value.success).toBeLessThan(1);
      expect(value.durationS).toBeCloseTo(action.durationS, 6);
      const giveUp: Plan = { ...plan, stance: 'decline', stanceArgument: 'too much trouble' };
      expect(world.value(part, giveUp).logReward).toBeLessThan(value.logReward - 0.5);
      expect(world.inspect(part, giveUp).map(({ stance }) => stance)).toEqual(['pursue']);
    }
  });

  test('spoils plans of parts, finds what is wrong and mends it', () => {
    const kinds = new Set<string>();
    for (const [i, { part }] of parts.entries()) {
      const exemplary = world.exemplary(part);
      const best = world.value(part, exemplary).logReward;
      const worse = applyEdits(exemplary, world.worsen(part, exemplary, rngOf(`one/${i}`)));
      for (const { class: kind } of world.inspect(part, worse)) kinds.add(kind);
      expect(best - world.value(part, worse).logReward).toBeGreaterThan(0.05);
      for (const rate of [0.4, 1]) {
        const spoiled = world.spoil(part, exemplary, rate, rngOf(`${i}/${rate}`));
        expect(checkPlan(spoiled, part)).toEqual([]);
        if (isMaterial(exemplary, spoiled, 0.05)) expect(world.value(part, spoiled).logReward).toBeLessThan(best - 0.05);
        const { plan, rounds } = mendAll(world, part, spoiled);
        expect(rounds).toBeLessThan(5);
        expect(world.value(part, plan).logReward).toBeGreaterThan(best - 0.005);
      }
    }
    expect([...kinds].sort()).toEqual([...world.flawClasses].sort());
  });

  test('refuses a task that the situation does not have, naming those it has', () => {
    const [first] = parts;
    if (!first || first.part.world === null) throw new Error('nothing opened');
    const strange = { ...first.part, world: { ...first.part.world, task: 'fly' } };
    expect(() => world.exemplary(strange)).toThrow(`world.task: the situation has no task "fly"; it has: ${parts.filter(({ whole }) => whole === first.whole).map(({ part }) => part.world?.task).join(', ')}`);
  });
});

test('a way that should not be gone opens nothing', () => {
  const { relief } = WORLDS;
  if (!relief) throw new Error('no relief');
  let fetched = 0;
  for (const seed of SEEDS) {
    const situation = relief.situation(seed);
    const best = relief.exemplary(situation);
    if (best.stance === 'pursue') continue;
    const wrong = relief.spoil(situation, best, 1, rngOf(`${seed}`));
    const fetch = wrong.nodes.find((node) => node.kind === 'action' && node.text.startsWith('Fetch'));
    if (!fetch) continue;
    fetched += 1;
    expect(relief.expand(situation, wrong, fetch.id)).toBeNull();
  }
  expect(fetched).toBeGreaterThan(3);
});
