import { Context } from '@temporalio/activity';
import { applyRevision } from '../plans/edits.ts';
import { buildDraft } from '../plans/build.ts';
import { checkExplanation } from '../plans/check.ts';
import { InvalidOutput } from '../plans/invalid.ts';
import { shareKept } from '../plans/kept.ts';
import { isMaterial, planHash } from '../plans/material.ts';
import { promiseFindings } from '../plans/promises.ts';
import { findNode } from '../plans/tree.ts';
import { canonicalJson } from '../schemas/canonical.ts';
import type { ChapterRef } from '../schemas/library.ts';
import { grantKey, outcomeKey } from '../schemas/keys.ts';
import type { Explanation, Plan } from '../schemas/plan.ts';
import { OutcomeRecord, StepRecord, type CampaignRecord, type GrantRecord, type Version } from '../schemas/records.ts';
import type { Situation } from '../schemas/situation.ts';
import { DraftOutput, SelectOutput, StepOutput, type Finding } from '../schemas/wire.ts';
import type { AnswerPorts } from './answers.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { resolveSelection } from './contents.ts';
import { WrongProvider } from './failures.ts';
import { screen, screenPlan } from './hazards.ts';
import { lostAttempts } from './heartbeat.ts';
import { draftHeadline, findingsHeadline, revisionHeadline, selectionHeadline } from './headlines.ts';
import type { Outages } from './outages.ts';
import { paidActivity } from './paid-activity.ts';
import { priceOf } from './pricing.ts';
import { isQuoted } from './quotes.ts';
import { formatRanges } from './ranges.ts';
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
  /** Index into the campaign's chapters; -1 for draft, select, explain, and the revision that reconciles levels. */
  chapter: number;
  /** Head of the situation's chain of step records. */
  log: string | null;
  /** Step record that holds the version worked on. */
  version: string | null;
  /** revise: the critique's step record; null where the finer levels contradict the coarser ones. */
  critique: string | null;
  decide?: boolean;
  /** Booked as lost in this step's earlier tool turns. */
  lost?: StepRecord['lost'];
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
  /** Coarse actions whose sub-plans contradict what they promise, where there are any. */
  promises?: number;
  /** select: chapters to pass over, as ranges. */
  selection?: string;
  /** Set where the situation ends here. */
  stop?: { outcome: 'refused' | 'failed'; reason: string };
}

/** The next call did not fit: the situation must be granted `short` nano-dollars in all before it is tried again. */
export interface StepShort {
  short: number;
}

/** The model asks for tools: run those of the answer `asking`, then take the step again. */
export interface StepTools {
  asking: string;
  tools: string[];
  lost: StepRecord['lost'];
}

export type StepAnswer = StepResult | StepShort | StepTools;

export interface ActorPorts extends AnswerPorts {
  reader: CampaignReader;
  /** Identity of the provider that `model` calls. */
  provider: () => Promise<string>;
  outages: Outages;
}

/** Digits of a plan's hash that travel through histories. */
export const HASH_DIGITS = 16;
/** Names that a model makes up may be of any length. */
const LONGEST_TOOL_NAME = 40;

/** The exemplary actor's steps, one activity a model call, repairs inside. */
export function createActorActivities(ports: ActorPorts) {
  return {
    draft: (input: StepInput) => paidActivity(ports.outages, input.campaign, () => draft(ports, input)),
    select: (input: StepInput) => paidActivity(ports.outages, input.campaign, () => select(ports, input)),
    critique: (input: StepInput) => paidActivity(ports.outages, input.campaign, () => critique(ports, input)),
    revise: (input: StepInput) => paidActivity(ports.outages, input.campaign, () => revise(ports, input)),
    explain: (input: StepInput) => paidActivity(ports.outages, input.campaign, () => explain(ports, input)),
  };
}
export type ActorActivities = ReturnType<typeof createActorActivities>;

async function draft(ports: ActorPorts, input: StepInput): Promise<StepAnswer> {
  const scene = await open(ports, input);
  const hazard = screen(scene.campaign.actor.hazardPolicy, scene.situation);
  if (hazard !== null) {
    const log = await append(ports.reader, scene, input, { kind: 'draft', headline: hazard, calls: [], tools: [], lost: { calls: 0, nanoUsd: 0 }, model: scene.campaign.file.model.name });
    return { headline: hazard, log, charged: 0, cost: 0, calls: 0, stop: { outcome: 'refused', reason: hazard } };
  }
  const content = contentOf(scene.situation);
  const question = await ask(ports, scene, input, { step: { kind: 'draft' } }, DraftOutput, (output) => buildDraft(output, content));
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'draft', ({ plan, explanation }, sizes) => ({
    headline: draftHeadline(plan),
    version: { from: null, plan, explanation, edits: [], material: true, materialClaim: true, kept: 1, ...sizes },
  }));
}

