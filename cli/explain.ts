import { Option, type Command } from 'commander';
import { Output, verb } from './output.ts';

interface ExplainOptions {
  json?: boolean;
  revision?: string;
  budget?: string;
}

export function register(program: Command): void {
  verb(program, 'explain <name> <situation>', 'a version explained anew, by premises that differ from its own: one model call, stored like any other')
    .option('-r, --revision <k>', 'the version, such as 2, or 3@a1; by default the final one')
    .addOption(new Option('--budget <usd>', 'the most that the call may cost; required unless the model is simulated'))
    .action(async (name: string, which: string, options: ExplainOptions) => {
      const { explainVersion } = await import('./show/explain.ts');
      const { withSession } = await import('./session.ts');
      await withSession((session) => explainVersion(session, name, which, options, new Output(options)));
    });
}
