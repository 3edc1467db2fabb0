import { describe, expect, test } from 'vitest';
import { findNode, flatten, walk } from '../../plans/tree.ts';
import type { PlanNode } from '../../schemas/plan.ts';
import { randomPlan, randomSituation, seeded } from './random-plan.ts';

function recursive(nodes: PlanNode[], parent: string): [string, string, number][] {
  return nodes.flatMap((node, i) => [[node.id, parent, i] as [string, string, number], ...(node.kind === 'action' ? recursive(node.children, node.id) : [])]);
}

describe('walk', () => {
  test('visits what a recursive pre-order visits, with parents and positions', () => {
    for (let seed = 0; seed < 100; seed++) {
      const rng = seeded(seed);
      const plan = randomPlan(rng, randomSituation(rng));
      const places = [...walk(plan)];
      expect(places.map(({ node, parent, order }) => [node.id, parent, order])).toEqual(recursive(plan.nodes, ''));
      for (const { node, order, siblings } of places) expect(siblings[order]).toBe(node);
    }
  });
});

describe('findNode', () => {
  test('finds every node by its id and none by another', () => {
    const rng = seeded(3);
    const plan = randomPlan(rng, randomSituation(rng));
    for (const { node } of walk(plan)) expect(findNode(plan, node.id)).toBe(node);
    expect(findNode(plan, 'n999')).toBeUndefined();
  });
});

describe('flatten', () => {
  test('shares nothing with the plan', () => {
    const rng = seeded(5);
    const plan = randomPlan(rng, randomSituation(rng));
    const copy = structuredClone(plan);
    for (const action of flatten(plan).actions) action.resources.push({ name: 'x', amount: 1, unit: '1' });
    expect(plan).toEqual(copy);
  });
});
