import type { Stance } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { draw, type Draw } from './draw.ts';
import { normalised, type Operator } from './operator.ts';
import { operatorsOf, sitesOf } from './operators.ts';
import type { WorldState } from './state.ts';

export const WORLD_NAME = 'relief';

/** Operators done one after another, named by one coarser action. */
export interface Task {
  text: string;
  operators: Operator[];
}

/** Everything that the world knows about one situation. */
export interface Scene {
  draw: Draw;
  operators: ReadonlyMap<string, Operator>;
  byText: ReadonlyMap<string, Operator>;
  tasksByText: ReadonlyMap<string, Task>;
  /** The good way for each stance; palliate is missing where nothing else can be brought. */
  ways: Readonly<Partial<Record<Stance, Task[]>>>;
  start: WorldState;
  capacityWh: number;
  reserveWh: number;
  /** Beyond these the plan overruns. */
  energyBudgetWh: number;
  deadlineS: number;
}

/** Facts that make a stance's plan complete. */
export const GOALS: Record<Stance, (draw: Draw) => string[]> = {
  pursue: ({ mission }) => [mission === 'repair' ? 'running' : 'delivered'],
  palliate: ({ best }) => (best === 'palliate' ? ['eased', 'requested'] : []),
  decline: ({ best }) => (best === 'pursue' ? [] : ['reported', 'requested']),
};

/** A task of fewer operators is laid out in the top list: a sub-plan of two would vanish with one removal. */
export const SMALLEST_SUB_PLAN = 3;

/** @throws Error when the situation is not one of this world. */
export function sceneOf(situation: Pick<SituationContent, 'world'>): Scene {
  if (situation.world?.name !== WORLD_NAME) throw new Error(`world: the situation is of ${situation.world?.name ?? 'no world'}, not of "${WORLD_NAME}"`);
  return sceneFor(situation.world.seed);
}

export function sceneFor(seed: number): Scene {
  const d = draw(seed);
  const limits = batteryOf(d);
  const operators = new Map(operatorsOf(d, limits.capacityWh).map((op) => [op.id, op]));
  const ways = waysOf(d, operators, limits.chargesTwice);
  const best = (ways[d.best] ?? []).flatMap((task) => task.operators);
  // A palliative asks for less than pursuing does; both must fit, so that the stance is chosen for its good, not for its length.
  const energy = Math.max(...Object.values(ways).map((tasks) => sum(tasks.flatMap((task) => task.operators), 'energyWh')));
  const time = Math.max(...Object.values(ways).map((tasks) => sum(tasks.flatMap((task) => task.operators), 'durationS')));
  return {
    draw: d,
    operators,
    byText: new Map([...operators.values()].map((op) => [normalised(op.text), op])),
    tasksByText: new Map(
      Object.values(ways)
        .flat()
        .filter((task) => task.operators.length >= SMALLEST_SUB_PLAN)
        .map((task) => [normalised(task.text), task]),
    ),
    ways,
    start: { site: sitesOf(d).start, batteryWh: limits.startWh, facts: [] },
    capacityWh: limits.capacityWh,
    reserveWh: limits.reserveWh,
    energyBudgetWh: roundUp(1.08 * Math.max(energy, sum(best, 'energyWh')), 5),
    deadlineS: roundUp(1.12 * time, 1800),
  };
}

/** Sizes the battery to the way, so that charging first is needed, and charging twice where the haul is long. */
function batteryOf(d: Draw) {
  const used = (ids: string[]) => {
    const all = new Map(operatorsOf(d, 0).map((op) => [op.id, op]));
    return ids.reduce((total, id) => total + (all.get(id)?.energyWh ?? 0), 0);
  };
  const first = used(['driveOut', 'ask', 'take']);
  const rest = used(['driveOn', 'check', 'cross', 'warn', 'pass', 'handOver', 'fit', 'test']);
  const reserveWh = roundUp(0.12 * (first + rest), 5);
  const once = roundUp((first + rest + reserveWh) / 0.86, 10);
  const twice = roundUp((Math.max(first, rest) + reserveWh) / 0.9, 10);
  const chargesTwice = d.longHaul && twice < 0.85 * (first + rest + reserveWh);
  const capacityWh = chargesTwice ? twice : once;
  const needed = d.best === 'pursue' && chargesTwice ? first : first + rest;
  return { capacityWh, reserveWh, chargesTwice, startWh: roundUp(d.chargeShare * needed, 5) };
}

function waysOf(d: Draw, operators: ReadonlyMap<string, Operator>, chargesTwice: boolean): Scene['ways'] {
  const task = (text: string, ids: string[]): Task => ({ text, operators: ids.flatMap((id) => operators.get(id) ?? []) });
  const across = (drive: string) => task(`Get across ${d.crossing.place}.`, [drive, 'check', 'cross']);
  const last = d.mission === 'repair' ? task(`Put the pump at ${d.dest} back into service.`, ['warn', 'fit', 'test']) : task(`Bring the ${d.goods} through ${d.camp} to ${d.recipient}.`, ['warn', 'pass', 'handOver']);
  const pursue = [task('', ['charge']), task(`Fetch ${d.count} ${d.goods} from ${d.source}.`, ['driveOut', 'ask', 'take', ...(chargesTwice ? ['chargeAgain'] : [])]), across('driveOn'), last];
  if (d.best === 'pursue') return { pursue };
  const decline = [task('', ['report']), task('', ['request'])];
  if (d.best === 'decline') return { pursue, decline };
  const palliate = [
    task('', ['charge']),
    task('', ['load']),
    { ...across('driveDirect'), text: `Get across ${d.crossing.place} with ${d.substitute}.` },
    task(`Bring ${d.substitute} through ${d.camp} to ${d.recipient}.`, ['warn', 'pass', 'give']),
    task('', ['request']),
  ];
  return { pursue, decline, palliate };
}

function sum(operators: Operator[], quantity: 'energyWh' | 'durationS'): number {
  return operators.reduce((total, op) => total + op[quantity], 0);
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
