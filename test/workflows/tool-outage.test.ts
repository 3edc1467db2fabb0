import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { viewCampaign, type CampaignView } from '../../cli/campaign/view.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { campaignWorkflowId, QUEUES } from '../../workflows/messages.ts';
import { noFindings, simpleDraft, StageModel } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';

const VARIABLE = 'TOOL_OUTAGE_TOKEN';
const SERVER = join(packageRoot, 'test', 'infra', 'tools', 'mcp', 'server.js');

const store = testStore();
let toolAnswers: string[] = [];
/** Asks the same tool three times before its first criticism. */
const model = new StageModel((view) => {
  if (view.kind === 'draft') return simpleDraft(view.situation, 'walk');
  if (view.kind === 'critique' && view.toolAnswers.length === 0) {
    return { text: '', stop: 'tools', toolCalls: [1, 2, 3].map((a) => ({ id: `t${a}`, name: 'test_add', input: { a, b: 1 } })) };
  }
  toolAnswers = view.toolAnswers;
  return noFindings;
});
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine(model, store);
});
afterAll(async () => {
  delete process.env[VARIABLE];
  await engine.stop();
});

test('a variable that the worker lacks is said by status after three failures in a row, until it is set', async () => {
  process.env[VARIABLE] = 'hush';
  const tools = [{ mcp: 'test', command: [process.execPath, SERVER], allow: ['add'], env: [VARIABLE] }];
  const { name } = await sketchCampaign(store, { situations: [situation(80_001)], texts: 1, file: { tools, actor: { alternatives: 0 } } });
  delete process.env[VARIABLE];
  const handle = await engine.client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
  const { temporalAddress: address } = inject('services');
  const config = { dir: '/nowhere', temporal: { address, namespace: engine.namespace, uiUrl: null }, s3: { bucket: store.bucket }, model: { apiKey: '', baseURL: '' } };
  const look = async (): Promise<CampaignView> => await viewCampaign({ config, store, reader: new CampaignReader(store), client: engine.client }, name);
  await expect.poll(async () => (await look()).why, { timeout: 20_000 }).toBe(`Tool.Unreachable: tools: test: the environment variable ${VARIABLE} is not set`);
  process.env[VARIABLE] = 'hush';
  expect(await handle.result()).toMatchObject({ state: 'done', outcomes: { converged: 1 }, waiting: '' });
  expect(toolAnswers).toEqual([2, 3, 4].map((sum) => JSON.stringify({ toolAnswer: String(sum) })));
});
