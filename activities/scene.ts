import { Context } from '@temporalio/activity';
import type { ChapterRef } from '../schemas/library.ts';
import type { CampaignRecord, StepRecord, Version } from '../schemas/records.ts';
import type { Situation } from '../schemas/situation.ts';
import type { AnswerPorts } from './answers.ts';
import { batchPriceOf } from './batches/price.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { outcomeOf } from './campaign-state.ts';
import { lostAttempts } from './heartbeat.ts';
import type { Outages } from './outages.ts';
import { ownCampaign } from './own-campaign.ts';
import { priceOf } from './prices.ts';
import { buildRequest, type PromptParts } from './requests.ts';
import { nameOnShelf, shelfOf } from './shelves.ts';
import { putGrant } from './spending.ts';
import type { StepInput } from './step-messages.ts';
import type { Account, StepQuestion } from './step.ts';

export interface ActorPorts extends AnswerPorts {
  reader: CampaignReader;
  /** Identity of the provider that `model` calls. */
  provider: () => Promise<string>;
  outages: Outages;
}

/** What a step works on, read back from its references. */
export interface Scene {
  campaign: CampaignRecord;
  situation: Situation;
  chapter: ChapterRef | null;
  version: Version | null;
}

/** Reads the scene, and puts the step's grant before money can be spent. @throws WrongProvider where this worker has another model than the campaign. */
export async function openScene(ports: ActorPorts, input: StepInput): Promise<Scene> {
  const { reader } = ports;
  const campaign = await ownCampaign(ports, input.campaign);
  const situation = await reader.situation(input.campaign, input.index);
  const version = input.version === null ? null : (await readRecord(reader, input.version)).version;
  if (input.grant !== undefined) await putGrant(reader.store, input.campaign, { index: input.index, try: input.try, pass: input.path.split('.')[0] as string, run: runId(), ...input.grant });
  return { campaign, situation, version, chapter: input.chapter < 0 ? null : (campaign.chapters[input.chapter] as ChapterRef) };
}

function runId(): string {
  return Context.current().info.workflowExecution?.runId ?? 'standalone';
}

/** The question of a step: its request, under which tries its answers may lie, and how they are read. */
export async function ask<Output, Value>(
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
    step: { ...parts.step, chapter: nameOnShelf(campaign.chapters, chapter), instructions: '' },
    situation: situation.id,
    tries: anew ? tries.slice(0, 1) : tries,
    sample: campaign.file.sample,
    path: input.path,
    schema,
    read,
    chapterTokens: chapter === null ? undefined : countedTokens(shelfOf(campaign.chapters, chapter)),
  };
}

/** What the provider counted the chapters' blocks at; undefined where it did not count them all. */
function countedTokens(shelf: readonly ChapterRef[]): number | undefined {
  return shelf.every(({ counted }) => counted) ? shelf.reduce((sum, { tokens }) => sum + tokens, 0) : undefined;
}

/** The step at which the try before this one ended: that step alone is asked anew. */
async function failedAt(reader: CampaignReader, input: StepInput): Promise<string | null> {
  return (await outcomeOf(reader, { ...input, try: input.try - 1 }))?.failedAt ?? null;
}

/** What this attempt may spend, and who pays. */
export function account(scene: Scene, input: StepInput): Account {
  const { attempt, lost } = lostAttempts();
  const { campaign } = scene;
  const run = runId();
  const { model } = campaign.file;
  const { mode } = input;
  const price = mode === 'batch' ? batchPriceOf(campaign) : priceOf(campaign);
  const payer = { campaign: campaign.name, run, provider: campaign.provider, price, cacheTtl: model.cacheTtl };
  return {
    payer,
    allowance: input.allowance,
    attempt,
    // attempts that wait for a batch pay for nothing themselves
    lostAttempts: mode === 'batch' ? 0 : lost,
    lost: input.lost ?? { calls: 0, nanoUsd: 0 },
    ...(mode === undefined ? {} : { batches: { waiter: { campaign: campaign.name, index: input.index, try: input.try }, mode } }),
  };
}

export async function readRecord(reader: CampaignReader, sha256: string): Promise<StepRecord> {
  return await reader.step(sha256);
}
