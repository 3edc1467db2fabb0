import { PLAIN, type Operator } from '../domain/operator.ts';

/** Something that the robot can do. */
export interface HomeOperator extends Operator {
  /** Set for waiting: it lasts until this time of day, seconds after midnight; `durationS` is what that takes in the good plan. */
  untilS: number | null;
}

type Given = Pick<HomeOperator, 'id' | 'text' | 'after' | 'durationS' | 'success'> & Partial<HomeOperator>;

export function operator(given: Given): HomeOperator {
  return { ...PLAIN, untilS: null, ...given };
}
