import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dataRows, situationRow } from '../dist/activities/shards/rows.js';
import { splitOf } from '../dist/activities/shards/splits.js';
import { datasetCard } from '../dist/activities/shards/card.js';
import { writeArrow, writerIdentity } from '../dist/infra/arrow/writer.js';
import { applyEdits } from '../dist/plans/edits.js';
import { isMaterial } from '../dist/plans/material.js';
import { DATA_SCHEMA, LEDGER_SCHEMA, SITUATIONS_SCHEMA } from '../dist/schemas/arrow.js';
import { SPLITS } from '../dist/schemas/campaign.js';
import { canonicalJson, contentHash, sha256Hex } from '../dist/schemas/canonical.js';
import { SCHEMA_VERSION } from '../dist/schemas/manifest.js';
import { CampaignRecord } from '../dist/schemas/records.js';
import { worldNamed } from '../dist/worlds/index.js';
import { rngOf } from '../dist/worlds/rng.js';

export const NAME = 'synthetic';
const PAGE = 256;
const VERSIONS = 4;
/** Situations told in full; the others are these under other ids. */
const TOLD = 128;
const TOLERANCE = 0.05;

/**
 * A pulled dataset of so many rows, without a campaign: plans of the relief world, worsened three times and mended step by step, four
 * versions a situation. It passes `verify`; nothing is simulated but the world.
 * @param {string} folder
 * @param {number} rows
 */
