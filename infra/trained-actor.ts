import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Plan } from '../schemas/plan.ts';
import type { SituationContent } from '../schemas/situation.ts';
import { packageRoot } from './package-root.ts';
import { UsageError } from './usage-error.ts';

/** How a trained actor plans: by the likeliest edit at each step, or by drawing edits. */
export const ACTOR_MODES = ['habitual', 'planning'] as const;
export type ActorMode = (typeof ACTOR_MODES)[number];

/** A plan as a trained actor gives it. Nothing is checked: its texts are the actor's own. */
export interface DrawnPlan {
  plan: Plan;
  /** log p(plan | situation), nats; an estimate, as many orders of edits lead to one plan. */
  logP: number;
  /** Edits that made the plan out of nothing. */
  edits: number;
  /** How often it was drawn, >= 1. */
  times: number;
  /** Text of its first leaf action; empty for a placeholder. */
  first: string;
}

export interface Draw {
  /** Interpreter of the trainer's environment. */
  python: string;
  /** Of the Python process: where S3 is, and its credentials. */
  env: NodeJS.ProcessEnv;
  /** `s3://bucket/prefix` or an absolute folder: a step's or a run's. */
  checkpoint: string;
  /** Plans for each situation, >= 1. */
  count: number;
  mode: ActorMode;
  /** Of planning: > 0, 1 draws from the actor's own law. */
  temperature: number;
  seed: number;
  situations: readonly SituationContent[];
}

/** Exit status of the sampler where what it was given is wrong. */
const BAD_INPUT = 2;

/**
 * Draws plans from a trained actor: for each situation its distinct plans, the likeliest first. Takes seconds to load PyTorch.
 * @throws UsageError for a checkpoint or situation that the actor cannot use, Error otherwise; each with one line.
 */
export async function drawPlans({ python, env, checkpoint, count, mode, temperature, seed, situations }: Draw): Promise<DrawnPlan[][]> {
  const asked = situations.map(({ initial, target, agent, task, horizon }) => ({ initial, target, agent, task, horizon }));
  const options = { '--checkpoint': checkpoint, '--count': count, '--mode': mode, '--temperature': temperature, '--seed': seed };
  const lines = await sampler(python, Object.entries(options).flat().map(String), env, JSON.stringify({ situations: asked }));
  const drawn = lines.map((line) => plansOf(line));
  if (drawn.length !== situations.length) throw new Error(`the sampler answered ${drawn.length} of ${situations.length} situations`);
  return drawn;
}

function plansOf(line: string): DrawnPlan[] {
  try {
    return (JSON.parse(line) as { plans: DrawnPlan[] }).plans;
  } catch (error) {
    throw new Error(`the sampler answered no JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Runs the sampler to its end. Returns the lines that it wrote. */
async function sampler(python: string, options: readonly string[], env: NodeJS.ProcessEnv, input: string): Promise<string[]> {
  return await new Promise<string[]>((resolve, reject) => {
    // threads that wait for work by spinning take five times as long where something else wants the cores
    const child = spawn(python, ['-m', 'exemplar_trainer.sample', ...options], { cwd: join(packageRoot, 'trainer'), env: { OMP_WAIT_POLICY: 'PASSIVE', ...env }, stdio: 'pipe' });
    let answer = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (answer += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    // it may end before it has read all: its exit status tells why
    child.stdin.on('error', () => undefined);
    child.once('error', (cause) => reject(new Error(`cannot run ${python}: ${cause.message}`, { cause })));
    child.once('close', (code, signal) => {
      const fault = said.trim().split('\n').at(-1) as string;
      if (code === 0) resolve(answer.split('\n').filter((line) => line !== ''));
      else if (code === BAD_INPUT) reject(new UsageError(fault));
      else reject(new Error(fault === '' ? `the sampler ended with ${code ?? signal}` : `the sampler failed: ${fault}`, { cause: said }));
    });
    child.stdin.end(input);
  });
}
