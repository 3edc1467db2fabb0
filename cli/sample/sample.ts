import { ensurePython } from '../../infra/dev/python.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { drawPlans, type ActorMode } from '../../infra/trained-actor.ts';
import { counted } from '../figures.ts';
import type { Output } from '../output.ts';
import { findCheckpoint } from '../training/checkpoint.ts';
import { judgedPlans, sampledText } from './judged.ts';
import { readSampled } from './situations.ts';

export interface SampleOptions {
  /** Plans for each situation, >= 1. */
  number: number;
  mode: ActorMode;
  temperature: number;
  seed: number;
}

/**
 * Draws plans of a trained actor, checks each, values those of a world's situations, and prints them. Of services it needs S3 alone, and only where the
 * checkpoint lies there. @throws UsageError naming the operand that is wrong.
 */
export async function samplePlans(checkpoint: string, situation: string, { number: count, mode, temperature, seed }: SampleOptions, output: Output): Promise<void> {
  const situations = await readSampled(situation);
  const { uri, env } = await findCheckpoint(checkpoint);
  const python = await ensurePython({ projectRoot: packageRoot, say: output.say });
  output.say(`drawing ${counted(mode === 'habitual' ? 1 : count, 'plan')} for ${counted(situations.length, 'situation')} from ${uri}`);
  const drawn = await drawPlans({ python, env, checkpoint: uri, count, mode, temperature, seed, situations });
  const sampled = situations.map((each, i) => ({ situation: each, plans: judgedPlans(each, drawn[i] ?? []) }));
  output.result({ checkpoint: uri, mode, temperature, seed, situations: sampled }, sampledText(sampled, mode, process.stdout.columns));
}
