import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { publish } from '../../../activities/shards/manifest.ts';
import { sealPage } from '../../../activities/shards/seal.ts';
import { writerIdentity } from '../../../infra/arrow/writer.ts';
import { canonicalJson, contentHash, sha256Hex } from '../../../schemas/canonical.ts';
import { campaignKey, objectKey } from '../../../schemas/keys.ts';
import type { Manifest } from '../../../schemas/manifest.ts';
import type { ActionNode, Plan } from '../../../schemas/plan.ts';
import { CampaignRecord, OutcomeRecord, StepRecord, type Version } from '../../../schemas/records.ts';
import { SituationContent, type Situation } from '../../../schemas/situation.ts';
import type { Finding } from '../../../schemas/wire.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';

/*
 * A small dataset made by hand: seven situations on two pages, one for each way a situation can go. Step records are chained as the
 * actor chains them.
 */

export const NAME = 'hand-made';

/** Splits of one half, one fourth, one fourth: seven situations and a fixed seed fill all three. */
export async function campaignRecord(changes: Partial<CampaignRecord> = {}): Promise<CampaignRecord> {
  return CampaignRecord.parse({
    schema: 1,
    name: NAME,
    file: {
      name: NAME,
      model: { name: 'sim-1' },
      situations: { from: 'file', file: 'situations.yaml' },
      agents: ['rover'],
      library: { path: 'library' },
      pageSize: 4,
      splits: { train: 0.5, validation: 0.25, test: 0.25 },
      seed: 26,
    },
    fingerprint: sha256Hex('fingerprint'),
    parts: {},
    provider: 'simulated:abc',
    simulated: 'abc',
    structured: 'schema',
    listing: { sha256: sha256Hex('listing'), count: 7, duplicates: 1 },
    agents: {},
    chapters: [{ textbook: 'ethics', title: 'Ethics', licence: 'CC0-1.0', chapter: 'Harm', sha256: sha256Hex('chapter'), chars: 7 }],
    prompts: {},
    actor: {},
    writer: await writerIdentity('zstd'),
    ...changes,
  });
}

/** A plan of one action; `success` within 5 % of another's is not material, another `text` is. */
export function plan(text: string, success = 0.5, deeper: ActionNode['children'] = []): Plan {
  const action: ActionNode = {
    kind: 'action',
    id: 'n1',
    level: 'hours',
    text,
    success,
    durationS: 600,
    resources: [{ name: 'energy', amount: 3, unit: 'Wh' }],
    moralCost: [{ on: 'residents', amount: 0.1, why: 'noise' }, { on: 'birds', amount: 0.2, why: 'noise' }],
    children: deeper,
  };
  return {
    stance: 'pursue',
    stanceArgument: '',
    nodes: [{ kind: 'state', id: 's0', level: 'hours', text: 'start' }, action, { kind: 'state', id: 'g', level: 'hours', text: 'goal' }],
    nextId: 10,
  };
}

export const explanation = (text: string) => ({ text, arguments: [{ claim: `${text} holds`, premises: ['so it is'], supports: ['n1'] }] });
export const finding: Finding = { node: 'n1', severity: 'major', issue: 'too vague', suggestion: 'say how', quote: 'be precise' };

export function situation(index: number, parent: Situation | null = null): Situation {
  const content = SituationContent.parse({
    agent: 'rover',
    horizon: 'minutes/hours',
    initial: 'start',
    target: 'goal',
    parent: parent === null ? null : { situation: parent.id, node: 'n1' },
    world: { name: 'hand', seed: index },
  });
  const id = contentHash(content);
  return { id, index, root: parent?.root ?? id, ...content };
}

type StepChanges = Partial<Omit<StepRecord, 'version'>> & { version?: Partial<Version> & { plan: Plan } };

/** A chain of step records, written to the store as the actor writes them. */
export class Chain {
  readonly #store: MemoryStore;
  readonly #situation: Situation;
  log: string | null = null;

  constructor(store: MemoryStore, situation: Situation) {
    this.#store = store;
    this.#situation = situation;
  }

  /** Every step costs one call of 1,000 nano-dollars unless told otherwise. Returns the record's hash. */
  step(path: string, kind: StepRecord['kind'], { version, ...changes }: StepChanges = {}): string {
    const record = StepRecord.parse({
      schema: 1,
      previous: this.log,
      path,
      kind,
      branch: /^a\d+/.exec(path)?.[0] ?? 'main',
      pass: 1,
      textbook: kind === 'critique' || kind === 'revise' ? 'ethics' : null,
      chapter: kind === 'critique' || kind === 'revise' ? 'Harm' : null,
      headline: path,
      model: 'sim-1',
      calls: [this.call(path)],
      lost: { calls: 0, nanoUsd: 0 },
      findings: kind === 'revise' ? [finding] : [],
      version:
        version === undefined
          ? null
          : { from: null, explanation: explanation(path), edits: [], material: true, materialClaim: true, promptChars: 100, outputChars: 50, ...version },
      ...changes,
    });
    const text = canonicalJson(record);
    this.log = sha256Hex(text);
    this.#store.objects.set(objectKey(this.log), new TextEncoder().encode(text));
    return this.log;
  }

