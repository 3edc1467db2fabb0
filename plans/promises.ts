import type { ActionNode, MoralCost, Plan, Resource } from '../schemas/plan.ts';
import type { Edit, Finding } from '../schemas/wire.ts';
import { walk } from './tree.ts';

/** What a list of actions comes to: times and amounts added, chances multiplied, harm to each bearer added up to 1. */
export type Measured = Pick<ActionNode, 'success' | 'durationS' | 'resources' | 'moralCost'>;

export interface Tolerance {
  /** Share of the larger value, for durations and resources. */
  relative: number;
  /** For success and moral costs, which are shares themselves. */
  absolute: number;
}

/** A coarse promise is rough: sub-plans may differ from it by so much before the levels contradict each other. */
export const PROMISE_TOLERANCE: Tolerance = { relative: 0.25, absolute: 0.1 };

export interface Mismatch {
  field: 'success' | 'durationS' | 'resources' | 'moralCost';
  /** In words, such as `takes 5400 s where 3600 s were promised`. */
  what: string;
  /** More than twice the tolerance. */
  far: boolean;
}

export function measure(actions: readonly Measured[]): Measured {
  return {
    success: actions.reduce((product, action) => product * action.success, 1),
    durationS: actions.reduce((sum, action) => sum + action.durationS, 0),
    resources: addedResources(actions.flatMap((action) => action.resources)),
    moralCost: addedCosts(actions.flatMap((action) => action.moralCost)),
  };
}

/** Where what was measured on the finer level contradicts what the coarse action promised. Being cheaper or safer contradicts it too: the coarse plan was weighed by it. */
export function mismatches(promised: Measured, measured: Measured, { relative, absolute }: Tolerance = PROMISE_TOLERANCE): Mismatch[] {
  const found: Mismatch[] = [];
  const compare = (field: Mismatch['field'], what: string, distance: number, tolerance: number) => {
    if (distance > tolerance + 1e-9) found.push({ field, what, far: distance > 2 * tolerance });
  };
  const apart = (a: number, b: number) => (a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b)));
  compare('success', `succeeds with ${short(measured.success)} where ${short(promised.success)} was promised`, Math.abs(measured.success - promised.success), absolute);
  compare('durationS', `takes ${short(measured.durationS)} s where ${short(promised.durationS)} s were promised`, apart(measured.durationS, promised.durationS), relative);
  const [needs, promises] = [amounts(measured.resources), amounts(promised.resources)];
  for (const name of new Set([...needs.keys(), ...promises.keys()])) {
    const [need, promise] = [needs.get(name) ?? 0, promises.get(name) ?? 0];
    compare('resources', `needs ${short(need)} of ${name} where ${short(promise)} was promised`, apart(need, promise), relative);
  }
  const [costs, admitted] = [harms(measured.moralCost), harms(promised.moralCost)];
  for (const on of new Set([...costs.keys(), ...admitted.keys()])) {
    const [cost, promise] = [costs.get(on) ?? 0, admitted.get(on) ?? 0];
    compare('moralCost', `costs ${on} ${short(cost)} where ${short(promise)} was admitted`, Math.abs(cost - promise), absolute);
  }
  return found;
}

/** One finding for each action of a plan whose own sub-plan contradicts what the action promises. */
export function promiseFindings(plan: Plan, tolerance: Tolerance = PROMISE_TOLERANCE): Finding[] {
  const findings: Finding[] = [];
  for (const { node } of walk(plan)) {
    if (node.kind !== 'action' || node.children.length === 0) continue;
    const finding = promiseFinding(node, measure(node.children.filter((child) => child.kind === 'action')), tolerance);
    if (finding !== null) findings.push(finding);
  }
  return findings;
}

/** The finding on a coarse action whose finer plan came to `measured`; null where the promise holds. */
export function promiseFinding(action: ActionNode, measured: Measured, tolerance: Tolerance = PROMISE_TOLERANCE): Finding | null {
  const found = mismatches(action, measured, tolerance);
  if (found.length === 0) return null;
  return {
    node: action.id,
    severity: found.some(({ far }) => far) ? 'major' : 'minor',
    issue: `the finer plan ${found.map(({ what }) => what).join('; ')}`,
    suggestion: `promise what the finer plan needs (${found.map(({ field }) => field).filter((field, i, all) => all.indexOf(field) === i).join(', ')}), or change the plan so that it can be kept`,
    quote: '',
  };
}

/** Edits that let an action promise what was measured. */
export function keepPromise(node: string, measured: Measured, fields: readonly Mismatch['field'][]): Edit[] {
  const edit = { op: 'characteristic' as const, node, text: '', states: [], actions: [], value: 0, resources: [], moralCost: [] };
  return fields.map((field): Edit => {
    if (field === 'resources') return { ...edit, field, resources: measured.resources };
    if (field === 'moralCost') return { ...edit, field, moralCost: measured.moralCost };
    return { ...edit, field, value: measured[field] };
  });
}

function addedResources(resources: Resource[]): Resource[] {
  const added = new Map<string, Resource>();
  for (const resource of resources) {
    const key = JSON.stringify([resource.name, resource.unit]);
    added.set(key, { ...resource, amount: (added.get(key)?.amount ?? 0) + resource.amount });
  }
  return [...added.values()];
}

function addedCosts(costs: MoralCost[]): MoralCost[] {
  const added = new Map<string, MoralCost>();
  for (const cost of costs) {
    const known = added.get(cost.on);
    added.set(cost.on, known === undefined ? { ...cost } : { on: cost.on, amount: Math.min(1, known.amount + cost.amount), why: `${known.why}; ${cost.why}` });
  }
  return [...added.values()];
}

function amounts(resources: Resource[]): Map<string, number> {
  return new Map(addedResources(resources).map(({ name, unit, amount }) => [`${name} (${unit})`, amount]));
}

function harms(costs: MoralCost[]): Map<string, number> {
  return new Map(addedCosts(costs).map(({ on, amount }) => [on, amount]));
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
