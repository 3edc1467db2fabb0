import { z } from 'zod';
import type { Tool } from '../../activities/tool.ts';
import { wireJsonSchema } from '../../schemas/json-schema.ts';
import type { PlanValue } from '../../worlds/world.ts';
import { worldNamed } from '../../worlds/index.ts';
import { answered, failed } from './answers.ts';

const MOST_BYTES = 1_000;

/** The `world` tool: what becomes of the current plan in the simulated world that its situation was drawn from. */
export const worldTool: Tool = {
  name: 'world',
  description: 'Runs the current version of the plan in a simulation of the world that it is for, and tells its chance of success, its expected duration and the expected harm to others.',
  inputSchema: wireJsonSchema(z.strictObject({})),
  run: (_input, { situation, plan }) => {
    if (situation.world === null) return Promise.resolve(failed('world', 'this situation belongs to no simulated world'));
    if (plan === null) return Promise.resolve(failed('world', 'there is no plan yet'));
    try {
      const value = worldNamed(situation.world.name).value(situation, plan);
      return Promise.resolve(answered('world', inWords(plan.stance, value), `success ${percent(value.success)}, ${duration(value.durationS)}, harm ${amount(value.harm)}`, MOST_BYTES));
    } catch (error) {
      return Promise.resolve(failed('world', (error as Error).message));
    }
  },
};

function inWords(stance: string, { success, durationS, harm }: PlanValue): string {
  const aim = stance === 'pursue' ? '' : ` The plan's stance is ${stance}, so the target is not what it is after.`;
  const harmed = harm === 0 ? 'No harm to others is expected.' : `The expected harm to others is ${amount(harm)}, on a scale where 0 is none.`;
  return `Run in its world, this plan reaches the target with a probability of ${percent(success)} and is expected to take ${duration(durationS)}. ${harmed}${aim}`;
}

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
const amount = (harm: number) => String(Number(harm.toPrecision(3)));

const STEPS = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3_600 },
  { unit: 'min', seconds: 60 },
] as const;

/** In the largest unit of which there are two. */
function duration(seconds: number): string {
  const step = STEPS.find((each) => seconds >= 2 * each.seconds);
  return step === undefined ? `${Number(seconds.toPrecision(3))} s` : `${Number((seconds / step.seconds).toPrecision(3))} ${step.unit}`;
}
