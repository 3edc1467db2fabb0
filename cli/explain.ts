import { Option, type Command } from 'commander';
import { UsageError } from '../infra/usage-error.ts';
import { MOST_USD } from './figures.ts';
import { Output, verb } from './output.ts';

interface ExplainOptions {
  json?: boolean;
  revision?: string;
  budget?: number;
}

export function register(program: Command): void {
  verb(program, 'explain <name> <situation>', 'a version explained anew, by premises that differ from its own: one model call, stored like any other')
    .option('-r, --revision <k>', 'the version, such as 2, or 3@a1; by default the final one')
    .addOption(new Option('--budget <usd>', 'the most that the call may cost; required unless the model is simulated').argParser(nanoUsdOf))
    .action(async (name: string, which: string, options: ExplainOptions) => {
      const { explainVersion } = await import('./show/explain.ts');
      const { withSession } = await import('./session.ts');
      await withSession((session) => explainVersion(session, name, which, options, new Output(options)));
    });
}

/** Int nano-dollars. What JSON cannot say, such as Infinity, would arrive as none. */
export function nanoUsdOf(text: string): number {
  const nanoUsd = Math.round(Number(text) * 1e9);
  if (!(nanoUsd > 0 && nanoUsd < MOST_USD * 1e9)) throw new UsageError(`--budget: a number of USD above 0 and below ${MOST_USD} (is "${text}"); such as --budget 0.50`);
  return nanoUsd;
}
