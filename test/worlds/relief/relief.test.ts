import { describe, expect, test } from 'vitest';
import { checkPlan } from '../../../plans/check.ts';
import { applyEdits } from '../../../plans/edits.ts';
import { walk } from '../../../plans/tree.ts';
import { contentHash } from '../../../schemas/canonical.ts';
import type { Plan, Stance } from '../../../schemas/plan.ts';
import { SituationContent } from '../../../schemas/situation.ts';
import { worldNamed } from '../../../worlds/index.ts';
import { relief } from '../../../worlds/relief/index.ts';
import { layOut } from '../../../worlds/domain/layout.ts';
import { leavesOf } from '../../../worlds/domain/leaves.ts';
import { remove, rewrite } from '../../../worlds/domain/mends.ts';
import { PEOPLE, PLACES } from '../../../worlds/relief/names.ts';
import { sceneOf } from '../../../worlds/relief/scene.ts';

const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed);
const logReward = (situation: SituationContent, plan: Plan) => relief.value(situation, plan).logReward;

describe('situations', () => {
  test('500 seeds give 500 different ones, all of the schema', () => {
    const ids = seeds(500).map((seed) => contentHash(SituationContent.parse(relief.situation(seed))));
    expect(new Set(ids).size).toBe(500);
  });

  test('a seed gives the same situation each time', () => {
    expect(relief.situation(7)).toEqual(relief.situation(7));
  });

  test('in 10 to 16 % of them declining is right, in some a palliative; sub-plans are the rule, not a law', () => {
    const scenes = seeds(1000).map((seed) => sceneOf(relief.situation(seed)).draw);
    const share = (stance: Stance) => scenes.filter(({ best }) => best === stance).length / scenes.length;
    expect(share('decline')).toBeGreaterThan(0.1);
    expect(share('decline')).toBeLessThan(0.16);
    expect(share('palliate')).toBeGreaterThan(0.02);
    const flat = scenes.filter((scene) => scene.flat).length / scenes.length;
    expect(flat).toBeGreaterThan(0.1);
    expect(flat).toBeLessThan(0.3);
  });

  test('tell whatever the best plan has to know: names, the way’s figures, who must be warned', () => {
    for (const seed of seeds(500)) {
      const situation = relief.situation(seed);
      const told = `${situation.initial} ${situation.target}`;
      const leaves = [...walk(relief.exemplary(situation))].flatMap(({ node }) => (node.kind === 'action' && node.children.length === 0 ? [node] : []));
      for (const name of [...PEOPLE, ...PLACES]) {
        if (leaves.some(({ text }) => text.includes(name))) expect(told).toContain(name);
      }
      const kmPerH = Number(/drives (\d+) km an hour/.exec(told)?.[1]);
      const whPerKm = Number(/draws (\d+) Wh a km/.exec(told)?.[1]);
      const lengths = [...told.matchAll(/(\d+) km(?! an hour| a km)/g)].map((match) => Number(match[1]));
      for (const { text, durationS, resources } of leaves.filter((leaf) => leaf.text.startsWith('Drive'))) {
        const km = Math.round((resources[0]?.amount ?? 0) / whPerKm);
        expect(lengths, text).toContain(km);
        expect(Math.abs(durationS - (km / kmPerH) * 3600), text).toBeLessThanOrEqual(300);
      }
      const { best, warn } = sceneOf(situation).draw;
      if (best !== 'decline') expect(leaves.some(({ text }) => text.startsWith('Warn'))).toBe(told.includes('do not know that'));
      else expect(told.includes('do not know that')).toBe(warn);
    }
  });

  test('another world is named as unknown, with those that are known', () => {
    expect(() => worldNamed('atlantis')).toThrow('no world "atlantis"; known: relief, household');
    expect(() => worldNamed('toString')).toThrow('known: relief');
  });
});

