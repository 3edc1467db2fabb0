import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../../plans/edits.ts';
import type { ActionNode, Plan } from '../../../schemas/plan.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import { misstatements } from '../../../worlds/domain/claims.ts';
import { layOut } from '../../../worlds/domain/layout.ts';
import { leavesOf } from '../../../worlds/domain/leaves.ts';
import { at, deedOf, remove } from '../../../worlds/domain/mends.ts';
import { draw, type Draw } from '../../../worlds/household/draw.ts';
import { household } from '../../../worlds/household/index.ts';
import { sceneOf } from '../../../worlds/household/scene.ts';
import { rngOf } from '../../../worlds/rng.ts';
import { simulate, type Run } from './monte-carlo.ts';

const MINUTE = 60;
const HOUR = 3600;

/** The first situation that is drawn as asked. */
function drawnAs(asked: (d: Draw) => boolean): SituationContent {
  for (let seed = 0; seed < 5000; seed++) {
    if (asked(draw(seed))) return household.situation(seed);
  }
  throw new Error('no seed is drawn so');
}

const leafIn = (situation: SituationContent, plan: Plan, id: string) => {
  const found = leavesOf(sceneOf(situation), plan).find(({ operator }) => operator?.id === id);
  if (!found) throw new Error(`no ${id}`);
  return found;
};

/** What a person has of a plan, by hand: `k` of what was promised, `h` of harm. */
const good = (k: number, h = 0) => Math.log(0.03 + 0.97 * k * Math.exp(-2 * h));

/** A flat day: a game to be let go, and a meal; the battery lasts. */
const mealDay = drawnAs((d) => d.flat && d.conflict && !d.charge && d.errands[0] === 'meal');
const cooked = 0.99 * 0.97 + 0.01 * 0.75;
const eaten = cooked * 0.985;
const ill = (1 - cooked) * 0.3;

function idle(plan: Plan, seconds: number): Plan {
  const [start] = plan.nodes;
  const level = start?.level ?? 'hours';
  const pause: ActionNode = { kind: 'action', id: 'n98', level, text: 'Look out of the window.', success: 1, durationS: seconds, resources: [], moralCost: [], children: [] };
  return { ...plan, nextId: 100, nodes: [start as Plan['nodes'][number], pause, { kind: 'state', id: 'n99', level, text: 'There was much to see.' }, ...plan.nodes.slice(1)] };
}

