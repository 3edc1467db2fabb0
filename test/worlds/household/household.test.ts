import { describe, expect, test } from 'vitest';
import { checkPlan } from '../../../plans/check.ts';
import { applyEdits } from '../../../plans/edits.ts';
import { walk } from '../../../plans/tree.ts';
import { contentHash } from '../../../schemas/canonical.ts';
import type { ActionNode, Plan, Stance } from '../../../schemas/plan.ts';
import { SituationContent } from '../../../schemas/situation.ts';
import { layOut } from '../../../worlds/domain/layout.ts';
import { leavesOf } from '../../../worlds/domain/leaves.ts';
import { at, deedOf, moveBefore, remove, rewrite } from '../../../worlds/domain/mends.ts';
import { draw } from '../../../worlds/household/draw.ts';
import { household } from '../../../worlds/household/index.ts';
import { sceneOf } from '../../../worlds/household/scene.ts';

const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed);
const logReward = (situation: SituationContent, plan: Plan) => household.value(situation, plan).logReward;
const topActions = (plan: Plan) => plan.nodes.filter((node): node is ActionNode => node.kind === 'action');

/** Every order of a list. */
function orders<T>(list: T[]): T[][] {
  if (list.length < 2) return [list];
  return list.flatMap((first, i) => orders([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [first, ...rest]));
}

describe('situations', () => {
  test('500 seeds give 500 different ones, all of the schema', () => {
    const ids = seeds(500).map((seed) => contentHash(SituationContent.parse(household.situation(seed))));
    expect(new Set(ids).size).toBe(500);
  });

  test('are the same for a seed each time, and another world\'s are refused', () => {
    expect(household.situation(7)).toEqual(household.situation(7));
    expect(() => household.value({ ...household.situation(7), world: { name: 'relief', seed: 7 } }, household.exemplary(household.situation(7)))).toThrow('world: the situation is of relief, not of "household"');
  });

  test('mostly pursue their target; in some declining is right, in some a palliative; some are flat', () => {
    const draws = seeds(2000).map(draw);
    const share = (holds: (d: (typeof draws)[number]) => boolean) => draws.filter(holds).length / draws.length;
    const stance = (best: Stance) => share((d) => d.best === best);
    expect(stance('decline')).toBeGreaterThan(0.12);
    expect(stance('decline')).toBeLessThan(0.2);
    expect(stance('palliate')).toBeGreaterThan(0.06);
    expect(stance('palliate')).toBeLessThan(0.13);
    expect(share(({ flat }) => flat)).toBeGreaterThan(0.1);
    expect(share(({ conflict }) => conflict)).toBeGreaterThan(0.25);
  });
});

describe('the exemplary plan', () => {
  test('is sound, without flaws, of at most 6 top actions and 32 nodes', () => {
    for (const seed of seeds(500)) {
      const situation = household.situation(seed);
      const plan = household.exemplary(situation);
      expect(checkPlan(plan, situation)).toEqual([]);
      expect(household.inspect(situation, plan)).toEqual([]);
      expect(topActions(plan).length).toBeLessThanOrEqual(6);
      expect([...walk(plan)].length).toBeLessThanOrEqual(32);
    }
  });

  test('keeps every promise in time if all goes well: only bad luck is left', () => {
    for (const seed of seeds(300)) {
      const situation = household.situation(seed);
      const plan = household.exemplary(situation);
      if (plan.stance !== 'pursue') continue;
      const luck = leavesOf(sceneOf(situation), plan).reduce((chance, { node }) => chance * node.success, 1);
      // a check that fails lowers the chance of what it was for, but does not bring it to nothing
      expect(household.value(situation, plan).success).toBeGreaterThanOrEqual(luck - 1e-9);
    }
  });

  test('has the best stance: pursuing loses where someone would be harmed, and a palliative beats a bare no', () => {
    for (const seed of seeds(300)) {
      const situation = household.situation(seed);
      const scene = sceneOf(situation);
      const values = (Object.keys(scene.ways) as Stance[]).map((stance) => ({ stance, value: logReward(situation, layOut(scene, situation, stance)) }));
      values.sort((a, b) => b.value - a.value);
      expect(values[0]?.stance).toBe(scene.draw.best);
      expect((values[0]?.value ?? 0) - (values[1]?.value ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(0.2);
      if (scene.draw.best !== 'pursue') continue;
      const giveUp: Plan = { ...household.exemplary(situation), stance: 'decline', stanceArgument: 'too much to do' };
      expect(logReward(situation, giveUp)).toBeLessThan((values[0]?.value ?? 0) - 0.5);
    }
  });

  test('is bettered by no other order of its top actions', () => {
    for (const seed of seeds(25)) {
      const situation = household.situation(seed);
      const plan = household.exemplary(situation);
      const states = plan.nodes.filter(({ kind }) => kind === 'state');
      for (const order of orders(topActions(plan))) {
        const nodes = states.flatMap((state, i) => [state, ...order.slice(i, i + 1)]);
        expect(logReward(situation, { ...plan, nodes })).toBeLessThanOrEqual(logReward(situation, plan) + 0.005);
      }
    }
  });

  test('cannot be bettered by leaving out an action, by exchanging two neighbours, or by doing anything else that the world knows at any time', () => {
    for (const seed of seeds(8)) {
      const situation = household.situation(seed);
      const scene = sceneOf(situation);
      const plan = household.exemplary(situation);
      const best = logReward(situation, plan);
      const leaves = leavesOf(scene, plan);
      for (const [i, leaf] of leaves.entries()) {
        expect(logReward(situation, applyEdits(plan, remove(leaf)))).toBeLessThan(best - (remove(leaf).length > 0 ? 0.02 : -1e-9));
        const next = leaves[i + 1];
        if (!next) continue;
        const claims = ({ node: { success, durationS, resources, moralCost } }: typeof leaf) => ({ success, durationS, resources, moralCost });
        const swapped = applyEdits(plan, [
          ...rewrite(leaf.node.id, { text: next.node.text, claims: claims(next) }),
          ...rewrite(next.node.id, { text: leaf.node.text, claims: claims(leaf) }),
        ]);
        expect(logReward(situation, swapped)).toBeLessThanOrEqual(best + 0.005);
      }
      for (const op of scene.operators.values()) {
        for (const k of [...leaves.keys(), leaves.length]) {
          expect(logReward(situation, applyEdits(plan, at(plan, leaves, k, deedOf(op, 'more'))))).toBeLessThanOrEqual(best + 0.005);
        }
      }
    }
  });

  test('does right to let a promise go: playing the game in its stead, at any time of the day, is worse for someone', () => {
    let days = 0;
    for (const seed of seeds(40)) {
      const situation = household.situation(seed);
      const scene = sceneOf(situation);
      const play = scene.operators.get('play');
      if (!play) continue;
      days += 1;
      const plan = household.exemplary(situation);
      const leaves = leavesOf(scene, plan);
      const release = leaves.find(({ operator }) => operator?.id === 'release');
      for (const k of [...leaves.keys(), leaves.length]) {
        const played = applyEdits(plan, [...at(plan, leaves, k, deedOf(play, 'play')), ...(release ? remove(release) : [])]);
        expect(logReward(situation, played)).toBeLessThan(logReward(situation, plan));
      }
    }
    expect(days).toBeGreaterThan(8);
  });
});

describe('inspection', () => {
  /** The first day of one of the kinds of errand, and its exemplary plan. */
  const day = (asked: (d: ReturnType<typeof draw>) => boolean) => {
    const seed = seeds(5000).find((each) => asked(draw(each))) ?? -1;
    const situation = household.situation(seed);
    const plan = household.exemplary(situation);
    const leaf = (id: string) => {
      const found = leavesOf(sceneOf(situation), plan).find(({ operator }) => operator?.id === id);
      if (!found) throw new Error(`no ${id}`);
      return found;
    };
    return { situation, plan, leaf, told: (spoiled: Plan) => household.inspect(situation, spoiled).map(({ class: kind, node }) => ({ kind, node })) };
  };

  test('says that someone is woken, called out of a meeting, or not asked', () => {
    const dose = day((d) => d.errands.includes('dose') && !d.errands.includes('clean') && d.gaps.awake.wait);
    expect(dose.told(applyEdits(dose.plan, remove(dose.leaf('wait.awake'))))).toEqual([{ kind: 'harm', node: dose.leaf('dose.give').node.id }]);
    const loan = day((d) => d.errands.includes('loan') && d.gaps.free.wait);
    expect(loan.told(applyEdits(loan.plan, remove(loan.leaf('wait.free'))))).toEqual([{ kind: 'scarcity', node: loan.leaf('loan.ask').node.id }]);
    expect(loan.told(applyEdits(loan.plan, remove(loan.leaf('loan.ask'))))).toEqual([{ kind: 'permission', node: loan.leaf('loan.fetch').node.id }]);
  });

  test('says that a promise is broken unasked', () => {
    const { plan, leaf, told } = day((d) => d.conflict);
    expect(told(applyEdits(plan, remove(leaf('release'))))).toEqual([{ kind: 'permission', node: 'g' }]);
  });

  test('says which promise is late, since when, and puts the errand first again', () => {
    const { situation, plan } = day((d) => d.errands.join() === 'meal,parcel' && !d.conflict && !d.charge);
    const [meal, parcel] = topActions(plan);
    if (!meal || !parcel) throw new Error('not two errands');
    const exchanged = applyEdits(plan, moveBefore(plan, meal, [{ action: parcel, afterText: 'The parcel is delivered.' }]));
    const [flaw, ...others] = household.inspect(situation, exchanged);
    expect(others).toEqual([]);
    expect(flaw?.class).toBe('order');
    expect(flaw?.issue).toMatch(/^"Serve .* the meal\." is done at \d\d:\d\d and was promised to .* by \d\d:\d\d$/);
    expect(flaw?.suggestion).toBe(`first do what can be done before: ${parcel.text}`);
    const mended = applyEdits(exchanged, flaw?.mend ?? []);
    expect(topActions(mended).map(({ text }) => text)).toEqual([meal.text, parcel.text]);
    expect(logReward(situation, mended)).toBeCloseTo(logReward(situation, plan), 10);
  });

  test('says that a wait stands before what could be done meanwhile, where that makes a promise late', () => {
    const { situation, plan, leaf } = day((d) => d.errands.join() === 'clean' && d.gaps.awake.wait && d.gaps.awake.waitS >= 35 * 60);
    const [clear, wait] = [leaf('clean.clear'), leaf('wait.awake')];
    const scene = sceneOf(situation);
    const [op] = leavesOf(scene, plan).flatMap(({ operator }) => (operator?.id === 'wait.awake' ? [operator] : []));
    if (!op) throw new Error('no wait');
    const leaves = leavesOf(scene, plan);
    const early = applyEdits(plan, [...at(plan, leaves, leaves.findIndex(({ node }) => node.id === clear.node.id), deedOf(op, 'early')), ...remove(wait)]);
    const [flaw, ...others] = household.inspect(situation, early);
    expect(others).toEqual([]);
    expect(flaw).toMatchObject({ class: 'order', suggestion: `first do what can be done before: ${op.text}` });
    expect(logReward(situation, applyEdits(early, flaw?.mend ?? []))).toBeCloseTo(logReward(situation, plan), 10);
  });

  test('says that the battery does not last the day, at the action where it runs low, and charges first', () => {
    const { situation, plan, leaf } = day((d) => d.charge && d.request === null && !d.flat);
    const spoiled = applyEdits(plan, remove(leaf('charge')));
    const [flaw, ...others] = household.inspect(situation, spoiled);
    expect(others).toEqual([]);
    expect(flaw?.class).toBe('scarcity');
    expect(flaw?.issue).toMatch(/leaves -?\d+ Wh where 100 Wh must remain/);
    expect(topActions(applyEdits(spoiled, flaw?.mend ?? []))[0]?.text).toBe('Charge on the dock for an hour.');
  });

  test('says that a target that harms someone should be given up, and rebuilds the plan', () => {
    const { situation, plan } = day((d) => d.best === 'palliate');
    const scene = sceneOf(situation);
    const [flaw] = household.inspect(situation, layOut(scene, situation, 'pursue'));
    expect(flaw).toMatchObject({ class: 'harm', severity: 'major', stance: 'palliate', suggestion: plan.stanceArgument });
  });
});
