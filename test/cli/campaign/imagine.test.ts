import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { listCampaigns } from '../../../cli/campaign/list.ts';
import { previewFile } from '../../../cli/campaign/preview.ts';
import { runFile } from '../../../cli/campaign/run-file.ts';
import type { Output } from '../../../cli/output.ts';
import type { Session } from '../../../cli/session.ts';
import { readCampaignSource } from '../../../infra/campaign-source.ts';
import { anthropicClient, AnthropicModel } from '../../../infra/model-anthropic.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import { contentHash } from '../../../schemas/canonical.ts';
import { imaginedKey } from '../../../schemas/keys.ts';
import { Law } from '../../../schemas/law.ts';
import { startSimModel, type SimModel } from '../../../worlds/sim/server.ts';
import { writeCampaign } from '../../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../../harness/engine.ts';

const law = Law.parse({ name: 'imagining', latencyMs: 0, flaw: 0.3, detect: 1, mend: 1, break: 0, falseAlarm: 0, repeat: 0.2, textbooks: {} });
const store = testStore();
let sim: SimModel;
let engine: Engine;
let session: Session;

beforeAll(async () => {
  sim = await startSimModel({ port: 0, law });
  const config = { apiKey: 'any', baseURL: sim.url };
  engine = await startEngine(new AnthropicModel(anthropicClient(config)), store, `simulated:${contentHash(law)}`);
  session = {
    config: { dir: '/nowhere', temporal: { address: inject('services').temporalAddress, namespace: engine.namespace, uiUrl: null }, s3: { bucket: store.bucket }, model: config },
    store,
    reader: new CampaignReader(store),
    client: engine.client,
  };
});
afterAll(async () => {
  await engine.stop();
  await sim.close();
});

interface Told {
  code: number;
  said: string[];
  result: Record<string, unknown>;
}

async function listening(work: (output: Output) => Promise<number>): Promise<Told> {
  const said: string[] = [];
  let result: Record<string, unknown> = {};
  const output: Output = { json: true, say: (line) => said.push(line), result: (value) => (result = value as Record<string, unknown>) };
  return { code: await work(output), said, result };
}

const SITUATIONS = { from: 'imagine', count: 6, domains: ['supplies', 'repairs'], horizons: ['hours/days'], stakes: ['low', 'high'], tasks: ['plan'], batch: 2 };

function campaignFile(situations: Record<string, unknown>, file: Record<string, unknown> = {}): string {
  return writeCampaign([], 1, { agents: [join(packageRoot, 'agents', 'field-rover.yaml')], actor: { alternatives: 0 }, model: { name: 'claude-sonnet-4-6', maxOutputTokens: 8_000 }, ...file, situations: { ...SITUATIONS, ...situations } });
}

const run = async (path: string) => {
  const source = await readCampaignSource(path);
  return await listening((output) => runFile(session, source, output, false));
};
const callsOf = async () => ((await (await fetch(`${sim.url}/sim/calls`)).json()) as { calls: unknown[] }).calls.length;
const refusal = async (path: string) => await run(path).then(() => 'not refused', (error: Error) => error.message.replace(path, '<file>'));

describe('run, on a file whose situations are to be imagined', () => {
  test('imagines them, then runs them, and tells what came of both; run again, it asks nothing', async () => {
    const name = `t-${randomUUID().slice(0, 13)}`;
    const path = campaignFile({}, { name });
    const { code, said, result } = await run(path);
    expect(code).toBe(0);
    expect(said.find((line) => line.startsWith('imagined'))).toMatch(/^imagined 6 situations in \d+ calls, \$[\d.]+: 4 of 4 cells filled, \d+ near-duplicates? dropped, mean distance 0\.\d\d$/);
    expect(result).toMatchObject({ state: 'done', planned: 6, converged: 6, imagined: { situations: 6, cells: 4, filled: 4, coverage: 1 } });
    const before = await callsOf();
    expect((await run(path)).result).toMatchObject({ state: 'done', converged: 6, calls: result['calls'], usd: result['usd'] });
    expect(await callsOf()).toBe(before);
  });

  test('refuses other parameters under the same name', async () => {
    const name = `t-${randomUUID().slice(0, 13)}`;
    await run(campaignFile({ count: 2 }, { name }));
    expect(await refusal(campaignFile({ count: 2, seed: 1 }, { name }))).toBe(`<file>: situations differs from the campaign "${name}" that exists; choose another name, such as ${name}-2`);
  });

  test('refuses, before the campaign begins, a name under which others were imagined', async () => {
    const name = `t-${randomUUID().slice(0, 13)}`;
    const other = { schema: 1, fingerprint: '0'.repeat(64), listing: { sha256: '0'.repeat(64), count: 1, duplicates: 0 }, calls: 1, nanoUsd: 1, diversity: { cells: 1, filled: 1, nearDuplicates: 0, meanDistance: null }, cells: [] };
    await store.putIfAbsent(imaginedKey(name), JSON.stringify(other));
    expect(await refusal(campaignFile({}, { name }))).toBe(`<file>: situations for "${name}" were imagined from other parameters; choose another name, such as ${name}-2`);
    expect((await listCampaigns(store)).begun).not.toContain(name);
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>, RegExp]>([
    ['predictions', { tasks: ['plan', 'predict'] }, {}, /^<file>: situations\.tasks: give \[plan\], because the simulated model at http.* plays only situations of a world \(.*relief.*\), and no world foretells$/],
    ['an agent without a world', {}, { agents: ['agent.yaml'] }, /^<file>: agents: "tester" has no world, and the simulated model at .*; allowed: .*field-rover/],
  ])('refuses %s before asking, where the model is simulated', async (_, situations, file, expected) => {
    const before = await callsOf();
    expect(await refusal(campaignFile(situations, file))).toMatch(expected);
    expect(await callsOf()).toBe(before);
  });
});

describe('preview, on a file whose situations are to be imagined', () => {
  test('imagines the first ones alone, and the campaign reuses them', async () => {
    const path = campaignFile({ domains: ['previews'], count: 4 });
    const source = await readCampaignSource(path);
    const preview = await listening((output) => previewFile(session, source, 2, output));
    expect(preview.code).toBe(0);
    expect(preview.result['situations']).toHaveLength(2);
    const before = await callsOf();
    const { result } = await run(path);
    expect(result).toMatchObject({ converged: 4 });
    // of two cells both were asked already, and two of four situations were planned
    expect((result['imagined'] as { calls: number }).calls).toBe(0);
    expect(await callsOf()).toBeGreaterThan(before);
  });
});
