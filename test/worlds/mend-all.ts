import { applyEdits } from '../../plans/edits.ts';
import { InvalidOutput } from '../../plans/invalid.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { World } from '../../worlds/world.ts';

/** Mends what inspection finds, over and over, skipping mends that an earlier one made void. */
export function mendAll(world: World, situation: SituationContent, spoiled: Plan): { plan: Plan; rounds: number } {
  let plan = spoiled;
  for (let rounds = 0; ; rounds++) {
    const flaws = world.inspect(situation, plan);
    if (flaws.length === 0 || rounds === 10) return { plan, rounds };
    for (const flaw of flaws) {
      try {
        plan = applyEdits(plan, flaw.mend, flaw.stance, flaw.stance && flaw.suggestion);
      } catch (error) {
        if (!(error instanceof InvalidOutput)) throw error;
      }
      if (flaw.stance) break;
    }
  }
}
