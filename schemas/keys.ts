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

export const datasetPrefix = (campaign: string) => `datasets/${campaign}/`;
export const campaignKey = (campaign: string) => `${datasetPrefix(campaign)}campaign.json`;
export const settingsPrefix = (campaign: string) => `${datasetPrefix(campaign)}settings/`;
export const settingKey = (campaign: string, n: number) => `${settingsPrefix(campaign)}${padded(n, 6)}.json`;
export const grantsPrefix = (campaign: string) => `${datasetPrefix(campaign)}grants/`;
export const grantKey = (campaign: string, index: number, attempt: number, n: number) =>
  `${grantsPrefix(campaign)}${padded(index, 7)}.${attempt}.${n}.json`;
export const outcomesPrefix = (campaign: string) => `${datasetPrefix(campaign)}outcomes/`;
export const outcomeKey = (campaign: string, index: number, attempt: number) =>
  `${outcomesPrefix(campaign)}${padded(index, 7)}.${attempt}.json`;
export const manifestPrefix = (campaign: string) => `${datasetPrefix(campaign)}manifest/`;
export const manifestKey = (campaign: string, generation: number) => `${manifestPrefix(campaign)}${padded(generation, 6)}.json`;
export const cardKey = (campaign: string) => `${datasetPrefix(campaign)}README.md`;

/** Reads `<index>.<try>[.<n>].json` back. */
export function parseIndexedName(key: string): { index: number; try: number } {
  const [index, attempt] = (key.split('/').at(-1) as string).split('.');
  return { index: Number(index), try: Number(attempt) };
}