describe('the exemplary plan', () => {
  test('is sound, without flaws, of 3 to 7 top actions and at most 26 nodes where it pursues the target', () => {
    for (const seed of seeds(500)) {
      const situation = relief.situation(seed);
      const plan = relief.exemplary(situation);
      expect(checkPlan(plan, situation)).toEqual([]);
      expect(relief.inspect(situation, plan)).toEqual([]);
      if (plan.stance !== 'pursue') continue;
      const actions = plan.nodes.filter(({ kind }) => kind === 'action').length;
      expect(actions).toBeGreaterThanOrEqual(3);
      expect(actions).toBeLessThanOrEqual(7);
      const size = [...walk(plan)].length;
      expect(size).toBeGreaterThanOrEqual(9);
      expect(size).toBeLessThanOrEqual(26);
    }
  });

  test('has the best stance: declining beats pursuing only where the goods are the last stock, and a palliative beats both where there is one', () => {
    for (const seed of seeds(300)) {
      const situation = relief.situation(seed);
      const scene = sceneOf(situation);
      const values = Object.fromEntries((Object.keys(scene.ways) as Stance[]).map((stance) => [stance, logReward(situation, layOut(scene, situation, stance))]));
      const best = Object.entries(values).sort(([, a], [, b]) => b - a)[0]?.[0];
      expect(best).toBe(scene.draw.best);
      expect(relief.exemplary(situation).stance).toBe(scene.draw.best);
      if (scene.draw.best !== 'pursue') continue;
      const giveUp: Plan = { ...relief.exemplary(situation), stance: 'decline', stanceArgument: 'too much trouble' };
      expect(logReward(situation, giveUp)).toBeLessThan(values.pursue ?? 0);
    }
  });

  test('cannot be bettered by leaving out an action or by exchanging two neighbours', () => {
    for (const seed of seeds(60)) {
      const situation = relief.situation(seed);
      const plan = relief.exemplary(situation);
      const leaves = leavesOf(sceneOf(situation), plan);
      for (const [i, leaf] of leaves.entries()) {
        const without = applyEdits(plan, remove(leaf));
        expect(logReward(situation, without)).toBeLessThanOrEqual(logReward(situation, plan));
        const next = leaves[i + 1];
        if (!next) continue;
        const claims = ({ node: { success, durationS, resources, moralCost } }: typeof leaf) => ({ success, durationS, resources, moralCost });
        const swapped = applyEdits(plan, [
          ...rewrite(leaf.node.id, { text: next.node.text, claims: claims(next) }),
          ...rewrite(next.node.id, { text: leaf.node.text, claims: claims(leaf) }),
        ]);
        expect(logReward(situation, swapped)).toBeLessThanOrEqual(logReward(situation, plan) + 0.005);
      }
    }
  });
});

describe('inspection', () => {
  /** A deliver scene with sub-plans whose exemplary plan has every operator of the test below. */
  const situation = relief.situation(0);
  const plan = relief.exemplary(situation);
  const leaf = (id: string) => {
    const found = leavesOf(sceneOf(situation), plan).find(({ operator }) => operator?.id === id);
    if (!found) throw new Error(`no ${id}`);
    return found;
  };

  test('says which action suffers when its check is left out, and by how much', () => {
    const [flaw, ...others] = relief.inspect(situation, applyEdits(plan, remove(leaf('check'))));
    expect(others).toEqual([]);
    expect(flaw).toMatchObject({ class: 'risk', node: leaf('cross').node.id, severity: 'major' });
    expect(flaw?.issue).toContain('success falls from 0.96 to 0.7');
  });

  test('says that a store was emptied without leave', () => {
    const flaws = relief.inspect(situation, applyEdits(plan, remove(leaf('ask'))));
    expect(flaws.map(({ class: kind, node }) => ({ kind, node }))).toEqual([{ kind: 'permission', node: leaf('take').node.id }]);
  });

  test('tells a missing step once, not at every step that builds on it', () => {
    const flaws = relief.inspect(situation, applyEdits(plan, remove(leaf('driveOn'))));
    expect(flaws.map(({ class: kind, node }) => ({ kind, node }))).toEqual([{ kind: 'order', node: leaf('check').node.id }]);
  });

  test('names the claimed and the real figures', () => {
    const { node } = leaf('driveOn');
    const wrong = structuredClone(plan);
    for (const { node: each } of walk(wrong)) if (each.id === node.id && each.kind === 'action') each.durationS = 60;
    const [flaw] = relief.inspect(situation, wrong);
    expect(flaw).toMatchObject({ class: 'figures', node: node.id });
    expect(flaw?.issue).toContain(`60 s, rather ${node.durationS} s`);
  });

  test('says that the battery was not charged, where it would fall below the reserve', () => {
    const [flaw] = relief.inspect(situation, applyEdits(plan, remove(leaf('charge'))));
    expect(flaw?.class).toBe('scarcity');
    expect(flaw?.issue).toMatch(/leaves -?\d+ Wh where \d+ Wh must remain/);
  });
});
