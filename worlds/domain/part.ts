import type { Operator } from './operator.ts';
import { carriedOut, type Physics, type WorldState } from './physics.ts';
import { SMALLEST_SUB_PLAN, type Scene, type Task } from './scene.ts';

/** One task of a scene's best way, cut out of it. */
export interface Part<O extends Operator, S extends WorldState> {
  task: Task<O>;
  /** All that comes before the task is done, and went well. */
  start: S;
  /** The state after the task, if it goes well. */
  end: S;
  /** Facts of the end for which the task is there: those that what follows, or the whole, asks for. */
  purpose: string[];
  /** Operators of the way that follow the task. */
  following: O[];
}

/** The task that a coarse action's text names in the best way; undefined where the world knows nothing finer. */
export function openable<O extends Operator>(scene: Scene<O>, named: (task: Task<O>) => boolean): Task<O> | undefined {
  if (scene.flat) return undefined;
  return scene.ways[scene.best]?.find((task) => task.operators.length >= SMALLEST_SUB_PLAN && named(task));
}

/**
 * @param goals facts that make the whole way complete
 * @throws Error when the scene has no such task
 */
export function partOf<O extends Operator, S extends WorldState>(scene: Scene<O>, physics: Physics<O, S>, start: S, goals: readonly string[], id: string): Part<O, S> {
  const way = scene.ways[scene.best] ?? [];
  const task = openable(scene, (each) => each.id === id);
  if (!task) {
    const known = way.filter(({ operators }) => !scene.flat && operators.length >= SMALLEST_SUB_PLAN).map((each) => each.id);
    throw new Error(`world.task: the situation has no task "${id}"; it has: ${known.join(', ') || 'none'}`);
  }
  const operatorsOf = (tasks: Task<O>[]) => tasks.flatMap(({ operators }) => operators);
  const run = (operators: O[], from: S) => operators.reduce((state, op) => carriedOut(op, state, physics), from);
  const at = way.indexOf(task);
  const before = run(operatorsOf(way.slice(0, at)), start);
  const end = run(task.operators, before);
  const following = operatorsOf(way.slice(at + 1));
  const asked = new Set([...goals, ...following.flatMap((op) => [...op.needs.facts, ...op.safeguards.map(({ fact }) => fact)])]);
  return { task, start: before, end, purpose: end.facts.filter((fact) => asked.has(fact)), following };
}

/** Energy that operators draw before the first that charges, Wh. */
export function drawnBeforeCharging(operators: readonly Operator[]): number {
  const charging = operators.findIndex(({ charges }) => charges);
  return operators.slice(0, charging < 0 ? undefined : charging).reduce((total, op) => total + op.energyWh, 0);
}
