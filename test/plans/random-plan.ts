import { LEVELS, levelIndex, type Level } from '../../schemas/levels.ts';
import type { ActionNode, Characteristics, Plan, PlanNode } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { UNITS } from '../../schemas/units.ts';
import type { Edit, WireAction, WireState } from '../../schemas/wire.ts';

/** Uniform numbers in [0, 1). */
export type Rng = () => number;

/** Weyl sequence with a 32-bit finaliser: short, and the same everywhere. */
export function seeded(seed: number): Rng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** An integer from `from` to `to`, both included. */
export function integer(rng: Rng, from: number, to: number): number {
  return from + Math.floor(rng() * (to - from + 1));
}

export function pick<T>(rng: Rng, items: readonly T[]): T {
  return items[integer(rng, 0, items.length - 1)] as T;
}

export function randomSituation(rng: Rng): SituationContent {
  const size = integer(rng, 1, 3);
  const start = integer(rng, 0, LEVELS.length - size);
  return {
    task: 'plan',
    agent: 'rover',
    horizon: LEVELS.slice(start, start + size),
    initial: 'The rover stands at the gate.',
    target: rng() < 0.7 ? 'The rover stands at the mast.' : null,
    parent: null,
    world: null,
  };
}

/** A sound plan for the situation. Texts repeat, so that plans resemble each other. */
export function randomPlan(rng: Rng, situation: SituationContent): Plan {
  let nextId = 1;
  const fresh = (): string => `n${nextId++}`;
  const action = (level: Level): ActionNode => {
    const id = fresh();
    const finer = LEVELS[levelIndex(level) - 1];
    const expandable = finer !== undefined && situation.horizon.includes(finer);
    return { kind: 'action', id, level, text: randomText(rng, true), ...randomCharacteristics(rng), children: expandable && rng() < 0.4 ? subPlan(finer) : [] };
  };
  const state = (level: Level): PlanNode => ({ kind: 'state', id: fresh(), level, text: randomText(rng, false) });
  const subPlan = (level: Level): PlanNode[] => {
    const nodes: PlanNode[] = [action(level)];
    for (let i = integer(rng, 1, 2); i > 0; i--) nodes.push(state(level), action(level));
    return nodes;
  };

  const stance = pick(rng, ['pursue', 'pursue', 'palliate', 'decline'] as const);
  const level = pick(rng, situation.horizon);
  const nodes: PlanNode[] = [{ kind: 'state', id: 's0', level, text: situation.initial }];
  for (let i = integer(rng, 0, 2); i > 0; i--) nodes.push(action(level), state(level));
  nodes.push(action(level));
  if (situation.target === null) nodes.push(state(level));
  else nodes.push({ kind: 'state', id: 'g', level, text: stance === 'pursue' ? situation.target : 'The rover has stayed where it was.' });
  return { stance, stanceArgument: stance === 'pursue' ? '' : 'The crossing would endanger people.', nodes, nextId };
}

export function randomCharacteristics(rng: Rng): Characteristics {
  const resources = Array.from({ length: integer(rng, 0, 2) }, (_, i) => ({ name: pick(rng, ['charge', 'water']) + i, amount: rng() * 100, unit: pick(rng, UNITS) }));
  const moralCost = rng() < 0.3 ? [{ on: pick(rng, ['walkers', 'birds']), amount: rng(), why: 'noise' }] : [];
  return { success: rng(), durationS: Math.round(rng() * 1e5), resources, moralCost };
}

function randomText(rng: Rng, mayBeEmpty: boolean): string {
  return pick(rng, [...(mayBeEmpty ? [''] : []), 'Wait.', 'Cross the field.', 'Charge.', 'The battery is full.', 'Dusk.']);
}

/** An edit with nothing in it, to be filled by `fields`. */
export function edit(op: Edit['op'], node: string, fields: Partial<Edit> = {}): Edit {
  return { op, node, text: '', states: [], actions: [], field: '', value: 0, resources: [], moralCost: [], ...fields };
}

export function wireState(id: string, level: Level, text: string, place: { parent?: string; order?: number } = {}): WireState {
  return { id, parent: '', order: 0, level, text, ...place };
}

export function wireAction(id: string, level: Level, text: string, fields: Partial<WireAction> = {}): WireAction {
  return { id, parent: '', order: 0, level, text, success: 0.9, durationS: 60, resources: [], moralCost: [], ...fields };
}
