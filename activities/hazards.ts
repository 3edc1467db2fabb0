import type { Situation } from '../schemas/situation.ts';
import { screenSituation, type HazardPolicy } from './hazards/policy.ts';

export { screenPlan, screenSituation, type HazardPolicy, type Objection } from './hazards/policy.ts';

/** The hazard policy before a draft: the reason to turn the situation away, null where there is none. */
export function screen(policy: HazardPolicy, situation: Pick<Situation, 'initial' | 'target'> & Partial<Pick<Situation, 'task'>>): string | null {
  return screenSituation(policy, situation)?.reason ?? null;
}
