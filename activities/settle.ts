import { planHash } from '../plans/material.ts';
import { promiseFindings } from '../plans/promises.ts';
import { canonicalJson } from '../schemas/canonical.ts';
import type { Plan } from '../schemas/plan.ts';
import type { StepRecord } from '../schemas/records.ts';
import type { Finding } from '../schemas/wire.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { screenPlan } from './hazards.ts';
import { formatRanges } from './ranges.ts';
import { MOST_TOOL_CALLS } from './requests.ts';
import type { ActorPorts, Scene } from './scene.ts';
import type { StepAnswer, StepInput, StepResult } from './step-messages.ts';
import type { Spending, StepEnd } from './step.ts';

/** Digits of a plan's hash that travel through histories. */
export const HASH_DIGITS = 16;
/** Names that a model makes up may be of any length; this much of each travels through histories. */
const LONGEST_TOOL_NAME = 16;

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
export async function settle<Value>(
  ports: ActorPorts,
  scene: Scene,
  input: StepInput,
  end: StepEnd<Value>,
  kind: StepRecord['kind'],
  make: (value: Value, sizes: { promptChars: number; outputChars: number }) => Made,
): Promise<StepAnswer> {
  const { calls, tools, lost, unsaid } = end.spending;
  const spent = spentIn(end.spending);
  if (end.kind === 'short' || end.kind === 'tools' || end.kind === 'left') {
    const headline = { short: 'left: the next call does not fit', tools: 'left: waits for tools', left: 'left: waits for a batch' }[end.kind];
    const broken = spent.calls === 0 ? {} : { broken: { log: await append(ports.reader, scene, input, { kind, calls, tools, lost, model: end.model, headline }), ...spent } };
    const unheard = unsaid.calls === 0 ? {} : { lost: unsaid };
    if (end.kind === 'short') return { short: end.need, ...unheard, ...broken };
    if (end.kind === 'left') return { left: true, ...unheard, ...broken };
    const names = end.asking.toolCalls.slice(0, MOST_TOOL_CALLS).map(({ name }) => name.slice(0, LONGEST_TOOL_NAME));
    return { asking: end.asking.key, tools: names, lost: unsaid, ...broken };
  }
  const drawn: Made = end.kind === 'done' ? make(end.value, { promptChars: end.requestChars, outputChars: end.outputChars }) : { headline: end.reason };
  const hazard = drawn.version == null ? null : screenPlan(scene.campaign.actor.hazardPolicy, drawn.version.plan, drawn.version.explanation);
  // what the policy excludes is kept with the answer alone, not as a version
  const made: Made = hazard === null ? drawn : { headline: hazard.reason };
  const log = await append(ports.reader, scene, input, { kind, calls, tools, lost, model: end.model, ...made });
  const common = { headline: made.headline, log, ...spent };
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

/** What a step costs this campaign. Answers that a preview or an earlier try paid for are counted there, as in the ledger. */
function spentIn({ calls, lost, charged }: Spending): Pick<StepResult, 'charged' | 'cost' | 'calls'> {
  const paid = calls.filter((call) => call.paid);
  return { charged, cost: paid.reduce((sum, call) => sum + (call.nanoUsd ?? 0), lost.nanoUsd), calls: paid.length + lost.calls };
}

/** Adds a record to the situation's chain and returns its sha256. */
export async function append(
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
