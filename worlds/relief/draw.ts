import type { Stance } from '../../schemas/plan.ts';
import { between, pick, rngOf, shuffled } from '../rng.ts';
import { CROSSINGS, GOODS, LAST_STOCKS, PARTS, PEOPLE, PLACES, SUBSTITUTES, WATERS, type CrossingKind } from './names.ts';

/** Share of situations in which the goods are the last stock of people who need them more, so that pursuing the target is wrong. */
export const LAST_STOCK_SHARE = 0.16;
/** Share of those in which nothing else can be brought, so that declining is right; in the others a palliative is. */
export const NO_SUBSTITUTE_SHARE = 0.7;

/** What the seed decides about a situation. Lengths in km. */
export interface Draw {
  best: Stance;
  mission: 'deliver' | 'repair';
  /** All nodes at `days`: the sites lie so close that no sub-plans are needed. */
  flat: boolean;
  /** The rover starts at the source. */
  local: boolean;
  /** People must be warned. */
  warn: boolean;
  /** A second charge, at the source, may be needed. */
  longHaul: boolean;
  home: string;
  source: string;
  camp: string;
  dest: string;
  steward: string;
  recipient: string;
  goods: string;
  substitute: string;
  count: number;
  stock: number;
  patients: number;
  crossing: CrossingKind;
  kmOut: number;
  kmOn: number;
  kmThrough: number;
  whPerKm: number;
  kmPerH: number;
  chargeShare: number;
}

export function draw(seed: number): Draw {
  const rng = rngOf(`relief/${seed}`);
  const lastStock = rng() < LAST_STOCK_SHARE;
  const best = !lastStock ? 'pursue' : rng() < NO_SUBSTITUTE_SHARE ? 'decline' : 'palliate';
  const mission = lastStock || rng() < 0.6 ? 'deliver' : 'repair';
  const flat = !lastStock && rng() < 0.2;
  const local = flat || (best !== 'palliate' && rng() < 0.25);
  const [first, source, camp, dest] = shuffled(PLACES, rng) as [string, string, string, string];
  const [steward, recipient] = shuffled(PEOPLE, rng) as [string, string];
  const kind = pick(CROSSINGS, rng);
  const water = pick(WATERS, rng);
  const named = (text: string) => text.replaceAll('@', water);
  const count = mission === 'repair' ? between(1, 4, rng) + 1 : between(4, 30, rng);
  return {
    best,
    mission,
    flat,
    local,
    warn: !flat && rng() < 0.75,
    longHaul: !local && rng() < 0.35,
    home: local ? source : first,
    source,
    camp,
    dest,
    steward,
    recipient,
    goods: pick(lastStock ? LAST_STOCKS : mission === 'repair' ? PARTS : GOODS, rng),
    substitute: pick(SUBSTITUTES, rng),
    count,
    stock: lastStock ? count : count * between(2, 4, rng) + between(1, 5, rng),
    patients: between(3, 9, rng),
    crossing: {
      place: named(kind.place),
      check: named(kind.check),
      checked: named(kind.checked),
      cross: named(kind.cross),
      risk: kind.risk,
      sufferers: named(kind.sufferers),
    },
    kmOut: between(6, 24, rng),
    kmOn: between(5, 22, rng),
    kmThrough: between(2, 9, rng),
    whPerKm: between(14, 26, rng),
    kmPerH: between(3, 6, rng),
    chargeShare: between(15, 45, rng) / 100,
  };
}
