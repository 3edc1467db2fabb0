import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { applyRevision } from '../plans/edits.ts';
import { buildDraft } from '../plans/build.ts';
import { checkExplanation } from '../plans/check.ts';
import { InvalidOutput } from '../plans/invalid.ts';
import { isMaterial, planHash } from '../plans/material.ts';
import { findNode } from '../plans/tree.ts';
import { canonicalJson } from '../schemas/canonical.ts';
import type { ChapterRef } from '../schemas/library.ts';
import { grantKey, outcomeKey } from '../schemas/keys.ts';
import type { Explanation, Plan } from '../schemas/plan.ts';
import type { GrantRecord} from '../schemas/records.ts';
import { OutcomeRecord, StepRecord, type CampaignRecord, type Version } from '../schemas/records.ts';
import type { Situation } from '../schemas/situation.ts';
import { DraftOutput, StepOutput, type Finding } from '../schemas/wire.ts';
import type { AnswerPorts } from './answers.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { toFailure, WrongProvider } from './failures.ts';
import { screen } from './hazards.ts';
import { beating, lostAttempts } from './heartbeat.ts';
import { draftHeadline, findingsHeadline, revisionHeadline } from './headlines.ts';
import type { Outages } from './outages.ts';
import { priceOf } from './pricing.ts';
import { buildRequest, contentOf, type PromptParts } from './requests.ts';
import { takeStep, type Account, type StepEnd, type StepQuestion } from './step.ts';

/** Where a step stands and what it builds on. Step records travel as their sha256. */
export interface StepInput {
  campaign: string;
  index: number;
  try: number;
  path: string;
  branch: string;
  pass: number;
  /** Index into the campaign's chapters; -1 for draft and explain. */
  chapter: number;
  /** Head of the situation's chain of step records. */
  log: string | null;
  /** Step record that holds the version worked on. */
  version: string | null;
  /** revise: the critique's step record. */
  critique: string | null;
  decide?: boolean;
  /** Int nano-dollars this situation may still spend; null: no budget. */
  allowance: number | null;
  /** Put before the first call of a pass. */
  grant?: { n: number; nanoUsd: number };
}

export interface StepResult {
  headline: string;
  log: string;
  /** Int nano-dollars: new spending of this run. */
  charged: number;
  /** Int nano-dollars: what the step's answers cost this campaign, whenever it paid. */
  cost: number;
  calls: number;
  findings?: number;
  major?: number;
  material?: boolean;
  /** First digits of the plan's hash: equal plans have equal hashes. */
  plan?: string;
  stance?: Plan['stance'];
  /** Level of the plan's top list. */
  level?: string;
  /** Set where the situation ends here. */
  stop?: { outcome: 'refused' | 'failed'; reason: string };
}

/** The next call did not fit: the situation must be granted `short` nano-dollars in all before it is tried again. */
export interface StepShort {
  short: number;
}

export interface ActorPorts extends AnswerPorts {
  reader: CampaignReader;
  /** Identity of the provider that `model` calls. */
  provider: () => Promise<string>;
  outages: Outages;
}

const HASH_DIGITS = 16;

/** The exemplary actor's steps, one activity a model call, repairs inside. */
export function createActorActivities(ports: ActorPorts) {
  return {
    draft: (input: StepInput) => activity(ports.outages, input, () => draft(ports, input)),
    critique: (input: StepInput) => activity(ports.outages, input, () => critique(ports, input)),
    revise: (input: StepInput) => activity(ports.outages, input, () => revise(ports, input)),
    explain: (input: StepInput) => activity(ports.outages, input, () => explain(ports, input)),
  };
}
export type ActorActivities = ReturnType<typeof createActorActivities>;

async function activity<T>(outages: Outages, { campaign }: StepInput, work: () => Promise<T>): Promise<T> {
  const { attempt, settled } = lostAttempts();
  try {
    const result = await beating({ settled }, work);
    outages.passed(campaign);
    return result;
  } catch (error) {
    const failure = toFailure(error);
    if (failure instanceof ApplicationFailure && failure.nonRetryable !== true) outages.failed(campaign, `${failure.type}: ${failure.message}`);
    // the provider answered, or was never reached: this attempt paid for nothing
    if (answered(error)) Context.current().heartbeat({ settled: Math.min(attempt, settled + 1) });
    throw failure;
  }
}

function answered(error: unknown): boolean {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}

