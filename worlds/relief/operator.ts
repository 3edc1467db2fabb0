/** Where the rover can be. Two of them may be one place; then only one of the two names is used. */
export type Site = 'home' | 'source' | 'crossing' | 'camp' | 'dest';

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
  /** Says what is wrong without it, as the end of "... without it". */
  without: string;
  /** Done to others where the fact does not hold. */
  harm?: Harm;
  /** Probability of success where the fact does not hold. */
  success?: number;
}

/** Something that the rover can do, with the world's own figures. */
export interface Operator {
  id: string;
  /** The action text that means it. */
  text: string;
  /** What holds after it, as a state's text. */
  after: string;
  durationS: number;
  energyWh: number;
  success: number;
  needs: { site: Site | null; facts: readonly string[] };
  safeguards: readonly Safeguard[];
  adds: readonly string[];
  moves: Site | null;
  charges: boolean;
  harms: readonly Harm[];
  /** When it is tried and fails. */
  failure: { harm: Harm; loses: readonly string[] } | null;
  /** Set for a worse way of doing what the operator `id` does. */
  insteadOf: { id: string; flaw: FlawClass; why: string } | null;
}

type Given = Pick<Operator, 'id' | 'text' | 'after' | 'durationS' | 'success'> & Partial<Operator>;

export function operator(given: Given): Operator {
  return {
    energyWh: 0,
    needs: { site: null, facts: [] },
    safeguards: [],
    adds: [],
    moves: null,
    charges: false,
    harms: [],
    failure: null,
    insteadOf: null,
    ...given,
  };
}

/** Texts are equal up to case, white space and a full stop at the end. */
export function normalised(text: string): string {
  return text.trim().toLowerCase().replaceAll(/\s+/g, ' ').replace(/ ?\.$/, '');
}
