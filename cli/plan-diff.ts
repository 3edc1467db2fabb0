import pc from 'picocolors';
import { planDiff } from '../plans/diff.ts';
import type { Plan } from '../schemas/plan.ts';

/** Unchanged lines shown around a change. */
const CONTEXT = 1;

/** The lines that turn plan `a` into `b`, coloured where the terminal can; long unchanged runs folded, at most `limit` lines. */
export function planDiffText(a: Plan, b: Plan, limit = 200): string {
  const lines = planDiff(a, b);
  const near = (i: number) => lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(({ sign }) => sign !== ' ');
  const shown: string[] = [];
  let folded = 0;
  const fold = () => {
    if (folded > 0) shown.push(pc.dim(`    ... ${folded} unchanged line${folded === 1 ? '' : 's'}`));
    folded = 0;
  };
  for (const [i, { sign, line }] of lines.entries()) {
    if (!near(i)) {
      folded += 1;
      continue;
    }
    fold();
    const text = `  ${sign} ${line}`;
    shown.push(sign === '+' ? pc.green(text) : sign === '-' ? pc.red(text) : text);
  }
  fold();
  return shown.length <= limit ? shown.join('\n') : [...shown.slice(0, limit), pc.dim(`    ... ${shown.length - limit} more lines`)].join('\n');
}