async function select(ports: ActorPorts, input: StepInput): Promise<StepAnswer> {
  const scene = await open(ports, input);
  const { chapters, file } = scene.campaign;
  const question = await ask(ports, scene, input, { step: { kind: 'select' }, explanation: null }, SelectOutput, (output) => {
    const { chapters: selection, faults } = resolveSelection(chapters, output.chapters, file.library.always);
    if (faults.length > 0) throw new InvalidOutput(faults);
    return selection;
  });
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'select', (selection) => ({ headline: selectionHeadline(chapters, selection), selection }));
}

async function critique(ports: ActorPorts, input: StepInput): Promise<StepAnswer> {
  const scene = await open(ports, input);
  const { plan } = scene.version as Version;
  const chapter = await ports.reader.text((scene.chapter as ChapterRef).sha256);
  const question = await ask(ports, scene, input, { step: { kind: 'critique' } }, StepOutput, (output) => {
    const findings = output.findings.filter((finding) => finding.severity !== 'none');
    const faults = findings.flatMap((finding) => findingFaults(finding, plan, chapter));
    if (faults.length > 0) throw new InvalidOutput(faults);
    return findings;
  });
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'critique', (findings) => ({ headline: findingsHeadline(findings), findings }));
}

function findingFaults({ node, quote }: Finding, plan: Plan, chapter: string): string[] {
  const stranger = findNode(plan, node) === undefined ? [`findings: node "${node}" is not in the plan`] : [];
  const invented = isQuoted(quote, chapter) ? [] : [`findings: the quote "${quote.slice(0, 80)}" is not in the chapter: copy the words that the finding rests on`];
  return [...stranger, ...invented];
}

async function revise(ports: ActorPorts, input: StepInput): Promise<StepAnswer> {
  const scene = await open(ports, input);
  const { plan } = scene.version as Version;
  const content = contentOf(scene.situation);
  const findings = input.critique === null ? promiseFindings(plan) : (await readRecord(ports.reader, input.critique)).findings;
  const step = { kind: 'revise' as const, findings, decide: input.decide === true };
  const question = await ask(ports, scene, input, { step }, StepOutput, (output) => ({ ...applyRevision(plan, output, content), output }));
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'revise', (revised, sizes) => {
    const material = isMaterial(plan, revised.plan, scene.campaign.actor.tolerance);
    const kept = shareKept(plan, revised.plan, new Set(findings.map(({ node }) => node)));
    return {
      headline: revisionHeadline(revised.output.edits, material, kept),
      findings,
      version: {
        from: input.version,
        plan: revised.plan,
        explanation: revised.explanation,
        edits: revised.output.edits,
        material,
        materialClaim: revised.output.material,
        kept,
        ...sizes,
      },
    };
  });
}

async function explain(ports: ActorPorts, input: StepInput): Promise<StepAnswer> {
  const scene = await open(ports, input);
  const { plan, explanation: own } = scene.version as Version;
  const avoid = [own, ...(await otherExplanations(ports.reader, input))];
  const parts = { step: { kind: 'explain' as const, avoid }, explanation: null };
  const question = await ask(ports, scene, input, parts, StepOutput, ({ explanation }) => {
    const faults = [...checkExplanation(explanation, plan), ...repeated(explanation, avoid)];
    if (faults.length > 0) throw new InvalidOutput(faults);
    return explanation;
  });
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'explain', (explanation, sizes) => ({
    headline: `explained anew with ${explanation.arguments.length} arguments`,
    version: { from: input.version, plan, explanation, edits: [], material: false, materialClaim: false, kept: 1, ...sizes },
  }));
}

/** Explanations given anew for the version worked on since it was made. */
async function otherExplanations(reader: CampaignReader, input: StepInput): Promise<Explanation[]> {
  const found: Explanation[] = [];
  for (let at = input.log; at !== null && at !== input.version; ) {
    const record = await readRecord(reader, at);
    if (record.kind === 'explain' && record.version?.from === input.version) found.unshift(record.version.explanation);
    at = record.previous;
  }
  return found;
}

/** Premises of earlier explanations that the new one leans on again. */
function repeated(explanation: Explanation, avoid: Explanation[]): string[] {
  const old = new Set(avoid.flatMap((each) => each.arguments).flatMap((argument) => argument.premises));
  return explanation.arguments
    .flatMap((argument) => argument.premises)
    .filter((premise) => old.has(premise))
    .map((premise) => `explanation: the premise "${premise.slice(0, 80)}" repeats an explanation to be avoided`);
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
  if (input.grant !== undefined) await recordGrant(reader, input, input.grant);
  return { campaign, situation, version, chapter: input.chapter < 0 ? null : (campaign.chapters[input.chapter] as ChapterRef) };
}

