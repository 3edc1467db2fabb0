/** Keys of the S3 layout, relative to the bucket. */
const padded = (n: number, width: number) => String(n).padStart(width, '0');

export const objectKey = (sha256: string) => `objects/sha256/${sha256}`;

export interface StepAddress {
  situation: string;
  try: number;
  sample: number;
  /** Step path with tool turn and repair, such as `p2.t3.critique.k0.r0`. */
  path: string;
}
export const responseKey = (bodyHash: string, step: StepAddress) =>
  `responses/${bodyHash.slice(0, 2)}/${bodyHash}/${step.situation}.${step.try}.${step.sample}.${step.path}.json`;

/** Answer of the nth tool that the answer at a response key asks for; `hash` is of the request, the tools and the call. */
export const toolKey = (hash: string, asking: string, n: number) =>
  `responses/${hash.slice(0, 2)}/${hash}/${(asking.split('/').at(-1) as string).replace(/json$/, `tool${n}.json`)}`;

/** A provider's count of a text's tokens; `hash` is of provider, model and text. */
export const tokensKey = (hash: string) => `tokens/${hash.slice(0, 2)}/${hash}.json`;

/** The nth entry of the log of the cap over all campaigns. */
export const budgetKey = (n: number) => `budget/${padded(n, 8)}.json`;

export const datasetPrefix = (campaign: string) => `datasets/${campaign}/`;
/** What a campaign's imagination cost and came to. */
export const imaginedKey = (campaign: string) => `${datasetPrefix(campaign)}imagined.json`;
/** Every ask of every imagination of a campaign; `fingerprint` is of what the situations depend on. */
export const imagineAllPrefix = (campaign: string) => `${datasetPrefix(campaign)}imagine/`;
const imaginePrefix = (campaign: string, fingerprint: string) => `${imagineAllPrefix(campaign)}${fingerprint.slice(0, 16)}/`;
/** What one ask of a cell came to. */
export const askKey = (campaign: string, fingerprint: string, cell: number, ask: number) =>
  `${imaginePrefix(campaign, fingerprint)}${padded(cell, 5)}.${ask}.json`;
/** The nth sum of money that one run of the workflow promised to an ask. */
export const askGrantKey = (campaign: string, fingerprint: string, cell: number, ask: number, run: string, n: number) =>
  `${imaginePrefix(campaign, fingerprint)}${padded(cell, 5)}.${ask}.grant-${run}.${n}.json`;

export const campaignKey = (campaign: string) => `${datasetPrefix(campaign)}campaign.json`;
export const settingsPrefix = (campaign: string) => `${datasetPrefix(campaign)}settings/`;
export const settingKey = (campaign: string, n: number) => `${settingsPrefix(campaign)}${padded(n, 6)}.json`;
export const grantsPrefix = (campaign: string) => `${datasetPrefix(campaign)}grants/`;
export const grantKey = (campaign: string, index: number, attempt: number, n: number) =>
  `${grantsPrefix(campaign)}${padded(index, 7)}.${attempt}.${n}.json`;
/** What a situation had cost when it was stopped; read with the grants. `which`: its last run, or without a budget the nano-dollars. */
export const stoppedKey = (campaign: string, index: number, attempt: number, which: string | number) =>
  `${grantsPrefix(campaign)}${padded(index, 7)}.${attempt}.stopped-${which}.json`;
/** Explanations asked for beside the campaign's own: what each run may spend, and what it came to. */
export const explainedPrefix = (campaign: string) => `${datasetPrefix(campaign)}explained/`;
export const explainedKey = (campaign: string, index: number, run: string, what: 'grant' | 'end') =>
  `${explainedPrefix(campaign)}${padded(index, 7)}.${run}.${what}.json`;
export const outcomesPrefix = (campaign: string) => `${datasetPrefix(campaign)}outcomes/`;
export const outcomeKey = (campaign: string, index: number, attempt: number) =>
  `${outcomesPrefix(campaign)}${padded(index, 7)}.${attempt}.json`;
/** Calls asked in batches. */
const batchesPrefix = (campaign: string) => `${datasetPrefix(campaign)}batches/`;
/** What a situation waits for: overwritten by the next call that it waits for, as no other record of a campaign is. */
export const waitingKey = (campaign: string, index: number, attempt: number) => `${batchesPrefix(campaign)}waiting/${padded(index, 7)}.${attempt}.json`;
export const intentsPrefix = (campaign: string) => `${batchesPrefix(campaign)}intents/`;
/** Which calls a batch is to hold, put before it is asked for; since when it is asked for anew; then the provider's id of it, and what came of it. */
export const intentKey = (campaign: string, intent: string, part: 'calls' | 'anew' | 'batch' | 'end') => `${intentsPrefix(campaign)}${intent}.${part}.json`;
/** What a batch has cost one run of a workflow for an answer that came second. */
export const wastedKey = (campaign: string, run: string, response: string) => `${batchesPrefix(campaign)}wasted/${run}/${response.slice('responses/'.length)}`;
/** Whose a batch of the provider is. */
export const batchOwnerKey = (batch: string) => `batches/${encodeURIComponent(batch)}.json`;

/** Who removes garbage from a dataset at this moment. */
export const sweepsPrefix = (campaign: string) => `${datasetPrefix(campaign)}sweeps/`;
export const sweepKey = (campaign: string, id: string) => `${sweepsPrefix(campaign)}${id}.json`;
/** Stands from the first to the last removal of a dataset that is deleted. */
export const deletingKey = (campaign: string) => `${datasetPrefix(campaign)}deleting.json`;

export const manifestPrefix = (campaign: string) => `${datasetPrefix(campaign)}manifest/`;
export const manifestKey = (campaign: string, generation: number) => `${manifestPrefix(campaign)}${padded(generation, 6)}.json`;
export const cardKey = (campaign: string) => `${datasetPrefix(campaign)}README.md`;

/** Checkpoints of trainings, as `<run>/<step>/`. */
export const checkpointsPrefix = 'checkpoints/';

/** Reads `<index>.<try>[.<n>].json` back. */
export function parseIndexedName(key: string): { index: number; try: number } {
  const [index, attempt] = (key.split('/').at(-1) as string).split('.');
  return { index: Number(index), try: Number(attempt) };
}
