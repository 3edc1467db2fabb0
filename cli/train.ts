import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'train <file>', "train a plan actor on a campaign's dataset, and show how well it ranks; Ctrl-C detaches").action(async (file: string, options: { json?: boolean }) => {
    const { readFileAs } = await import('../infra/read-file.ts');
    const { TrainFile } = await import('../schemas/campaign.ts');
    const output = new Output(options);
    const training = readFileAs(file, TrainFile);
    const { withSession } = await import('./session.ts');
    const { trainingText, trainToEnd } = await import('./training/training.ts');
    await withSession(async (session) => {
      const result = await trainToEnd(session, training, output);
      if (result === null) {
        output.say(`detached: the run goes on; \`exemplar train ${file}\` comes back to it`);
        output.result({ run: training.name, detached: true }, '');
      } else {
        output.result({ ...result, detached: false }, trainingText(result));
      }
    });
  });
}
