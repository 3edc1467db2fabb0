import type { Edit } from '../schemas/wire.ts';
import type { Plan } from '../schemas/plan.ts';
import type { SituationContent } from '../schemas/situation.ts';

/** Uniform numbers in [0, 1), seeded. */
export type Rng = () => number;

/** The exact value of a plan in a world. */
export interface PlanValue {
  /** Nats: log of the reward that the world gives this plan. */
  logReward: number;
  /** Probability in [0, 1] that the target holds at the end. */
  success: number;
  /** Expected harm done to others, >= 0. */
  harm: number;
  /** Expected duration, seconds. */
  durationS: number;
}

/** A fault that the world can see in a plan, of a class that textbooks' laws name, with the edits that mend it. */
export interface Flaw {
  /** One of the world's `flawClasses`. */
  class: string;
  node: string;
  issue: string;
  suggestion: string;
  severity: 'minor' | 'major';
  mend: Edit[];
  /** Set where the mend changes the stance. */
  stance?: Plan['stance'];
}

/**
 * A seeded procedural planning domain. Situations without limit, and the exact value of any plan: also of plans that the
 * world did not write, whose unknown actions take their time and change nothing.
 */
export interface World {
  name: string;
  /** Agent specification (a name in agents/) that its situations are for. */
  agent: string;
  flawClasses: readonly string[];
  situation(seed: number): SituationContent;
  /** The best plan that the world knows for one of its own situations. */
  exemplary(situation: SituationContent): Plan;
  value(situation: SituationContent, plan: Plan): PlanValue;
  /** Every flaw of a plan, in a fixed order. The exemplary plan has none. */
  inspect(situation: SituationContent, plan: Plan): Flaw[];
  /** Worsens a plan in up to one way of each class that applies, each with probability `rate`. */
  spoil(situation: SituationContent, plan: Plan, rate: number, rng: Rng): Plan;
  /** Edits that plant one flaw of a random class; none where no class applies. */
  worsen(situation: SituationContent, plan: Plan, rng: Rng): Edit[];
  /**
   * The situation that a plan's coarse action (`node`, an id) opens one level finer: from the state before it to the state after it.
   * It is a situation of this world as any other; null where the world knows nothing finer.
   */
  expand(situation: SituationContent, plan: Plan, node: string): SituationContent | null;
}
