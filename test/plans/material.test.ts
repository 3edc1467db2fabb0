import { describe, expect, test } from 'vitest';
import { isMaterial, planHash } from '../../plans/material.ts';
import { walk } from '../../plans/tree.ts';
import type { ActionNode, Plan } from '../../schemas/plan.ts';
import { randomPlan, randomSituation, seeded } from './random-plan.ts';

function plan(): Plan & { nodes: [Plan['nodes'][0], ActionNode, Plan['nodes'][0]] } {
  const go: ActionNode = {
    kind: 'action', id: 'n1', level: 'hours', text: 'Go.', success: 0.8, durationS: 1000, children: [],
    resources: [{ name: 'water', amount: 2, unit: 'L' }, { name: 'charge', amount: 10, unit: 'Wh' }], moralCost: [{ on: 'birds', amount: 0.2, why: 'noise' }],
  };
  return { stance: 'pursue', stanceArgument: '', nextId: 2, nodes: [{ kind: 'state', id: 's0', level: 'hours', text: 'Gate.' }, go, { kind: 'state', id: 'g', level: 'hours', text: 'Mast.' }] };
}

type Change = [string, (b: ReturnType<typeof plan>) => void];

describe('isMaterial', () => {
  const immaterial: Change[] = [
    ['other ids', (b) => ((b.nodes[1].id = 'n7'), (b.nextId = 8))],
    ["another argument for the stance", (b) => (b.stanceArgument = 'Why not.')],
    ['space and line breaks around a text and within', (b) => (b.nodes[1].text = ' Go.\n')],
    ['5 % less success', (b) => (b.nodes[1].success = 0.76)],
    ['a duration 5 % below the larger', (b) => (b.nodes[1].durationS = 950)],
    ['5 % of a resource', (b) => (b.nodes[1].resources[0]!.amount = 1.9)],
    ['resources in another order', (b) => b.nodes[1].resources.reverse()],
    ['0.05 of moral cost', (b) => (b.nodes[1].moralCost[0]!.amount = 0.15)],
    ['a moral cost of 0.05 on somebody new', (b) => b.nodes[1].moralCost.push({ on: 'walkers', amount: 0.05, why: '' })],
    ['another reason for a moral cost', (b) => (b.nodes[1].moralCost[0]!.why = 'dust')],
    ['a moral cost in two parts', (b) => (b.nodes[1].moralCost = [{ on: 'birds', amount: 0.1, why: 'noise' }, { on: 'birds', amount: 0.1, why: 'dust' }])],
  ];
  const material: Change[] = [
    ['the stance', (b) => (b.stance = 'palliate')],
    ["an action's text", (b) => (b.nodes[1].text = 'Go!')],
    ["a state's text", (b) => b.nodes.splice(2, 1, { ...b.nodes[2], text: 'Pole.' })],
    ['the level', (b) => b.nodes.forEach((node) => (node.level = 'days'))],
    ['more nodes', (b) => b.nodes.push({ ...b.nodes[1], id: 'n2' }, { ...b.nodes[2], id: 'n3' })],
    ['a sub-plan', (b) => b.nodes[1].children.push({ ...b.nodes[1], children: [] })],
    ['more than 5 % of success', (b) => (b.nodes[1].success = 0.759)],
    ['more than 5 % of duration', (b) => (b.nodes[1].durationS = 1054)],
    ['more than 5 % of a resource', (b) => (b.nodes[1].resources[1]!.amount = 10.6)],
    ["a resource's unit", (b) => (b.nodes[1].resources[1]!.unit = 'kWh')],
    ['a resource of amount 0', (b) => b.nodes[1].resources.push({ name: 'salt', amount: 0, unit: 'g' })],
    ['a resource less', (b) => b.nodes[1].resources.pop()],
    ['more than 0.05 of moral cost', (b) => (b.nodes[1].moralCost[0]!.amount = 0.26)],
    ['whom a moral cost falls on', (b) => (b.nodes[1].moralCost[0]!.on = 'walkers')],
  ];

  test.each([...immaterial.map((c) => [...c, false] as const), ...material.map((c) => [...c, true] as const)])('%s', (_, change, expected) => {
    const changed = plan();
    change(changed);
    expect(isMaterial(plan(), changed, 0.05)).toBe(expected);
    expect(isMaterial(changed, plan(), 0.05)).toBe(expected);
  });

  test('tells a sub-plan under one action from the same under another', () => {
    const sub = { kind: 'action', id: 'x', level: 'hours', text: 'Go.', success: 1, durationS: 1, resources: [], moralCost: [] } as const;
    const leaf = (): ActionNode => ({ ...sub, resources: [], moralCost: [], children: [] });
    const left: Plan = { ...plan(), nodes: [{ ...leaf(), children: [leaf()] }, leaf()] };
    const right: Plan = { ...plan(), nodes: [leaf(), { ...leaf(), children: [leaf()] }] };
    expect(isMaterial(left, right, 0.05)).toBe(true);
  });
});

describe('planHash', () => {
  test('is the same for plans that differ only in ids, and at random for no others', () => {
    const hashes = new Map<string, string>();
    for (let seed = 0; seed < 200; seed++) {
      const rng = seeded(seed);
      const original = randomPlan(rng, randomSituation(rng));
      const renamed = structuredClone(original);
      for (const { node } of walk(renamed)) if (node.id !== 's0' && node.id !== 'g') node.id = `n${Number(node.id.slice(1)) + 50}`;
      expect(planHash({ ...renamed, nextId: 999 })).toBe(planHash(original));
      const { nextId: _, ...content } = original;
      const text = JSON.stringify(content);
      expect(hashes.get(planHash(original)) ?? text).toBe(text);
      hashes.set(planHash(original), text);
    }
    expect(hashes.size).toBeGreaterThan(190);
  });

  test('sees every field but the ids', () => {
    const changes: Change[1][] = [(b) => (b.stance = 'decline'), (b) => (b.stanceArgument = 'x'), (b) => (b.nodes[1].success = 0.81), (b) => (b.nodes[1].moralCost[0]!.why = 'x'), (b) => (b.nodes[0].text = 'x'), (b) => (b.nodes[0].level = 'days')];
    for (const change of changes) {
      const changed = plan();
      change(changed);
      expect(planHash(changed), String(change)).not.toBe(planHash(plan()));
    }
  });
});
