import { beforeAll, expect, test } from 'vitest';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import type { ModelRequest } from '../../activities/model.ts';
import { bodyHash, buildRequest, refusedTools, repairRequest, toolTurn, type PromptParts } from '../../activities/requests.ts';
import { contentHash } from '../../schemas/canonical.ts';
import { messageParams } from '../../infra/model-anthropic.ts';
import { buildDraft } from '../../plans/build.ts';
import type { CampaignRecord, ResponseRecord, ToolRecord } from '../../schemas/records.ts';
import type { Situation } from '../../schemas/situation.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { simpleDraft } from '../fakes/stage-model.ts';
import { AGENT, sketchCampaign, situation } from '../harness/campaigns.ts';

const store = new MemoryStore();
const reader = new CampaignReader(store);
let campaign: CampaignRecord;
let parts: Omit<PromptParts, 'step'>;

beforeAll(async () => {
  campaign = { ...(await sketchCampaign(store, { situations: [situation(1)] })), name: 'golden', tools: [{ name: 'compute', description: 'Works out an expression.', inputSchema: { type: 'object', properties: { expression: { type: 'string' } }, required: ['expression'], additionalProperties: false } }] };
  const own = (await reader.situations(campaign.listing))[0] as Situation;
  const { plan, explanation } = buildDraft(simpleDraft(own, 'walk'), own);
  parts = { campaign, situation: own, chapter: campaign.chapters[0] ?? null, plan, explanation };
});

const finding = { node: 'n1', severity: 'major' as const, issue: 'too slow', suggestion: 'run', quote: 'words of text' };

/** The body as the SDK is given it; file snapshots under test/golden show it whole. */
async function golden(name: string, request: ModelRequest): Promise<void> {
  await expect(`${JSON.stringify(messageParams(request), null, 1)}\n`).toMatchFileSnapshot(`../golden/${name}.json`);
}

const asking: ResponseRecord = {
  schema: 1, key: 'responses/ab/abc/s.0.0.p1.t1.critique.k0.r0.json', campaign: 'golden', run: 'r', requestId: null, model: 'm', stop: 'tools', stopReason: 'tool_use', text: 'I reckon first.',
  toolCalls: [{ id: 'toolu_1', name: 'compute', input: { expression: '1/3 + 1/6' } }],
  usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: null, cacheWriteTokens: null, cacheWrite1hTokens: null }, nanoUsd: 1, requestChars: 1,
};
const answered: ToolRecord = { schema: 1, tool: 'compute', input: { expression: '1/3 + 1/6' }, text: '1/2', error: false, headline: 'compute: 1/3 + 1/6 = 1/2' };

test('the request of a draft', async () => {
  await golden('draft', await buildRequest(reader, { ...parts, chapter: null, plan: null, explanation: null, step: { kind: 'draft' } }));
});

test('the request of a selection', async () => {
  await golden('select', await buildRequest(reader, { ...parts, chapter: null, explanation: null, step: { kind: 'select' } }));
});

test('the request of a critique', async () => {
  await golden('critique', await buildRequest(reader, { ...parts, step: { kind: 'critique' } }));
});

test('the request of a critique after its tools have answered', async () => {
  const first = await buildRequest(reader, { ...parts, step: { kind: 'critique' } });
  await golden('critique-after-tools', toolTurn(first, asking, [answered], 1));
});

test('the request of a revision', async () => {
  await golden('revise', await buildRequest(reader, { ...parts, step: { kind: 'revise', findings: [finding] } }));
});

test('the request of a revision that decides between two versions', async () => {
  await golden('revise-decide', await buildRequest(reader, { ...parts, step: { kind: 'revise', findings: [finding], decide: true } }));
});

test('the request of an explanation given anew', async () => {
  await golden('explain', await buildRequest(reader, { ...parts, chapter: null, explanation: null, step: { kind: 'explain', avoid: parts.explanation === null ? [] : [parts.explanation] } }));
});

test('the request of a repair', async () => {
  const first = await buildRequest(reader, { ...parts, step: { kind: 'critique' } });
  await golden('repair', repairRequest(first, '{"findings": 1}', { kind: 'critique', instructions: '' }, ['findings: expected array, received number']));
});

test('critique and revision of one chapter share everything up to the cache breakpoint, tools and schema included', async () => {
  const [critique, revise] = await Promise.all((['critique', 'revise'] as const).map(async (kind) => messageParams(await buildRequest(reader, { ...parts, step: { kind, findings: kind === 'revise' ? [finding] : [] } }))));
  expect(revise?.system).toEqual(critique?.system);
  expect(revise?.tools).toEqual(critique?.tools);
  expect(revise?.output_config).toEqual(critique?.output_config);
  // and the blocks up to the step
  const content = (params: typeof critique) => (params?.messages[0]?.content as object[]).slice(0, -1);
  expect(content(revise)).toEqual(content(critique));
});

test('tools asked for beyond what is allowed are answered as errors', async () => {
  const first = await buildRequest(reader, { ...parts, step: { kind: 'critique' } });
  const params = messageParams(refusedTools(first, asking));
  expect(params.messages.at(-1)?.content).toEqual([{ type: 'tool_result', tool_use_id: 'toolu_1', content: expect.stringContaining('give your answer now') as string, is_error: true }]);
});

test('an agent stands in the request with its whole specification', async () => {
  const request = await buildRequest(reader, { ...parts, step: { kind: 'critique' } });
  expect(request.turns[0]?.blocks.map((block) => ('text' in block ? (JSON.parse(block.text) as object) : {}))[0]).toEqual({ agent: AGENT });
});

test('the hash of a request is that of its canonical JSON with the provider, however it is put together', async () => {
  const question = await buildRequest(reader, { ...parts, step: { kind: 'critique' } });
  const repaired = repairRequest(question, '{}', { kind: 'critique', instructions: '' }, ['a fault']);
  const { tools: _, ...bare } = question;
  for (const request of [question, repaired, bare, await buildRequest(reader, { ...parts, chapter: null, plan: null, explanation: null, step: { kind: 'draft' } })]) {
    expect(bodyHash('simulated:law', request)).toBe(contentHash({ provider: 'simulated:law', request }));
  }
});
