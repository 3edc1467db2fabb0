import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'budget [change]', 'the cap over all campaigns of the bucket and who holds what of it; cap=USD sets it, cap=none takes it away').action(async (change: string | undefined, options: { json?: boolean }) => {
    const { changeCap, parseCap, showBudget } = await import('./campaign/cap.ts');
    const { withOutlook, withSession } = await import('./session.ts');
    const output = new Output(options);
    if (change === undefined) await withOutlook((outlook) => showBudget(outlook, output));
    else {
      const cap = parseCap(change);
      await withSession((session) => changeCap(session, cap, output));
    }
  });
}