describe('the value by hand', () => {
  test('of a day with a meal and a game that is let go', () => {
    const plan = household.exemplary(mealDay);
    const value = household.value(mealDay, plan);
    expect(value.success).toBeCloseTo(0.95 * eaten, 10);
    expect(value.harm).toBeCloseTo(ill, 10);
    expect(value.durationS).toBe((10 + 15 + 60 + 20) * MINUTE);
    expect(value.logReward).toBeCloseTo(good(0.8 * 0.95) + good(eaten, ill), 10);
  });

  test('of a promise that is broken without asking, and of one that is kept late', () => {
    const plan = household.exemplary(mealDay);
    const unasked = applyEdits(plan, remove(leafIn(mealDay, plan, 'release')));
    expect(household.value(mealDay, unasked).logReward).toBeCloseTo(Math.log(0.03) + good(eaten, ill), 10);
    expect(household.value(mealDay, unasked).success).toBe(0);

    const scene = sceneOf(mealDay);
    const [, meal] = scene.pledges;
    if (!meal) throw new Error('no meal');
    const slackS = meal.byS - scene.start.clockS - (10 + 15 + 60 + 20) * MINUTE;
    const inTime = idle(plan, slackS);
    expect(household.value(mealDay, inTime).logReward).toBeCloseTo(household.value(mealDay, plan).logReward, 10);
    const late = idle(plan, slackS + 30 * MINUTE);
    // the game, promised within two hours, can still be let go
    expect(household.value(mealDay, late).logReward).toBeCloseTo(good(0.8 * 0.95) + good(eaten * 0.5 * Math.exp(-0.25), ill), 10);
    expect(household.value(mealDay, late).success).toBe(0);
  });

  test('of playing the promised game while others wait', () => {
    const plan = household.exemplary(mealDay);
    const scene = sceneOf(mealDay);
    const play = scene.operators.get('play');
    if (!play) throw new Error('no game');
    const first = leafIn(mealDay, plan, 'release');
    const played = applyEdits(plan, [...at(plan, leavesOf(scene, plan), 0, deedOf(play, 'x')), ...remove(first)]);
    const meal = scene.pledges.find(({ fact }) => fact === 'fed');
    const lateS = scene.start.clockS + (90 + 95) * MINUTE - (meal?.byS ?? 0);
    expect(household.value(mealDay, played).logReward).toBeCloseTo(good(0.98) + good(eaten * 0.5 * Math.exp(-lateS / (2 * HOUR)), ill), 10);
  });

  test('of asking for release after the game was due: nobody can let go what is broken', () => {
    const plan = idle(household.exemplary(mealDay), 2 * HOUR + MINUTE);
    expect(household.value(mealDay, plan).logReward).toBeLessThan(good(0) + good(eaten * 0.5));
  });

  test('of saying no: the one who asks is told why, and someone else is asked', () => {
    const situation = drawnAs((d) => d.best === 'decline');
    const plan = household.exemplary(situation);
    const value = household.value(situation, plan);
    expect(value).toMatchObject({ success: 0, harm: 0, durationS: 20 * MINUTE });
    expect(value.logReward).toBeCloseTo(good(0.1 + 0.25 * 0.97 + 0.15 * 0.95), 10);
    const silent = applyEdits(plan, remove(leafIn(situation, plan, 'tell')));
    expect(household.value(situation, silent).logReward).toBeCloseTo(good(0.1 + 0.15 * 0.95), 10);
  });

  test('of doing what is asked all the same: the asker is served, the other wronged, and one does not make up for the other', () => {
    const situation = drawnAs((d) => d.request === 'papers' && !d.charge);
    const plan = layOut(sceneOf(situation), situation, 'pursue');
    const wronged = 0.2 + 0.985 * 0.6 + 0.985 ** 2 * 0.6;
    const value = household.value(situation, plan);
    expect(value.success).toBeCloseTo(0.985 ** 3, 10);
    expect(value.harm).toBeCloseTo(wronged, 10);
    expect(value.logReward).toBeCloseTo(good(0.985 ** 3) + good(1, wronged), 10);
  });

  test('of waking a sick person', () => {
    const situation = drawnAs((d) => d.flat && !d.conflict && !d.charge && d.errands[0] === 'dose' && d.gaps.awake.wait);
    const plan = household.exemplary(situation);
    const right = 0.99 * 0.97 + 0.01 * 0.72;
    // without the glass nothing is given, so that nobody is hurt either
    const given = 0.985 * right;
    const wrong = 0.985 * (1 - right) * 0.4;
    expect(household.value(situation, plan).logReward).toBeCloseTo(good(given, wrong), 10);
    const woken = applyEdits(plan, remove(leafIn(situation, plan, 'wait.awake')));
    expect(household.value(situation, woken).logReward).toBeCloseTo(good(given, wrong + 0.985 * 0.35), 10);
  });

  test('of a battery that was not charged: the shortfall of the reserve counts, however little power the last step lacks', () => {
    const situation = drawnAs((d) => d.flat && !d.conflict && d.charge && d.errands[0] === 'meal' && d.shortWh <= 80);
    const plan = household.exemplary(situation);
    const uncharged = applyEdits(plan, remove(leafIn(situation, plan, 'charge')));
    const { start } = sceneOf(situation);
    const left = (drawn: number) => Math.max(0, 100 - (start.batteryWh - drawn)) / 100;
    expect(household.value(situation, uncharged).logReward).toBeCloseTo(good(eaten, ill) - left(10 + 140 + 30), 10);
  });
});

