import type { Command } from 'commander';
import { Output, verb } from './output.ts';

const HELP = `
Where the file says \`wait: true\`, a generation that is not published yet is waited for. \`exemplar pause train/NAME\` has the run of that name put a
checkpoint and hold, \`resume\` lets it go on, \`cancel\` ends it; this verb goes on with what was cancelled, failed or lost, from its newest checkpoint.`;

export function register(program: Command): void {
  verb(program, 'train <file>', "train a plan actor on a campaign's dataset, and show how well it ranks; Ctrl-C detaches")
    .addHelpText('after', HELP)
    .action(async (file: string, options: { json?: boolean }) => {
      const { readFileAs } = await import('../infra/read-file.ts');
      const { TrainFile } = await import('../schemas/training.ts');
      const output = new Output(options);
      const training = readFileAs(file, TrainFile);
      const { withSession } = await import('./session.ts');
      const { showResult, trainToEnd } = await import('./training/training.ts');
      await withSession(async (session) => showResult(training.name, await trainToEnd(session, training, output), `exemplar train ${file}`, output));
    });
}