/** Put before money is spent. A situation that a cancelled run has left starts its count anew: its grants come after those. */
async function recordGrant({ store }: CampaignReader, { campaign, index, try: attempt, path }: StepInput, { n: first, nanoUsd }: NonNullable<StepInput['grant']>): Promise<void> {
  const run = runId();
  for (let n = first; ; n++) {
    const key = grantKey(campaign, index, attempt, n);
    const grant = canonicalJson({ schema: 1, index, try: attempt, n, pass: path.split('.')[0] as string, run, nanoUsd } satisfies GrantRecord);
    if (await store.putIfAbsent(key, grant)) return;
    const there = await store.get(key);
    if (there !== null && new TextDecoder().decode(there) === grant) return;
  }
}

function runId(): string {
  return Context.current().info.workflowExecution?.runId ?? 'standalone';
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
    chapterTokens: chapter?.counted === true ? chapter.tokens : undefined,
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
  const run = runId();
  const { model } = campaign.file;
  const payer = { campaign: campaign.name, run, provider: campaign.provider, price: priceOf(model), cacheTtl: model.cacheTtl };
  return { payer, allowance: input.allowance, attempt, lostAttempts: lost, lost: input.lost ?? { calls: 0, nanoUsd: 0 } };
}

function summaryOf(plan: Plan): Pick<StepResult, 'plan' | 'stance' | 'level' | 'promises'> {
  const [first] = plan.nodes;
  const promises = promiseFindings(plan).length;
  return {
    plan: planHash(plan).slice(0, HASH_DIGITS),
    stance: plan.stance,
    ...(first === undefined ? {} : { level: first.level }),
    ...(promises === 0 ? {} : { promises }),
  };
}

type Made = Pick<StepRecord, 'headline'> & Partial<Pick<StepRecord, 'findings' | 'version' | 'selection'>>;

/** Writes the step's record and says what the workflow needs to know. */
async function settle<Value>(
  ports: ActorPorts,
  scene: Scene,
  input: StepInput,
  end: StepEnd<Value>,
  kind: StepRecord['kind'],
  make: (value: Value, sizes: { promptChars: number; outputChars: number }) => Made,
): Promise<StepAnswer> {
  if (end.kind === 'short') return { short: end.need };
  if (end.kind === 'tools') return { asking: end.asking.key, tools: end.asking.toolCalls.map(({ name }) => name.slice(0, LONGEST_TOOL_NAME)), lost: end.lost };
  const { calls, tools, lost, charged } = end.spending;
  const cost = calls.reduce((sum, call) => sum + (call.paid ? (call.nanoUsd ?? 0) : 0), lost.nanoUsd);
  const drawn: Made = end.kind === 'done' ? make(end.value, { promptChars: end.requestChars, outputChars: end.outputChars }) : { headline: end.reason };
  const hazard = drawn.version == null ? null : screenPlan(scene.campaign.actor.hazardPolicy, drawn.version.plan, drawn.version.explanation);
  // what the policy excludes is kept with the answer alone, not as a version
  const made: Made = hazard === null ? drawn : { headline: hazard.reason };
  const log = await append(ports.reader, scene, input, { kind, calls, tools, lost, model: end.model, ...made });
  // answers that a preview or an earlier try paid for are counted there, as in the ledger
  const common = { headline: made.headline, log, charged, cost, calls: calls.filter(({ paid }) => paid).length + lost.calls };
  if (hazard !== null) return { ...common, stop: { outcome: 'refused', reason: hazard.reason } };
  if (end.kind !== 'done') return { ...common, stop: { outcome: end.kind === 'refused' ? 'refused' : 'failed', reason: end.reason } };
  const findings: Finding[] = made.findings ?? [];
  const version = made.version ?? null;
  return {
    ...common,
    ...(made.selection == null ? {} : { selection: formatRanges(made.selection) }),
    ...(kind === 'critique' ? { findings: findings.length, major: findings.filter((finding) => finding.severity === 'major').length } : {}),
    ...(version === null ? {} : { material: version.material, ...summaryOf(version.plan) }),
  };
}

async function append(
  reader: CampaignReader,
  scene: Scene,
  input: StepInput,
  made: Made & Pick<StepRecord, 'kind' | 'calls' | 'tools' | 'lost' | 'model'>,
): Promise<string> {
  const record: StepRecord = {
    schema: 1,
    previous: input.log,
    path: input.path,
    branch: input.branch,
    pass: input.pass,
    textbook: scene.chapter?.textbook ?? null,
    chapter: scene.chapter?.chapter ?? null,
    selection: null,
    findings: [],
    version: null,
    ...made,
  };
  return await reader.save(canonicalJson(record));
}

async function readRecord(reader: CampaignReader, sha256: string): Promise<StepRecord> {
  return StepRecord.parse(JSON.parse(await reader.text(sha256)));
}
