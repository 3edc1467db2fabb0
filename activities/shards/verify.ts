import { CampaignRecord } from '../../schemas/records.ts';
import type { FileEntry, Manifest } from '../../schemas/manifest.ts';
import { Findings } from './findings.ts';
import { Inspection } from './inspection.ts';
import { parseManifest } from './manifest.ts';
import { campaignRules, mergedRules, type Rules } from './rules.ts';
import { checkBytes } from './verify-file.ts';
import type { VerifySource } from './verify-source.ts';

/** Every check of a dataset: how many were made, and one line for each that did not hold. */
export interface Verification {
  checks: number;
  faults: string[];
}

/**
 * Checks the last generation in full (files, columns, rows, plans, labels, splits, sums) and that the files of all generations, and
 * no others, are there.
 */
export async function verify(source: VerifySource): Promise<Verification> {
  const findings = new Findings();
  const { last, older } = await readManifests(source, findings);
  if (findings.check(last !== null, () => 'there is no manifest that can be read') && last !== null) {
    await new Inspection(source, last, await rulesOf(source, last, findings), findings).run();
    await checkHoldings(source, last, older, findings);
  }
  return { checks: findings.checks, faults: findings.faults };
}

/** The last manifest, and the files that only older ones name, by key. Each generation repeats the one before: one is in memory at a time. */
async function readManifests(source: VerifySource, findings: Findings): Promise<{ last: Manifest | null; older: Map<string, FileEntry> }> {
  const older = new Map<string, FileEntry>();
  let last: Manifest | null = null;
  for (const key of await source.manifests()) {
    try {
      const manifest = parseManifest((await source.read(key)) as Uint8Array, key);
      for (const file of last === null ? [] : filesOf(last)) older.set(file.key, file);
      last = manifest;
      findings.checks += 1;
    } catch (error) {
      findings.check(false, () => (error as Error).message);
    }
  }
  for (const { key } of last === null ? [] : filesOf(last)) older.delete(key);
  return { last, older };
}

async function rulesOf(source: VerifySource, manifest: Manifest, findings: Findings): Promise<Rules | null> {
  if (manifest.merged !== undefined) return mergedRules(manifest.merged);
  const campaign = await readCampaign(source, manifest, findings);
  return campaign === null ? null : campaignRules(campaign);
}

async function readCampaign(source: VerifySource, manifest: Manifest, findings: Findings): Promise<CampaignRecord | null> {
  const bytes = await source.read('campaign.json');
  const parsed = bytes === null ? null : CampaignRecord.safeParse(parseJson(bytes));
  const why = bytes === null ? 'is missing' : (parsed?.error?.issues[0]?.message ?? '');
  findings.check(parsed?.success === true, () => `campaign.json: ${why}; labels and splits cannot be checked`);
  const campaign = parsed?.data ?? null;
  if (campaign !== null) {
    findings.check(campaign.fingerprint === manifest.fingerprint, () => `campaign.json: fingerprint is ${campaign.fingerprint}, the manifest says ${manifest.fingerprint}`);
  }
  return campaign;
}

/** Files of older generations are whole, and every file is named by some generation. */
async function checkHoldings(source: VerifySource, last: Manifest, older: ReadonlyMap<string, FileEntry>, findings: Findings): Promise<void> {
  const named = new Set(filesOf(last).map(({ key }) => key));
  for (const file of older.values()) await checkBytes(source, file, findings);
  for await (const key of source.files()) findings.check(named.has(key) || older.has(key), () => `${key}: no manifest names this file`);
}

function filesOf(manifest: Manifest): FileEntry[] {
  return manifest.pages.flatMap((page) => page.files);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
