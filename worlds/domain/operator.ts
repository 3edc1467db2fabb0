/** Each class of flaw is what one textbook is about. */
export const FLAW_CLASSES = ['harm', 'permission', 'risk', 'scarcity', 'order', 'figures'] as const;
export type FlawClass = (typeof FLAW_CLASSES)[number];

/** Harm to others; `amount` 1 is one person's grave harm. */
export interface Harm {
  on: string;
  amount: number;
  why: string;
}

/** What should hold before an action although the action is possible without it. */
export interface Safeguard {
  fact: string;
  flaw: FlawClass;
  /** Says what is wrong without it, as the end of "... lacks it". */
  without: string;
  /** Done to others where the fact does not hold. */
  harm?: Harm;
  /** Probability of success where the fact does not hold. */
  success?: number;
}

/** Something that an agent can do, with the world's own figures. Worlds extend it by what only they know. */
export interface Operator {
  id: string;
  /** The action text that means it. */
  text: string;
  /** What holds after it, as a state's text. */
  after: string;
  durationS: number;
  energyWh: number;
  success: number;
  needs: { facts: readonly string[] };
  safeguards: readonly Safeguard[];
  adds: readonly string[];
  charges: boolean;
  harms: readonly Harm[];
  /** When it is tried and fails. */
  failure: { harm: Harm; loses: readonly string[] } | null;
  /** Set for a worse way of doing what the operator `id` does. */
  insteadOf: { id: string; flaw: FlawClass; why: string } | null;
}

/** What an operator has where its table says nothing else. */
export const PLAIN = { energyWh: 0, needs: { facts: [] }, safeguards: [], adds: [], charges: false, harms: [], failure: null, insteadOf: null } as const;

/** Texts are equal up to case, white space and a full stop at the end. */
export function normalised(text: string): string {
  return text.trim().toLowerCase().replaceAll(/\s+/g, ' ').replace(/ ?\.$/, '');
}

/** A sentence without its full stop. */
export function bare(text: string): string {
  return text.trim().replace(/\.$/, '');
}
