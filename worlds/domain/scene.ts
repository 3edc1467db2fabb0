import type { Stance } from '../../schemas/plan.ts';
import { normalised, type Operator } from './operator.ts';

/** Operators done one after another, named by one coarser action. */
export interface Task<O extends Operator = Operator> {
  /** Unique in its scene. */
  id: string;
  text: string;
  operators: O[];
}

/** What every world knows about a situation. */
export interface Scene<O extends Operator = Operator> {
  operators: ReadonlyMap<string, O>;
  byText: ReadonlyMap<string, O>;
  tasksByText: ReadonlyMap<string, Task<O>>;
  /** The stance that the exemplary plan takes. */
  best: Stance;
  /** The good way for each stance for which there is one. */
  ways: Readonly<Partial<Record<Stance, Task<O>[]>>>;
  /** Why a stance would be taken; "" for pursue. */
  arguments: Readonly<Record<Stance, string>>;
  /** All operators stand in the top list. */
  flat: boolean;
}

/** A task of fewer operators is laid out in the top list: a sub-plan of two would vanish with one removal. */
export const SMALLEST_SUB_PLAN = 3;

/** What texts mean in a scene: the operators' and, unless all is flat, those of tasks large enough for a sub-plan. */
export function lexicon<O extends Operator>(operators: Iterable<O>, ways: Scene<O>['ways'], flat: boolean): Pick<Scene<O>, 'byText' | 'tasksByText'> {
  const tasks = flat ? [] : Object.values(ways).flat().filter((task) => task.operators.length >= SMALLEST_SUB_PLAN);
  return {
    byText: new Map([...operators].map((op) => [normalised(op.text), op])),
    tasksByText: new Map(tasks.map((task) => [normalised(task.text), task])),
  };
}
