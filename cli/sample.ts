import { InvalidArgumentError, Option, type Command } from 'commander';
import { ACTOR_MODES } from '../infra/trained-actor.ts';
import { Output, verb } from './output.ts';
import type { SampleOptions } from './sample/sample.ts';
import { wholeNumber } from './whole-number.ts';

const OPERANDS = `
Checkpoint: RUN or RUN/STEP of a training run, s3://bucket/checkpoints/RUN[/STEP], or a folder, a run's or a step's; of a run, its best step.
Situation:  a file as \`situations: { from: file }\` takes it, or with one situation alone; or world:NAME/SEED, such as world:relief/7.`;

const HOTTEST = 10;

export function register(program: Command): void {
  verb(program, 'sample <checkpoint> <situation>', 'plans of a trained actor for a situation, with their log-probability, drawn as trees')
    .option('-n, --number <n>', 'how many plans to draw for a situation; equal ones are shown once', wholeNumber(1), 1)
    .addOption(new Option('--mode <mode>', 'habitual: the likeliest edit at each step, one plan; planning: edits are drawn').choices(ACTOR_MODES).default('planning'))
    .option('--temperature <t>', 'of planning: below 1 what is likely is drawn more often than the actor gives it', temperature, 1)
    .option('--seed <n>', 'of what is drawn', wholeNumber(0), 0)
    .addHelpText('after', OPERANDS)
    .action(async (checkpoint: string, situation: string, options: SampleOptions & { json?: boolean }) => {
      const { samplePlans } = await import('./sample/sample.ts');
      await samplePlans(checkpoint, situation, options, new Output(options));
    });
}

function temperature(text: string): number {
  const n = Number(text);
  if (text.trim() === '' || !(n > 0 && n <= HOTTEST)) throw new InvalidArgumentError(`a number above 0 and up to ${HOTTEST} is allowed.`);
  return n;
}