async function draft(ports: ActorPorts, input: StepInput): Promise<StepResult | StepShort> {
  const scene = await open(ports, input);
  const hazard = screen(scene.campaign.actor.hazardPolicy, scene.situation);
  if (hazard !== null) {
    const log = await append(ports.reader, scene, input, { kind: 'draft', headline: hazard, calls: [], lost: { calls: 0, nanoUsd: 0 }, model: scene.campaign.file.model.name });
    return { headline: hazard, log, charged: 0, cost: 0, calls: 0, stop: { outcome: 'refused', reason: hazard } };
  }
  const content = contentOf(scene.situation);
  const question = await ask(ports, scene, input, { step: { kind: 'draft' } }, DraftOutput, (output) => buildDraft(output, content));
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'draft', ({ plan, explanation }, sizes) => ({
    headline: draftHeadline(plan),
    version: { from: null, plan, explanation, edits: [], material: true, materialClaim: true, ...sizes },
  }));
}

async function critique(ports: ActorPorts, input: StepInput): Promise<StepResult | StepShort> {
  const scene = await open(ports, input);
  const { plan } = scene.version as Version;
  const question = await ask(ports, scene, input, { step: { kind: 'critique' } }, StepOutput, (output) => {
    const strangers = output.findings.filter((finding) => findNode(plan, finding.node) === undefined);
    if (strangers.length > 0) throw new InvalidOutput(strangers.map(({ node }) => `findings: node "${node}" is not in the plan`));
    return output.findings.filter((finding) => finding.severity !== 'none');
  });
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'critique', (findings) => ({ headline: findingsHeadline(findings), findings }));
}

async function revise(ports: ActorPorts, input: StepInput): Promise<StepResult | StepShort> {
  const scene = await open(ports, input);
  const { plan } = scene.version as Version;
  const content = contentOf(scene.situation);
  const { findings } = await readRecord(ports.reader, input.critique as string);
  const step = { kind: 'revise' as const, findings, decide: input.decide === true };
  const question = await ask(ports, scene, input, { step }, StepOutput, (output) => ({ ...applyRevision(plan, output, content), output }));
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'revise', (revised, sizes) => {
    const material = isMaterial(plan, revised.plan, scene.campaign.actor.tolerance);
    return {
      headline: revisionHeadline(revised.output.edits, material),
      findings,
      version: {
        from: input.version,
        plan: revised.plan,
        explanation: revised.explanation,
        edits: revised.output.edits,
        material,
        materialClaim: revised.output.material,
        ...sizes,
      },
    };
  });
}

async function explain(ports: ActorPorts, input: StepInput): Promise<StepResult | StepShort> {
  const scene = await open(ports, input);
  const { plan, explanation: avoid } = scene.version as Version;
  const parts = { step: { kind: 'explain' as const, avoid }, explanation: null };
  const question = await ask(ports, scene, input, parts, StepOutput, ({ explanation }) => {
    const faults = [...checkExplanation(explanation, plan), ...repeated(explanation, avoid)];
    if (faults.length > 0) throw new InvalidOutput(faults);
    return explanation;
  });
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'explain', (explanation, sizes) => ({
    headline: `explained anew with ${explanation.arguments.length} arguments`,
    version: { from: input.version, plan, explanation, edits: [], material: false, materialClaim: false, ...sizes },
  }));
}

/** Premises of the old explanation that the new one leans on again. */
function repeated(explanation: Explanation, avoid: Explanation): string[] {
  const old = new Set(avoid.arguments.flatMap((argument) => argument.premises));
  return explanation.arguments
    .flatMap((argument) => argument.premises)
    .filter((premise) => old.has(premise))
    .map((premise) => `explanation: the premise "${premise.slice(0, 80)}" repeats the explanation to be avoided`);
}

interface Scene {
  campaign: CampaignRecord;
  situation: Situation;
  chapter: ChapterRef | null;
  version: Version | null;
}

async function open({ reader, provider }: ActorPorts, input: StepInput): Promise<Scene> {
  const campaign = await reader.campaign(input.campaign);
  const own = await provider();
  if (own !== campaign.provider) throw new WrongProvider(`campaign "${campaign.name}" is for the model ${campaign.provider}, and this worker has ${own}: start it with that one`);
  const situation = await reader.situation(input.campaign, input.index);
  const version = input.version === null ? null : (await readRecord(reader, input.version)).version;
  if (input.grant !== undefined) {
    const { n, nanoUsd } = input.grant;
    const grant: GrantRecord = { schema: 1, index: input.index, try: input.try, n, pass: input.path.split('.')[0] as string, nanoUsd };
    await reader.store.putIfAbsent(grantKey(input.campaign, input.index, input.try, n), canonicalJson(grant));
  }
  return { campaign, situation, version, chapter: input.chapter < 0 ? null : (campaign.chapters[input.chapter] as ChapterRef) };
}

