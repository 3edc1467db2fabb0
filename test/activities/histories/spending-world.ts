import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { Unanswered } from '../../../activities/unanswered.ts';
import { book, close, draw, readBudget } from '../../../activities/budget.ts';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { Flights } from '../../../activities/flights.ts';
import { Limiter } from '../../../activities/limits/limiter.ts';
import type { Model, ModelAnswer, ModelRequest, SendOptions } from '../../../activities/model.ts';
import { textOf } from '../../../activities/model.ts';
import { costOf, HIDDEN_TOKENS, reservationOf } from '../../../activities/pricing.ts';
import { bookUnfinished, campaignSpending, openSpending, putGrant } from '../../../activities/spending.ts';
import { takeStep, type StepEnd } from '../../../activities/step.ts';
import { Warmth } from '../../../activities/warmth.ts';
import { InvalidOutput } from '../../../plans/invalid.ts';
import { canonicalJson } from '../../../schemas/canonical.ts';
import { outcomeKey } from '../../../schemas/keys.ts';
import type { PageSeal } from '../../../schemas/manifest.ts';
import type { CampaignRecord, OutcomeRecord, ResponseRecord } from '../../../schemas/records.ts';
import { charge, chargeAll, grantTo, takeBack, unwritten, type Account } from '../../../workflows/allowance.ts';
import { begin } from '../../../workflows/progress.ts';
import { freeUnder, Purse } from '../../../workflows/purse.ts';
import { Treasury } from '../../../workflows/treasury.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';

/** What becomes of one call. `lost`: the process dies with the answer; `cut`: the connection breaks after the provider has charged; `unreported`: the answer is stored, and nobody hears of the step. */
export type Fate = 'answered' | 'invalid' | 'refused' | 'lost' | 'cut' | 'failed' | 'unreported';

const PRICE = { inputPerMTok: 1, outputPerMTok: 10, cacheWritePerMTok: 1.25, cacheWrite1hPerMTok: 2, cacheReadPerMTok: 0.1 };
const OUTPUT = z.object({ good: z.boolean() });
const STEPS = 4;
const SITUATIONS = 3;
const requestOf = (situation: string, step: number): ModelRequest => ({
  model: 'm',
  maxTokens: 400,
  system: [{ text: 'rules' }],
  turns: [{ role: 'user', blocks: [{ text: `${situation}, step ${step}` }] }],
  schema: {},
  structured: 'schema',
});
/** What one call may cost at most, nearly; int nano-dollars. */
export const CALL = reservationOf(requestOf('s0', 0), PRICE, 'auto');

/** A provider that books what it charges, before anyone hears of it. */
class Provider implements Model {
  readonly charged = new Map<string, number>();
  fate: Fate = 'answered';
  /** Share of the worst case that a call costs. */
  share = 1;
  payer = '';

  async send(request: ModelRequest, _options: SendOptions): Promise<ModelAnswer> {
    const { fate, share, payer } = this;
    if (fate === 'failed') throw Object.assign(new Error('overloaded'), { status: 500 });
    const texts = [...request.system, ...request.turns.flatMap((each) => each.blocks)].map(textOf);
    const tokens = texts.reduce((sum, text) => sum + Buffer.byteLength(text), JSON.stringify(request.schema).length + HIDDEN_TOKENS);
    const written = Math.floor(share * tokens);
    const usage = { inputTokens: tokens - written, outputTokens: Math.floor(share * request.maxTokens), cacheReadTokens: 0, cacheWriteTokens: written, cacheWrite1hTokens: written };
    this.charged.set(payer, (this.charged.get(payer) ?? 0) + (costOf(usage, PRICE) as number));
    // others go on meanwhile
    await turn();
    if (fate === 'lost' || fate === 'cut') throw new Error(fate);
    return { text: fate === 'invalid' ? '{"good":false}' : '{"good":true}', stop: fate === 'refused' ? 'refused' : 'complete', stopReason: 'end', usage, toolCalls: [], requestId: null, model: 'm' };
  }
}

/** One situation as its workflow has it. */
interface Situation extends Account {
  run: string;
  try: number;
  step: number;
  /** Attempts of the step under way that ended without a word. */
  lostAttempts: number;
  lost: { calls: number; nanoUsd: number };
  /** Charged in a step that was left, and not yet taken off the allowance. */
  pending: number;
  cost: number;
  /** What the step needs in all, where it waits for money. */
  waitsFor: number | null;
  busy: boolean;
  /** Its activity is under way, if only between two attempts: the workflow hears nothing else meanwhile. */
  asking: boolean;
}

/** What Temporal's database holds of a campaign that runs: all of it can be lost. */
interface Running {
  purse: Purse;
  page: Treasury;
  recalled: boolean;
  situations: Map<number, Situation>;
}