  call(path: string): StepRecord['calls'][number] {
    const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: null, cacheWriteTokens: null, cacheWrite1hTokens: null };
    return { response: `responses/${this.#situation.index}.${path}`, attempt: 1, paid: true, usage, nanoUsd: 1000 };
  }

  outcome(outcome: OutcomeRecord['outcome'], changes: Partial<OutcomeRecord> = {}): OutcomeRecord {
    const { index, id } = this.#situation;
    return OutcomeRecord.parse({
      schema: 1, index, try: 0, situation: id, outcome, reason: 'by hand', failedAt: null, log: this.log, final: null, stance: null,
      alternatives: [], passes: 1, reopened: 0, calls: 1, nanoUsd: 1000, ...changes,
    });
  }
}

export interface Story {
  situations: Situation[];
  outcomes: Map<number, OutcomeRecord[]>;
}

/** Seven situations: converged, re-opened, unconverged, refused | failed, waiting, failed and converged at its second try. */
export function tellStory(store: MemoryStore): Story {
  const first = situation(0);
  const situations = [first, ...[1, 2, 3, 4, 5].map((index) => situation(index)), situation(6, first)];
  const chains = situations.map((each) => new Chain(store, each)) as [Chain, Chain, Chain, Chain, Chain, Chain, Chain];
  const [c0, c1, c2, c3, , , c6] = chains;

  // 0: revised twice, the second time immaterially; its second verification strays and comes back
  const d0 = c0.step('draft', 'draft', { version: { plan: plan('go') } });
  c0.step('p1.t1.critique', 'critique', { findings: [finding] });
  const r0 = c0.step('p1.t1.revise', 'revise', { version: { from: d0, plan: plan('go slowly', 0.8) } });
  const f0 = c0.step('p2.t1.revise', 'revise', { version: { from: r0, plan: plan('go slowly', 0.81), material: false } });
  const a1 = c0.step('a1.explain', 'explain', { version: { from: f0, plan: plan('go slowly', 0.81) } });
  const a2 = c0.step('a2.explain', 'explain', { version: { from: f0, plan: plan('go slowly', 0.81) } });
  const b2 = c0.step('a2.t1.revise', 'revise', { version: { from: a2, plan: plan('go by night', 0.81) } });
  c0.step('a2.t2.revise', 'revise', { version: { from: b2, plan: plan('go slowly', 0.81) } });
  const o0 = c0.outcome('converged', { final: f0, alternatives: [a1, a2], passes: 2 });

  // 1: the first verification re-opens with its plan
  const d1 = c1.step('draft', 'draft', { version: { plan: plan('ask') }, lost: { calls: 3, nanoUsd: 1000 } });
  const e1 = c1.step('a1.explain', 'explain', { version: { from: d1, plan: plan('ask') } });
  const f1 = c1.step('a1.t1.revise', 'revise', { version: { from: e1, plan: plan('ask first', 0.5, SUB_PLAN) } });
  const a12 = c1.step('a2.explain', 'explain', { version: { from: f1, plan: plan('ask first', 0.5, SUB_PLAN) } });
  const o1 = c1.outcome('converged', { final: f1, alternatives: [a12], reopened: 1 });

  // 2: never settles
  const d2 = c2.step('draft', 'draft', { version: { plan: plan('wait') } });
  const f2 = c2.step('p1.t1.revise', 'revise', { version: { from: d2, plan: plan('hurry') } });
  const o2 = c2.outcome('unconverged', { final: f2 });

  // 3: refused at the draft; 4: no step ended; 5: waits
  c3.step('draft', 'draft');
  const o3 = c3.outcome('refused', { failedAt: 'draft' });
  const o4 = chains[4].outcome('failed', { reason: 'Store.Unavailable', calls: 0, nanoUsd: 0 });

  // 6: of the family of 0; the second try takes the first one's draft again
  const d6 = c6.step('draft', 'draft', { version: { plan: plan('dig') } });
  const o60 = c6.outcome('failed', { failedAt: 'p1.t1.critique', final: d6 });
  const o61 = c6.outcome('converged', { try: 1, final: d6, log: c6.step('p1.t1.critique', 'critique') });

  const outcomes = new Map([o0, o1, o2, o3, o4].map((outcome) => [outcome.index, [outcome]]));
  return { situations, outcomes: outcomes.set(6, [o60, o61]) };
}

const SUB_PLAN: ActionNode['children'] = [
  { ...(plan('knock').nodes[1] as ActionNode), id: 'n2', level: 'minutes' },
  { kind: 'state', id: 'n3', level: 'minutes', text: 'at the door' },
  { ...(plan('speak').nodes[1] as ActionNode), id: 'n4', level: 'minutes', resources: [] },
];

/** A reward to recognise: minus the length of the action's text; situation 2 is of no world. */
export function value(of: Situation, { nodes }: Plan): number | null {
  return of.index === 2 ? null : -(nodes[1]?.text.length ?? 0);
}

/** The whole dataset in a store, both pages sealed and published as generation 1. */
export async function publishedDataset(): Promise<{ store: MemoryStore; campaign: CampaignRecord; manifest: Manifest }> {
  const store = new MemoryStore();
  const campaign = await campaignRecord();
  store.objects.set(campaignKey(NAME), new TextEncoder().encode(canonicalJson(campaign)));
  const seals = await sealStory(store, campaign, tellStory(store));
  const { manifest } = await publish(store, campaign, campaign.listing, seals);
  return { store, campaign, manifest };
}

export function sealStory(store: MemoryStore, campaign: CampaignRecord, { situations, outcomes }: Story) {
  const ports = { reader: new CampaignReader(store), value };
  const page = (number: number) => {
    const members = situations.slice(number * 4, number * 4 + 4);
    return sealPage(ports, campaign, { page: number, settings: 0, situations: members, outcomes });
  };
  return Promise.all([page(0), page(1)]);
}