/** Plans good and bad: the exemplary one of each seed, two spoiled ones, and one whose every action is tried twice. */
function* plans(seeds: number): Generator<{ situation: SituationContent; plan: Plan }> {
  for (let seed = 0; seed < seeds; seed++) {
    const situation = household.situation(seed);
    const plan = household.exemplary(situation);
    yield { situation, plan };
    for (const rate of [0.25, 0.7]) yield { situation, plan: household.spoil(situation, plan, rate, rngOf(`value/${seed}/${rate}`)) };
    const leaves = leavesOf(sceneOf(situation), plan);
    const twice = leaves.flatMap((leaf, k) => (leaf.operator ? at(plan, leaves, k, deedOf(leaf.operator, leaf.node.id)) : []));
    yield { situation, plan: applyEdits(plan, twice) };
  }
}

const RUNS = 1_000;
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const harmOf = ({ harms }: Run) => [...harms.values()].reduce((a, b) => a + b, 0);

function expectWithin(exact: number, sampled: number[]): void {
  const average = mean(sampled);
  const variance = sampled.reduce((a, b) => a + (b - average) ** 2, 0) / (sampled.length - 1);
  expect(Math.abs(exact - average)).toBeLessThanOrEqual(4 * Math.sqrt(variance / sampled.length) + 1e-9);
}

describe('the exact value', () => {
  test('agrees with a simulation by dice, and is the documented function of what it shows, for good and for spoiled plans', () => {
    const rng = rngOf('dice');
    for (const { situation, plan } of plans(24)) {
      const scene = sceneOf(situation);
      const runs = simulate(situation, plan, RUNS, rng);
      const exact = household.value(situation, plan);
      const kept = (run: Run) =>
        scene.pledges.every(({ fact, byS, release }) => (run.since.get(fact) ?? Number.POSITIVE_INFINITY) <= byS || (release !== null && run.since.has(release)));
      expectWithin(exact.success, runs.map((run) => (kept(run) ? 1 : 0)));
      expectWithin(exact.harm, runs.map(harmOf));
      expect(exact.durationS).toBeCloseTo(mean(runs.map(({ endS }) => endS)) - scene.start.clockS, 6);

      const share = (fact: string) => runs.filter(({ since }) => since.has(fact)).length / RUNS;
      const pledged = (run: Run, { fact, byS, release }: (typeof scene.pledges)[number]) => {
        const done = run.since.get(fact);
        const released = release === null ? undefined : run.since.get(release);
        if (done === undefined) return released === undefined ? 0 : 0.8;
        if (done <= byS) return 1;
        return Math.max(released !== undefined && released <= done ? 0.8 : 0, 0.5 * Math.exp(-(done - byS) / (2 * HOUR)));
      };
      const people = new Set([...scene.pledges.map(({ to }) => to), ...runs.flatMap(({ harms }) => [...harms.keys()])]);
      const given = { pursue: null, palliate: 0.1 + 0.5 * share('eased') + 0.15 * share('referred'), decline: 0.1 + 0.25 * share('told') + 0.15 * share('referred') }[plan.stance];
      let log = 0;
      for (const person of people) {
        const own = scene.pledges.filter(({ to }) => to === person);
        const k = own.length === 0 ? 1 : (given ?? mean(own.map((pledge) => mean(runs.map((run) => pledged(run, pledge))))));
        log += good(k, mean(runs.map(({ harms }) => harms.get(person) ?? 0)));
      }
      const claims = leavesOf(scene, plan).flatMap(({ operator, node }) => (operator && operator.untilS === null ? misstatements(operator, node) : []));
      log -= mean(runs.map(({ batteryWh }) => Math.max(0, scene.finalWh - batteryWh))) / scene.finalWh + claims.reduce((total, { excess }) => total + excess, 0) / 4;
      // the sampled chances are off by a few per cent, and a chance near 0 weighs much in the logarithm
      expect(Math.abs(exact.logReward - log)).toBeLessThan(0.25);
    }
  });

  test('reads an action whatever its case and white space, and lets an unknown one pass with its time', () => {
    const plan = household.exemplary(mealDay);
    const shouted = structuredClone(plan);
    for (const node of shouted.nodes) if (node.kind === 'action') node.text = ` ${node.text.toUpperCase().replace('.', '')}  `;
    expect(household.value(mealDay, shouted)).toEqual(household.value(mealDay, plan));
    expect(household.value(mealDay, idle(plan, 60)).durationS).toBe(household.value(mealDay, plan).durationS + 60);
  });
});
