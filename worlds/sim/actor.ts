import type { Law } from '../../schemas/law.ts';
import type { DraftOutput, ImagineOutput, SelectOutput, StepOutput } from '../../schemas/wire.ts';
import { WORLDS, worldNamed } from '../index.ts';
import { placedInWorld } from '../known.ts';
import { rngOf } from '../rng.ts';
import { invalidRequest } from './api-error.ts';
import { critique } from './critique.ts';
import { draft } from './draft.ts';
import { explain, openingAnew } from './explanations.ts';
import { imagine } from './imagine.ts';
import type { PromptParts } from './prompt-parts.ts';
import { revise } from './revise.ts';
import { select } from './select.ts';

const NO_STEP: StepOutput = { findings: [], edits: [], stance: 'unchanged', stanceArgument: '', explanation: { text: '', arguments: [] }, material: false };

/**
 * Plays one step of the exemplary actor. The same parts, law and seed give the same answer.
 * @throws ApiError (400) for a step without its material, or a situation of no world.
 */
export function act(parts: PromptParts, law: Law, seed: string): DraftOutput | ImagineOutput | SelectOutput | StepOutput {
  const { step, chapter } = parts;
  if (step === undefined) throw invalidRequest('the simulated model needs a block "step" that says what to do');
  if (step.kind === 'imagine') {
    if (parts.agent === undefined || parts.imagine === undefined) throw invalidRequest('the simulated model needs the blocks "agent" and "imagine" for the step imagine');
    return imagine(parts.agent.name, parts.imagine, law, rngOf(`imagine/${seed}`));
  }
  if (parts.situation === undefined) throw invalidRequest('the simulated model needs a block "situation"');
  const situation = placedInWorld(parts.situation);
  if (situation === null || situation.world === null) {
    const known = Object.keys(WORLDS).join(', ');
    throw invalidRequest(`situation.world: the simulated model plays only situations of a world (known: ${known}); for others set ANTHROPIC_API_KEY`);
  }
  const world = worldNamed(situation.world.name);
  const rng = rngOf(`${step.kind}/${seed}`);
  if (step.kind === 'draft') return draft(world, situation, law, rng);
  const { plan } = parts;
  if (plan === undefined) throw invalidRequest(`the simulated model needs a block "plan" for the step ${step.kind}`);
  switch (step.kind) {
    case 'select':
      if (parts.contents === undefined) throw invalidRequest('the simulated model needs a block "contents" for the step select');
      return select(parts.contents, law, rng);
    case 'critique':
      if (chapter === undefined) throw invalidRequest('the simulated model needs a block "chapter" for the step critique');
      return { ...NO_STEP, findings: critique(world, situation, { plan, explanation: parts.explanation, chapter }, law, rng) };
    case 'revise':
      return revise(world, situation, { plan, explanation: parts.explanation, step }, law, rng);
    case 'explain':
      return { ...NO_STEP, explanation: explain(plan, rng, openingAnew(step.avoid.length), step.avoid) };
  }
}