async function ask<Output, Value>(
  ports: ActorPorts,
  scene: Scene,
  input: StepInput,
  parts: Pick<PromptParts, 'step'> & Partial<PromptParts>,
  schema: StepQuestion<Output, Value>['schema'],
  read: (output: Output) => Value,
): Promise<StepQuestion<Output, Value>> {
  const { campaign, situation, chapter, version } = scene;
  const { plan = null, explanation = null } = version ?? {};
  const request = await buildRequest(ports.reader, { campaign, situation, chapter, plan, explanation, ...parts });
  const tries = Array.from({ length: input.try + 1 }, (_, i) => input.try - i);
  const anew = input.try > 0 && (await failedAt(ports.reader, input)) === input.path;
  return {
    request,
    step: { ...parts.step, instructions: '' },
    situation: situation.id,
    tries: anew ? tries.slice(0, 1) : tries,
    sample: campaign.file.sample,
    path: input.path,
    schema,
    read,
  };
}

/** The step at which the try before this one ended: that step alone is asked anew. */
async function failedAt(reader: CampaignReader, input: StepInput): Promise<string | null> {
  const bytes = await reader.store.get(outcomeKey(input.campaign, input.index, input.try - 1));
  return bytes === null ? null : OutcomeRecord.parse(JSON.parse(new TextDecoder().decode(bytes))).failedAt;
}

function account(scene: Scene, input: StepInput): Account {
  const { attempt, lost } = lostAttempts();
  const { campaign } = scene;
  const run = Context.current().info.workflowExecution?.runId ?? 'standalone';
  const payer = { campaign: campaign.name, run, provider: campaign.provider, price: priceOf(campaign.file.model) };
  return { payer, allowance: input.allowance, attempt, lostAttempts: lost };
}

function levelOf({ nodes: [first] }: Plan): { level?: string } {
  return first === undefined ? {} : { level: first.level };
}

type Made = Pick<StepRecord, 'headline'> & Partial<Pick<StepRecord, 'findings' | 'version'>>;

/** Writes the step's record and says what the workflow needs to know. */
async function settle<Value>(
  ports: ActorPorts,
  scene: Scene,
  input: StepInput,
  end: StepEnd<Value>,
  kind: StepRecord['kind'],
  make: (value: Value, sizes: { promptChars: number; outputChars: number }) => Made,
): Promise<StepResult | StepShort> {
  if (end.kind === 'short') return { short: end.need };
  const { calls, lost, charged } = end.spending;
  const cost = calls.reduce((sum, call) => sum + (call.paid ? (call.nanoUsd ?? 0) : 0), lost.nanoUsd);
  const made: Made = end.kind === 'done' ? make(end.value, { promptChars: end.requestChars, outputChars: end.outputChars }) : { headline: end.reason };
  const log = await append(ports.reader, scene, input, { kind, calls, lost, model: end.model, ...made });
  const common = { headline: made.headline, log, charged, cost, calls: calls.length };
  if (end.kind !== 'done') return { ...common, stop: { outcome: end.kind === 'refused' ? 'refused' : 'failed', reason: end.reason } };
  const findings: Finding[] = made.findings ?? [];
  const version = made.version ?? null;
  return {
    ...common,
    ...(kind === 'critique' ? { findings: findings.length, major: findings.filter((finding) => finding.severity === 'major').length } : {}),
    ...(version === null ? {} : { material: version.material, plan: planHash(version.plan).slice(0, HASH_DIGITS), stance: version.plan.stance, ...levelOf(version.plan) }),
  };
}

async function append(
  reader: CampaignReader,
  scene: Scene,
  input: StepInput,
  made: Made & Pick<StepRecord, 'kind' | 'calls' | 'lost' | 'model'>,
): Promise<string> {
  const record: StepRecord = {
    schema: 1,
    previous: input.log,
    path: input.path,
    branch: input.branch,
    pass: input.pass,
    textbook: scene.chapter?.textbook ?? null,
    chapter: scene.chapter?.chapter ?? null,
    findings: [],
    version: null,
    ...made,
  };
  return await reader.save(canonicalJson(record));
}

async function readRecord(reader: CampaignReader, sha256: string): Promise<StepRecord> {
  return StepRecord.parse(JSON.parse(await reader.text(sha256)));
}
