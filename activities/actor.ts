import { applyRevision } from '../plans/edits.ts';
import { buildDraft } from '../plans/build.ts';
import { checkExplanation } from '../plans/check.ts';
import { InvalidOutput } from '../plans/invalid.ts';
import { shareKept } from '../plans/kept.ts';
import { isMaterial } from '../plans/material.ts';
import { promiseFindings } from '../plans/promises.ts';
import { findNode } from '../plans/tree.ts';
import type { ChapterRef } from '../schemas/library.ts';
import type { Explanation, Plan } from '../schemas/plan.ts';
import type { Version } from '../schemas/records.ts';
import { DraftOutput, SelectOutput, StepOutput, type Finding } from '../schemas/wire.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { resolveSelection } from './contents.ts';
import { screen } from './hazards.ts';
import { draftHeadline, findingsHeadline, revisionHeadline, selectionHeadline } from './headlines.ts';
import { paidActivity } from './paid-activity.ts';
import { isQuoted } from './quotes.ts';
import { contentOf } from './requests.ts';
import { account, ask, openScene, readRecord, type ActorPorts } from './scene.ts';
import { append, settle } from './settle.ts';
import type { StepAnswer, StepInput } from './step-messages.ts';
import { takeStep } from './step.ts';

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
  const scene = await openScene(ports, input);
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
  const scene = await openScene(ports, input);
  const { chapters, file } = scene.campaign;
  const question = await ask(ports, scene, input, { step: { kind: 'select' }, explanation: null }, SelectOutput, (output) => {
    const { chapters: selection, faults } = resolveSelection(chapters, output.chapters, file.library.always);
    const none = selection.length === 0 ? ['chapters: is empty; choose at least one'] : [];
    if (faults.length + none.length > 0) throw new InvalidOutput([...faults, ...none]);
    return selection;
  });
  const end = await takeStep(ports, account(scene, input), question);
  return await settle(ports, scene, input, end, 'select', (selection) => ({ headline: selectionHeadline(chapters, selection), selection }));
}

async function critique(ports: ActorPorts, input: StepInput): Promise<StepAnswer> {
  const scene = await openScene(ports, input);
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
  const scene = await openScene(ports, input);
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
  const scene = await openScene(ports, input);
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
