import { PLAIN, type Operator } from '../domain/operator.ts';

/** Where the rover can be. Two of them may be one place; then only one of the two names is used. */
export type Site = 'home' | 'source' | 'crossing' | 'camp' | 'dest';

/** Something that the rover can do. */
export interface RoverOperator extends Operator {
  needs: { site: Site | null; facts: readonly string[] };
  moves: Site | null;
}

type Given = Pick<RoverOperator, 'id' | 'text' | 'after' | 'durationS' | 'success'> & Partial<RoverOperator>;

export function operator(given: Given): RoverOperator {
  return { ...PLAIN, needs: { site: null, facts: [] }, moves: null, ...given };
}