export async function writeSynthetic(folder, rows) {
  const situations = Math.ceil(rows / VERSIONS);
  const told = Array.from({ length: Math.min(TOLD, situations) }, (_, seed) => tell(seed));
  const campaign = await campaignOf(situations);
  const pages = [];
  for (let page = 0; page * PAGE < situations; page++) pages.push(await writePage(folder, page, Math.min(PAGE, situations - page * PAGE), told, campaign));
  const manifest = manifestOf(campaign, situations, pages);
  put(folder, 'campaign.json', canonicalJson(campaign));
  put(folder, 'README.md', datasetCard(campaign.chapters, manifest));
  put(folder, 'manifest.json', canonicalJson(manifest));
  return { situations, rows: situations * VERSIONS, files: pages.flatMap(({ files }) => files).length, bytes: pages.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** @param {number} seed */
function tell(seed) {
  const world = worldNamed('relief');
  const content = world.situation(seed);
  const rng = rngOf(`synthetic ${seed}`);
  const situation = { id: contentHash(content), index: 0, root: contentHash(content), ...content };
  /** @type {{ plan: import('../schemas/plan.ts').Plan, edits: import('../schemas/wire.ts').Edit[] }[]} */
  const made = [];
  let worse = world.exemplary(content);
  for (let i = 1; i < VERSIONS; i++) worse = applyEdits(worse, world.worsen(content, worse, rng));
  made.push({ plan: worse, edits: [] });
  while (made.length < VERSIONS) {
    const { plan } = /** @type {typeof made[number]} */ (made.at(-1));
    const [flaw] = world.inspect(content, plan);
    made.push(flaw === undefined ? { plan, edits: [] } : { plan: applyEdits(plan, flaw.mend, flaw.stance), edits: flaw.mend });
  }
  const last = /** @type {typeof made[number]} */ (made.at(-1));
  /** @type {any} */
  let from = null;
  const versions = made.map(({ plan, edits }, revision) => {
    const first = plan.nodes.find(({ kind }) => kind === 'action');
    const explanation = { text: `Version ${revision} of the plan.`, arguments: [{ claim: 'It is in order.', premises: ['Each step follows from the one before.'], supports: [first?.id ?? 's0'] }] };
    const record = { kind: revision === 0 ? 'draft' : 'revise', findings: [], textbook: revision === 0 ? null : 'ethics', chapter: revision === 0 ? null : 'Harm', model: 'none' };
    const isFinal = revision === VERSIONS - 1;
    const label = isFinal ? 'positive' : isMaterial(plan, last.plan, TOLERANCE) ? 'negative' : 'equivalent';
    return (from = { step: { sha256: '', record }, version: { plan, explanation, edits, kept: 1, promptChars: 4000, outputChars: 900 }, from, branch: 'main', revision, isFinal, label });
  });
  const outcome = { outcome: 'converged', reason: '', passes: 2, reopened: 0, alternatives: [] };
  const story = /** @type {any} */ ({ campaign: NAME, chapters: [{ textbook: 'ethics', chapter: 'Harm' }], situation, split: 'train', outcome, steps: [], versions });
  return { data: dataRows(story, (_, plan) => world.value(content, plan).logReward), situation: situationRow(story) };
}

/**
 * @param {string} folder @param {number} page @param {number} count @param {ReturnType<typeof tell>[]} told
 * @param {import('../schemas/records.ts').CampaignRecord} campaign
 */
async function writePage(folder, page, count, told, campaign) {
  const { splits, seed } = campaign.file;
  const members = Array.from({ length: count }, (_, i) => {
    const situation_index = page * PAGE + i;
    const id = sha256Hex(`situation ${situation_index}`);
    const stamp = { situation_id: id, situation_index, root_id: id, split: splitOf(id, splits, seed) };
    const { data, situation } = /** @type {ReturnType<typeof tell>} */ (told[situation_index % told.length]);
    return { data: data.map((row) => ({ ...row, ...stamp })), situation: { ...situation, ...stamp } };
  });
  /** @type {import('../schemas/manifest.ts').FileEntry[]} */
  const files = [];
  /** @param {'data' | 'situations' | 'ledger'} kind @param {import('../schemas/campaign.ts').Split | null} split @param {any} schema @param {object[]} rows */
  const write = async (kind, split, schema, rows) => {
    const bytes = await writeArrow(schema, rows, { compression: 'zstd' });
    const sha256 = sha256Hex(bytes);
    const key = `${kind}/${split === null ? '' : `${split}-`}${String(page).padStart(5, '0')}-${sha256.slice(0, 12)}.arrow`;
    put(folder, key, bytes);
    files.push({ kind, split, page, key, sha256, bytes: bytes.length, rows: rows.length });
  };
  for (const split of SPLITS) {
    const own = members.filter(({ situation }) => situation.split === split);
    if (own.length === 0) continue;
    await write('data', split, DATA_SCHEMA, own.flatMap(({ data }) => data));
    await write('situations', split, SITUATIONS_SCHEMA, own.map(({ situation }) => situation));
  }
  const ledger = members.map(({ situation }) => ({ ...CALL, situation_index: situation.situation_index }));
  await write('ledger', null, LEDGER_SCHEMA, ledger);
  return { page, situations: count, settings: 0, outcomes: { ...NONE, converged: count }, nanoUsd: 1000 * count, calls: count, files };
}

const NONE = { converged: 0, unconverged: 0, refused: 0, failed: 0, 'over-budget': 0, waiting: 0 };
const CALL = { try: 0, step: 'draft', attempt: 1, model: 'none', response: null, input_tokens: 900, output_tokens: 200, cache_read_tokens: 0, cache_write_tokens: 0, cache_write_1h_tokens: 0, lost: false, batched: false, nano_usd: 1000n };

/** @param {number} count */
async function campaignOf(count) {
  const file = { name: NAME, model: { name: 'none' }, situations: { from: 'world', world: 'relief', count }, agents: ['field-robot'], library: { path: 'library' } };
  return CampaignRecord.parse({
    schema: 1, name: NAME, file, fingerprint: sha256Hex(NAME), parts: {}, provider: 'simulated:none', simulated: 'none', structured: 'schema',
    listing: { sha256: sha256Hex('listing'), count, duplicates: 0 }, agents: {}, chapters: [], prompts: {}, actor: { tolerance: TOLERANCE }, writer: await writerIdentity('zstd'),
  });
}

/** @param {import('../schemas/records.ts').CampaignRecord} campaign @param {number} planned @param {any[]} pages */
function manifestOf(campaign, planned, pages) {
  const { name, fingerprint, simulated, writer } = campaign;
  return { schemaVersion: SCHEMA_VERSION, campaign: name, generation: 1, fingerprint, simulated, model: 'none', writer, planned, duplicates: 0, outcomes: { ...NONE, converged: planned }, nanoUsd: 1000 * planned, calls: planned, pages };
}

/** @param {string} folder @param {string} key @param {string | Uint8Array} content */
function put(folder, key, content) {
  const path = join(folder, key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