/** One campaign: what its workflows hold, over a store that outlives them. */
export class Campaign {
  readonly name: string;
  readonly #world: World;
  readonly #reader: CampaignReader;
  readonly #limiter = new Limiter({ patienceMs: 1_000 });
  readonly #warmth = new Warmth();
  readonly #flights = new Flights<ResponseRecord>();
  readonly tries = Array.from({ length: SITUATIONS }, () => 0);
  seals: PageSeal[] = [];
  budget: number | null;
  running: Running | null = null;

  constructor(world: World, name: string, budget: number | null) {
    this.#world = world;
    this.#reader = new CampaignReader(world.store);
    this.name = name;
    this.budget = budget;
  }

  get record(): CampaignRecord {
    return { name: this.name, file: { pageSize: SITUATIONS, situations: { from: 'world' } } } as unknown as CampaignRecord;
  }

  async spent(): Promise<number> {
    return await campaignSpending(this.#reader, this.record, this.seals, SITUATIONS);
  }

  /** As `openCampaign` does: everything from the store. */
  async open(): Promise<Running> {
    if (this.running !== null) return this.running;
    const spent = await this.spent();
    const bounds = { budget: this.budget, hold: await book(this.#world.store, this.name, spent) };
    this.running = { purse: new Purse(freeUnder(bounds, spent), bounds), page: new Treasury(0), recalled: false, situations: new Map() };
    return this.running;
  }

  loseDatabase(): void {
    this.running = null;
  }

  /** One call or more of a situation, and all the asking for money before it. */
  async step(index: number, fate: Fate, share: number): Promise<void> {
    const running = await this.open();
    let situation = running.situations.get(index);
    if (situation === undefined) {
      if (await this.#ended(index)) return;
      const allowance = running.page.start(index, 2 * CALL);
      situation = { ...begin(allowance), run: randomUUID(), try: this.tries[index] as number, step: 0, lostAttempts: 0, lost: { calls: 0, nanoUsd: 0 }, pending: 0, waitsFor: null, busy: false, asking: false };
      running.situations.set(index, situation);
    }
    if (situation.busy || situation.waitsFor !== null) return;
    situation.busy = true;
    try {
      await this.#take(running, index, situation, fate, share);
    } finally {
      situation.busy = false;
    }
  }

  async #take(running: Running, index: number, situation: Situation, fate: Fate, share: number): Promise<void> {
    if (running.recalled && !situation.asking) this.#giveBack(running, index, situation);
    const { name } = this;
    const grant = situation.asking ? null : unwritten(situation);
    situation.asking = true;
    if (grant !== null) await putGrant(this.#world.store, name, { ...grant, index, try: situation.try, pass: 'p1', run: situation.run });
    const end = await this.#attempt(index, situation, fate, share);
    if (end === null || this.running !== running) return;
    Object.assign(situation, { lostAttempts: 0, asking: false });
    if (end.kind === 'short') {
      Object.assign(situation, { lost: end.spending.lost, pending: end.spending.charged });
      running.page.need(index, end.need - (situation.allowance as number));
      situation.waitsFor = end.need;
      await this.shareOut();
      return;
    }
    charge(situation, end.spending.charged);
    situation.cost += end.spending.charged;
    Object.assign(situation, { lost: { calls: 0, nanoUsd: 0 }, pending: 0, step: situation.step + 1 });
    if (end.kind !== 'done' || situation.step === STEPS) await this.#end(running, index, situation, end.kind === 'done' ? 'converged' : 'failed');
  }

  /** null: the attempt ended without a result, and Temporal will make another. */
  async #attempt(index: number, situation: Situation, fate: Fate, share: number): Promise<StepEnd<string> | null> {
    const { store, provider } = this.#world;
    const model: Model = {
      send: (request, options) => {
        Object.assign(provider, { fate, share, payer: this.name });
        return provider.send(request, options);
      },
    };
    const ports = { store, model, flights: this.#flights, limiter: this.#limiter, warmth: this.#warmth };
    const payer = { campaign: this.name, run: situation.run, provider: 'origin:x', price: PRICE, cacheTtl: 'auto' as const };
    const account = { payer, allowance: situation.allowance, attempt: 1, lostAttempts: situation.lostAttempts, lost: situation.lost };
    // the same situation in every campaign: they race for its answers
    const id = `s${index}`;
    const read = (output: { good: boolean }) => {
      if (!output.good) throw new InvalidOutput(['no good']);
      return 'good';
    };
    try {
      const end = await takeStep(ports, account, { request: requestOf(id, situation.step), step: { kind: 'draft', instructions: '' }, situation: id, tries: [situation.try], sample: 0, path: `p${situation.step}`, schema: OUTPUT, read });
      if (fate !== 'unreported') return end;
      situation.lostAttempts += 1;
      return null;
    } catch (error) {
      if (error instanceof Unanswered) situation.lostAttempts += 1;
      return null;
    }
  }

  /** As the page and the campaign do: what fits is granted, then the cap is asked, then nobody. */
  async shareOut(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    const { page, purse } = running;
    for (;;) {
      for (let grant = page.grant(2 * CALL); grant !== null; grant = page.grant(2 * CALL)) {
        const situation = running.situations.get(grant.holder) as Situation;
        grantTo(situation, grant.amount);
        situation.waitsFor = null;
      }
      const { first } = page;
      if (first === null) return;
      purse.treasury.need(0, first.amount - (page.free as number));
      const wanted = purse.draw(4 * CALL);
      if (wanted !== null) {
        const { hold } = await draw(this.#world.store, this.name, wanted);
        if (this.running !== running) return;
        purse.bound({ budget: this.budget, hold: hold ?? wanted.most });
      }
      const block = purse.treasury.grant(4 * CALL);
      if (block === null) return;
      running.recalled = false;
      page.give(block.amount);
    }
  }

  /** What would bound the campaign is lower than what it has promised: all that is not spent comes back. */
  recall(): void {
    const { running } = this;
    if (running === null || !running.purse.overdrawn) return;
    running.recalled = true;
    for (const [index, situation] of running.situations) if (!situation.asking) this.#giveBack(running, index, situation);
    this.#pageGivesBack(running);
  }

  #giveBack(running: Running, index: number, situation: Situation): void {
    running.page.give(takeBack(situation, situation.pending));
    if (situation.waitsFor !== null) running.page.need(index, situation.waitsFor - (situation.allowance as number));
    this.#pageGivesBack(running);
  }

  #pageGivesBack({ page, purse, recalled }: Running): void {
    const nanoUsd = page.free as number;
    if (!recalled || nanoUsd <= 0) return;
    page.give(-nanoUsd);
    purse.treasury.give(nanoUsd);
  }

  async #ended(index: number): Promise<boolean> {
    return (await this.#world.store.get(outcomeKey(this.name, index, this.tries[index] as number))) !== null;
  }

  /** A situation's last act. */
  async #end(running: Running, index: number, situation: Situation, outcome: OutcomeRecord['outcome']): Promise<void> {
    const record: OutcomeRecord = {
      ...{ schema: 1, index, try: situation.try, situation: 'a'.repeat(64), outcome, reason: '', failedAt: null, log: null, final: null, stance: null, alternatives: [], passes: 1, reopened: 0, calls: 0 },
      nanoUsd: situation.cost,
      life: { runs: [situation.run], charged: situation.charged },
    };
    await this.#world.store.putIfAbsent(outcomeKey(this.name, index, situation.try), canonicalJson(record));
    running.situations.delete(index);
    running.page.leave(index, situation.allowance as number);
    this.#pageGivesBack(running);
    await this.shareOut();
  }

  /** The activity's retries have ended, or the budget turned the situation away. */
  async giveUp(index: number): Promise<void> {
    const situation = this.running?.situations.get(index);
    if (this.running === null || situation === undefined || situation.busy) return;
    charge(situation, situation.pending);
    if (situation.lostAttempts > 0) chargeAll(situation);
    await this.#end(this.running, index, situation, 'failed');
  }

  /** Every situation is stopped where it stands, the page sealed, and the rest of the money left to others. */
  async cancel(): Promise<void> {
    const { running } = this;
    if (running === null || [...running.situations.values()].some(({ asking }) => asking)) return;
    this.running = null;
    for (const [index, situation] of running.situations) {
      charge(situation, situation.pending);
      await bookUnfinished(this.#reader, this.name, { index, try: situation.try, nanoUsd: situation.charged, runs: [situation.run] });
    }
    const ended = await Promise.all(this.tries.map((_, index) => this.#ended(index)));
    if (ended.every(Boolean)) this.seals = [{ page: 0, situations: SITUATIONS, settings: 0, outcomes: {} as PageSeal['outcomes'], nanoUsd: 0, booked: await openSpending(this.#reader, this.name, () => false, SITUATIONS), calls: 0, files: [] }];
    await close(this.#world.store, this.name, await this.spent());
  }

  /** As `retry-failed` does. */
  async retry(index: number): Promise<void> {
    if (this.running?.situations.has(index) === true || !(await this.#ended(index))) return;
    this.tries[index] = (this.tries[index] as number) + 1;
    this.seals = [];
  }

  async setBudget(budget: number): Promise<void> {
    this.budget = budget;
    this.running?.purse.bound({ budget, hold: this.running.purse.hold });
    this.recall();
    await this.shareOut();
  }

  /** A cap was set: what is promised is held, whether the cap leaves so much or not. */
  async adopt(): Promise<void> {
    const { purse } = this.running ?? {};
    if (purse === undefined || purse.hold !== null || purse.promised === null) return;
    const { promised } = purse;
    const { hold } = await draw(this.#world.store, this.name, { promised, least: promised, most: promised });
    purse.bound({ budget: this.budget, hold });
  }
}

/** A bucket and a provider, and the campaigns over them. */
export class World {
  readonly store = new MemoryStore();
  readonly provider = new Provider();
  readonly campaigns: Campaign[] = [];

  get charged(): number {
    return [...this.provider.charged.values()].reduce((sum, each) => sum + each, 0);
  }

  async held(): Promise<number> {
    return Object.values((await readBudget(this.store)).holds).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
  }
}
