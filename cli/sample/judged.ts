import pc from 'picocolors';
import type { ActorMode, DrawnPlan } from '../../infra/trained-actor.ts';
import { checkPlan } from '../../plans/check.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { worldNamed } from '../../worlds/index.ts';
import { placedInWorld } from '../../worlds/known.ts';
import type { PlanValue } from '../../worlds/world.ts';
import { count, counted } from '../figures.ts';
import { planTree } from '../plan-tree.ts';
import { printableWithin } from '../terminal.ts';

/** A drawn plan, and what can be said of it without the actor. */
export interface JudgedPlan extends DrawnPlan {
  valid: boolean;
  /** What is wrong with it as an answer to its situation, one line each. */
  faults: string[];
  /** Exact value in its situation's world; null where no world knows the situation, or the plan is not valid. */
  value: PlanValue | null;
}

/** A situation and what was drawn for it. */
export interface Sampled {
  situation: SituationContent;
  plans: JudgedPlan[];
}

/** Checks each plan against its situation, and values it where a world knows that. */
export function judgedPlans(situation: SituationContent, drawn: readonly DrawnPlan[]): JudgedPlan[] {
  const placed = placedInWorld(situation);
  const world = placed?.world === undefined || placed.world === null ? null : worldNamed(placed.world.name);
  return drawn.map((each) => {
    const faults = checkPlan(each.plan, situation);
    const valid = faults.length === 0;
    return { ...each, valid, faults, value: valid && world !== null && placed !== null ? world.value(placed, each.plan) : null };
  });
}

/** Every plan as a header line and its tree, folded at `width` columns; in planning mode also the action to begin with. */
export function sampledText(sampled: readonly Sampled[], mode: ActorMode, width?: number): string {
  const situations = printableWithin(sampled).map(({ situation: { task, agent, horizon }, plans }, i) => [
    ...(sampled.length === 1 ? [] : [`${pc.bold(`situation ${i + 1} of ${sampled.length}`)}  ${task}, ${agent}, ${horizon.join('/')}`]),
    ...plans.map((plan, n) =>
      [header(plan, n, plans.length), planTree(plan.plan, width), ...(mode === 'planning' ? [`next: ${plan.first.trim() === '' ? '(placeholder)' : plan.first.trim()}`] : [])].join('\n'),
    ),
  ]);
  return situations.flat().join('\n\n');
}

function header({ logP, edits, times, faults, value }: JudgedPlan, n: number, of: number): string {
  const [fault] = faults;
  return [
    pc.bold(`plan ${n + 1} of ${of}`),
    `log p ${logP.toFixed(2)} nats`,
    counted(edits, 'edit'),
    `drawn ${counted(times, 'time')}`,
    fault === undefined ? pc.green('valid') : pc.red(`invalid: ${fault}${faults.length === 1 ? '' : ` (and ${count(faults.length - 1)} more)`}`),
    ...(value === null ? [] : [`value ${value.logReward.toFixed(2)} nats`]),
  ].join(' · ');
}
