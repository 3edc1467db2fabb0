import { diffArrays } from 'diff';
import type { Plan } from '../schemas/plan.ts';
import { planLines } from './text.ts';

/** A line of the two plans' readable texts: in both (' '), only in the later ('+'), only in the earlier ('-'). */
export interface DiffLine {
  sign: ' ' | '+' | '-';
  line: string;
}

/** The lines that turn plan `a` into plan `b`, in reading order. */
export function planDiff(a: Plan, b: Plan): DiffLine[] {
  return diffArrays(planLines(a), planLines(b)).flatMap(({ value, added, removed }) => {
    const sign = added ? '+' : removed ? '-' : ' ';
    return value.map((line): DiffLine => ({ sign, line }));
  });
}
