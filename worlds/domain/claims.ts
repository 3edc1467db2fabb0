import type { ActionNode } from '../../schemas/plan.ts';
import type { Operator } from './operator.ts';

/** A figure of an action that is far from the world's. `excess` in (0, 1]: 0 within tolerance, 1 for a factor of 2.5 or more. */
export interface Misstatement {
  field: 'success' | 'durationS' | 'resources' | 'moralCost';
  what: string;
  excess: number;
}

/** A duration or an energy may be off by this factor. */
const FACTOR = 1.25;
/** The excess is whole from a claim off by FACTOR * SPAN. */
const SPAN = 2;
const SUCCESS_TOLERANCE = 0.1;
const SUCCESS_SPAN = 0.4;
const MORAL_TOLERANCE = 0.1;
const MORAL_SPAN = 0.4;

/**
 * Where an action's claims miss the world's figures. Those are the figures with all safeguards in place, so that a missing
 * safeguard is one fault, not two; harm that only a safeguard would prevent is not claimed either.
 */
export function misstatements(op: Operator, node: ActionNode): Misstatement[] {
  const energy = claimedWh(node);
  const moral = node.moralCost.reduce((total, { amount }) => total + amount, 0);
  const harm = op.harms.reduce((total, { amount }) => total + amount, 0);
  const all: Misstatement[] = [
    { field: 'success', what: `success ${node.success}, rather ${op.success}`, excess: beyond(Math.abs(node.success - op.success), SUCCESS_TOLERANCE, SUCCESS_SPAN) },
    { field: 'durationS', what: `${node.durationS} s, rather ${op.durationS} s`, excess: ratioExcess(node.durationS, op.durationS) },
    { field: 'resources', what: `${energy} Wh, rather ${op.energyWh} Wh`, excess: ratioExcess(energy, op.energyWh) },
    { field: 'moralCost', what: `a cost to others of ${moral}, rather ${Number(harm.toFixed(3))}`, excess: beyond(Math.abs(moral - harm), MORAL_TOLERANCE, MORAL_SPAN) },
  ];
  return all.filter(({ excess }) => excess > 0);
}

/** Energy that an action claims to draw, Wh. */
export function claimedWh(node: ActionNode): number {
  return node.resources.filter(({ name, unit }) => name === 'energy' && unit === 'Wh').reduce((total, { amount }) => total + amount, 0);
}

/** Amounts of 10 (s or Wh) and less are as good as nothing. */
function ratioExcess(claimed: number, real: number): number {
  const ratio = (Math.max(claimed, 0) + 10) / (real + 10);
  return beyond(Math.abs(Math.log(ratio)), Math.log(FACTOR), Math.log(SPAN));
}

function beyond(distance: number, tolerance: number, span: number): number {
  return Math.min(1, Math.max(0, distance - tolerance) / span);
}
