import fc from 'fast-check';
import { expect, test } from 'vitest';
import { setCap } from '../../../activities/budget.ts';
import type { Hold } from '../../../schemas/budget.ts';
import { CALL, Campaign, World, type Fate } from './spending-world.ts';

const RUNS = Number(process.env['HISTORIES'] ?? 10_000);
const FATES: Fate[] = ['answered', 'answered', 'answered', 'invalid', 'refused', 'lost', 'lost', 'cut', 'failed', 'unreported'];

// a few are hit again and again, so that what went wrong before is built upon
const campaign = fc.constantFrom(0, 0, 0, 1, 2);
const index = fc.constantFrom(0, 0, 1, 2);
const step = fc.record({ campaign, index, fate: fc.constantFrom(...FATES), share: fc.constantFrom(0.1, 1, 1) });
const calls = fc.integer({ min: 2, max: 10 });
const event = fc.oneof(
  { weight: 12, arbitrary: step.map((at) => ({ kind: 'steps' as const, steps: [at] })) },
  { weight: 4, arbitrary: fc.array(step, { minLength: 2, maxLength: 5 }).map((steps) => ({ kind: 'steps' as const, steps })) },
  { weight: 4, arbitrary: campaign.map((at) => ({ kind: 'database lost' as const, campaign: at })) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('database lost under way' as const), campaign, steps: fc.array(step, { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('budget' as const), campaign, calls }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cap' as const), calls: fc.integer({ min: 2, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('given up' as const), campaign, index }) },
  { weight: 1, arbitrary: campaign.map((at) => ({ kind: 'cancelled' as const, campaign: at })) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retried' as const), campaign, index }) },
);
const history = fc.record({ cap: fc.option(calls), budgets: fc.array(fc.option(calls), { minLength: 3, maxLength: 3 }), events: fc.array(event, { minLength: 6, maxLength: 20 }) });

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** What may be charged: the bound in force, or what was promised already when it was lowered. */
interface Allowed {
  cap: number;
  budgets: number[];
}

async function happen(world: World, allowed: Allowed, event: Event): Promise<void> {
  const at = (n: number) => world.campaigns[n] as Campaign;
  const play = (steps: { campaign: number; index: number; fate: Fate; share: number }[]) => Promise.all(steps.map((each) => at(each.campaign).step(each.index, each.fate, each.share)));
  switch (event.kind) {
    case 'steps':
      await play(event.steps);
      return;
    case 'database lost':
      at(event.campaign).loseDatabase();
      return;
    case 'database lost under way': {
      const playing = play(event.steps);
      await Promise.resolve();
      at(event.campaign).loseDatabase();
      await playing;
      return;
    }
    case 'budget': {
      const budget = event.calls * CALL;
      await at(event.campaign).setBudget(budget);
      allowed.budgets[event.campaign] = Math.max(budget, at(event.campaign).running?.purse.promised ?? (await at(event.campaign).spent()));
      return;
    }
    case 'cap': {
      const cap = event.calls * CALL;
      const spent: Record<string, Hold> = {};
      for (const each of world.campaigns) spent[each.name] = { nanoUsd: await each.spent(), state: 'open' };
      await setCap(world.store, cap, spent);
      for (const each of world.campaigns) await each.adopt();
      allowed.cap = Math.max(cap, await world.held());
      for (const each of world.campaigns) await each.shareOut();
      return;
    }
    case 'given up':
      await at(event.campaign).giveUp(event.index);
      return;
    case 'cancelled':
      await at(event.campaign).cancel();
      return;
    case 'retried':
      await at(event.campaign).retry(event.index);
  }
}

function within(what: string, charged: number, allowed: number, after: Event): void {
  if (charged > allowed) throw new Error(`${what}: ${charged / CALL} calls were charged, and ${allowed / CALL} allowed, after ${JSON.stringify(after)}`);
}

test(`over ${RUNS} random histories of calls, kills, losses and changes the provider never charges more than the budgets and the cap allow`, { timeout: 600_000 }, async () => {
  let charged = 0;
  let nearest = 0;
  await fc.assert(
    fc.asyncProperty(history, async ({ cap, budgets, events }) => {
      const world = new World();
      const nano = (n: number | null) => (n === null ? null : n * CALL);
      if (cap !== null) await setCap(world.store, cap * CALL);
      // without a cap every campaign has a budget of its own
      world.campaigns.push(...budgets.map((budget, i) => new Campaign(world, `c${i}`, nano(cap === null ? (budget ?? 10) : budget))));
      const allowed: Allowed = { cap: nano(cap) ?? Infinity, budgets: world.campaigns.map((each) => each.budget ?? Infinity) };
      for (const each of events) {
        await happen(world, allowed, each);
        within('the cap', world.charged, allowed.cap, each);
        for (const [i, { name }] of world.campaigns.entries()) within(`the budget of ${name}`, world.provider.charged.get(name) ?? 0, allowed.budgets[i] as number, each);
      }
      charged += world.charged;
      nearest = Math.max(nearest, world.charged / allowed.cap);
    }),
    { numRuns: RUNS, seed: 5 },
  );
  console.log(`${RUNS} histories: ${(charged / CALL / RUNS).toFixed(1)} worst-case calls charged in each, at most ${(100 * nearest).toFixed(0)} % of the cap`);
  // the bounds are reached, not only kept
  expect(nearest).toBeGreaterThan(0.9);
});
