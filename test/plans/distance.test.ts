import { describe, expect, test } from 'vitest';
import { treeDistance } from '../../plans/distance.ts';
import type { ActionNode, Plan, PlanNode, Stance } from '../../schemas/plan.ts';
import { integer, pick, randomPlan, randomSituation, seeded, type Rng } from './random-plan.ts';

function action(text: string, ...children: PlanNode[]): ActionNode {
  return { kind: 'action', id: '', level: 'hours', text, success: 1, durationS: 1, resources: [], moralCost: [], children };
}

function tree(nodes: PlanNode[], stance: Stance = 'pursue'): Plan {
  return { stance, stanceArgument: '', nodes, nextId: 1 };
}

/** Any ordered tree of `size` nodes, alternation or not. */
function randomTree(rng: Rng, size: number): Plan {
  const grow = (count: number): PlanNode[] => {
    if (count === 0) return [];
    const first = integer(rng, 1, count);
    const text = pick(rng, ['a', 'b']);
    const node: PlanNode = first === 1 && rng() < 0.3 ? { kind: 'state', id: '', level: 'hours', text } : action(text, ...grow(first - 1));
    return [node, ...grow(count - first)];
  };
  return tree(grow(size), pick(rng, ['pursue', 'decline']));
}

interface Flat {
  label: string;
  pre: number;
  post: number;
}

function flat(plan: Plan): Flat[] {
  const nodes: Flat[] = [];
  let post = 0;
  const visit = (label: string, children: PlanNode[]): void => {
    const node = { label, pre: nodes.length, post: 0 };
    nodes.push(node);
    for (const child of children) visit(child.kind + child.text, child.kind === 'action' ? child.children : []);
    node.post = post++;
  };
  visit(plan.stance, plan.nodes);
  return nodes;
}

/** The definition itself (Tai): the cheapest of all one-to-one maps that keep ancestors and left-to-right order, tried one by one. */
function bruteForce(a: Plan, b: Plan): number {
  const [from, to] = [flat(a), flat(b)];
  let best = Infinity;
  const extend = (i: number, pairs: [Flat, Flat][], cost: number): void => {
    const node = from[i];
    if (!node) {
      best = Math.min(best, cost + to.length - pairs.length);
      return;
    }
    extend(i + 1, pairs, cost + 1);
    for (const image of to) {
      const fits = pairs.every(([x, y]) => y !== image && Math.sign(x.pre - node.pre) === Math.sign(y.pre - image.pre) && Math.sign(x.post - node.post) === Math.sign(y.post - image.post));
      if (fits) extend(i + 1, [...pairs, [node, image]], cost + (node.label === image.label ? 0 : 1));
    }
  };
  extend(0, [], 0);
  return best;
}

describe('treeDistance', () => {
  test('is 2 on the example of Zhang and Shasha', () => {
    const a = tree([action('f', action('d', action('a'), action('c', action('b'))), action('e'))]);
    const b = tree([action('f', action('c', action('d', action('a'), action('b'))), action('e'))]);
    expect(treeDistance(a, b)).toBe(2);
  });

  test('equals the cheapest of all mappings on small random trees', () => {
    for (let seed = 0; seed < 400; seed++) {
      const rng = seeded(seed);
      const [a, b] = [randomTree(rng, integer(rng, 0, 5)), randomTree(rng, integer(rng, 0, 5))];
      expect(treeDistance(a, b), `seed ${seed}`).toBe(bruteForce(a, b));
    }
  });

  test('is a metric on random plans, blind to ids and characteristics', () => {
    for (let seed = 0; seed < 60; seed++) {
      const rng = seeded(seed);
      const situation = randomSituation(rng);
      const [a, b, c] = [randomPlan(rng, situation), randomPlan(rng, situation), randomPlan(rng, situation)];
      const same = structuredClone(a);
      for (const node of same.nodes) Object.assign(node, { id: `${node.id}x` }, node.kind === 'action' ? { success: 0 } : {});
      expect(treeDistance(a, same)).toBe(0);
      expect(treeDistance(a, b)).toBe(treeDistance(b, a));
      expect(treeDistance(a, c)).toBeLessThanOrEqual(treeDistance(a, b) + treeDistance(b, c));
    }
  });

  test('counts a stance, a text and a kind as one each', () => {
    const base = [action('a'), action('b')];
    expect(treeDistance(tree(base), tree(base, 'decline'))).toBe(1);
    expect(treeDistance(tree(base), tree([action('a'), action('c')]))).toBe(1);
    expect(treeDistance(tree(base), tree([action('a'), { kind: 'state', id: '', level: 'hours', text: 'b' }]))).toBe(1);
  });
});
