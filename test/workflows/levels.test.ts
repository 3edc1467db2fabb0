import { afterAll, beforeAll, expect, test } from 'vitest';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { outcomeOf } from '../../activities/campaign-state.ts';
import { contradictions, convergedPlans, finerSituations } from '../../activities/finer.ts';
import { contentOf } from '../../activities/requests.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import { storeSource } from '../../activities/shards/verify-source.ts';
import { verify } from '../../activities/shards/verify.ts';
import { loadSteps } from '../../activities/shards/versions.ts';
import { readStored, readUnfortunate } from '../../cli/campaign/stored.ts';
import { addSetting } from '../../infra/campaign-records.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { outcomeKey } from '../../schemas/keys.ts';
import type { ActionNode } from '../../schemas/plan.ts';
import { OutcomeRecord, type CampaignRecord, type FeedbackRecord } from '../../schemas/records.ts';
import { campaignWorkflowId, QUEUES, type CampaignProgress } from '../../workflows/messages.ts';
import { explainAnew, noFindings, relabel, simpleDraft, StageModel, type StepView } from '../fakes/stage-model.ts';
import { situation, sketchCampaign } from '../harness/campaigns.ts';
import { startEngine, testStore, type Engine } from '../harness/engine.ts';

const store = testStore();
const actor = { maxPasses: 4, alternatives: 1 };
let engine: Engine;
const revised: StepView[] = [];
/** Initial states whose next revision the provider turns down. */
const failing = new Set<string>();

/** Coarse plans promise a minute; finer ones take two hours. Whoever is told so promises two hours. */
const model: StageModel = new StageModel((view) => {
  switch (view.kind) {
    case 'draft': {
      const draft = simpleDraft(view.situation, view.situation.parent === null ? 'walk' : 'walk step by step');
      return { ...draft, actions: draft.actions.map((action) => ({ ...action, durationS: view.situation.parent === null ? 60 : 7_200 })) };
    }
    case 'revise': {
      revised.push(view);
      if (failing.delete(view.situation.initial)) return Object.assign(new Error('bad'), { status: 400 });
      const edit = { op: 'characteristic' as const, node: 'n1', text: '', states: [], actions: [], field: 'durationS' as const, value: 7_200, resources: [], moralCost: [] };
      return { ...relabel('n1', ''), edits: [edit] };
    }
    case 'explain':
      return explainAnew(`premise ${model.calls.length}`);
    case 'critique':
    case 'select':
      return noFindings;
  }
});

beforeAll(async () => {
  engine = await startEngine(model, store);
});
afterAll(async () => {
  await engine.stop();
});

async function run({ name }: CampaignRecord): Promise<CampaignProgress> {
  return (await engine.client.workflow.execute('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] })) as CampaignProgress;
}

test('finer plans that contradict a coarse promise have the coarse plan revised, and the old plan becomes a negative', async () => {
  const coarse = await sketchCampaign(store, { situations: [situation(70_001)], texts: 1, file: { actor } });
  expect(await run(coarse)).toMatchObject({ outcomes: { converged: 1 } });

  const reader = () => new CampaignReader(store);
  const listing = await finerSituations(reader(), { from: 'campaign', campaign: coarse.name, level: 'days' }, () => null);
  const [parent] = await reader().situations(coarse.listing);
  expect(listing.situations).toMatchObject([{ parent: { situation: parent?.id, node: 'n1' }, root: parent?.id, horizon: ['minutes', 'hours', 'days'], target: 'end 70001' }]);
  expect(listing.situations[0]?.initial).toBe('start 70001 The coarser plan does this next: walk (it counts on success 0.9, 60 s).');

  const finer = await sketchCampaign(store, { situations: listing.situations.map(contentOf), texts: 1, file: { actor } });
  expect(await run(finer)).toMatchObject({ outcomes: { converged: 1 } });
  const found = await contradictions(reader(), coarse.name, finer.name);
  expect(found).toMatchObject({ compared: 1, tries: { 0: 0 }, findings: { 0: [{ node: 'n1', severity: 'major', issue: 'the finer plan takes 7200 s where 60 s were promised' }] } });

  const feedback: FeedbackRecord = { schema: 1, from: finer.name, findings: found.findings };
  await addSetting(store, coarse.name, { retry: { 0: 1 }, feedback: await reader().save(canonicalJson(feedback)) });
  const before = model.calls.length;
  expect(await run(coarse)).toMatchObject({ outcomes: { converged: 1 }, generation: 2 });
  // the revision, one pass, and one verification: nothing of the first try is asked again
  expect(model.calls.slice(before).map(({ view }) => view.kind)).toEqual(['revise', 'critique', 'explain', 'critique']);
  expect(revised.at(-1)?.step.findings).toEqual(found.findings['0']);

  const outcome = OutcomeRecord.parse(JSON.parse(new TextDecoder().decode(await store.get(outcomeKey(coarse.name, 0, 1)) ?? undefined)));
  expect(outcome).toMatchObject({ outcome: 'converged', passes: 2, calls: 4 });
  const steps = await loadSteps(reader(), outcome);
  expect(steps.map(({ record }) => record.path)).toEqual(['draft', 'p1.t1.critique', 'a1.explain', 'a1.t1.critique', 'f1.critique', 'f1.revise', 'p2.t1.critique', 'a2.explain', 'a2.t1.critique']);
  const final = steps.find(({ sha256 }) => sha256 === outcome.final)?.record.version;
  expect((final?.plan.nodes[1] as ActionNode).durationS).toBe(7_200);
  expect(await contradictions(reader(), coarse.name, finer.name)).toMatchObject({ compared: 1, findings: {} });
  expect((await verify(storeSource(store, coarse.name))).faults).toEqual([]);
});

test('findings that a failed try left unanswered are put to the next one, which begins at the last version', async () => {
  const coarse = await sketchCampaign(store, { situations: [situation(70_002)], texts: 1, file: { actor } });
  await run(coarse);
  const reader = () => new CampaignReader(store);
  const finding = { node: 'n1', severity: 'major' as const, issue: 'the finer plan takes 7200 s where 60 s were promised', suggestion: '', quote: '' };
  const feedback: FeedbackRecord = { schema: 1, from: 'finer', findings: { 0: [finding] } };
  failing.add('start 70002');
  await addSetting(store, coarse.name, { retry: { 0: 1 }, feedback: await reader().save(canonicalJson(feedback)) });
  expect(await run(coarse)).toMatchObject({ outcomes: { failed: 1 } });
  await addSetting(store, coarse.name, { retry: { 0: 2 } });
  expect(await run(coarse)).toMatchObject({ outcomes: { converged: 1 } });
  const outcome = OutcomeRecord.parse(JSON.parse(new TextDecoder().decode(await store.get(outcomeKey(coarse.name, 0, 2)) ?? undefined)));
  const paths = (await loadSteps(reader(), outcome)).map(({ record }) => record.path);
  expect(paths.slice(4, 8)).toEqual(['f1.critique', 'f2.critique', 'f2.revise', 'p2.t1.critique']);
  // answered: another retry begins anew, from the draft
  await addSetting(store, coarse.name, { retry: { 0: 3 } });
  await run(coarse);
  const last = OutcomeRecord.parse(JSON.parse(new TextDecoder().decode(await store.get(outcomeKey(coarse.name, 0, 3)) ?? undefined)));
  expect((await loadSteps(reader(), last)).map(({ record }) => record.path)[0]).toBe('draft');
  expect((await loadSteps(reader(), last)).some(({ record }) => record.path.startsWith('f'))).toBe(false);
});

test('a retry that runs out of money leaves the plan that an earlier try converged on in the dataset, and can be tried once more', async () => {
  const coarse = await sketchCampaign(store, { situations: [situation(70_003)], texts: 1, file: { actor } });
  const first = await run(coarse);
  const reader = () => new CampaignReader(store);
  const finding = { node: 'n1', severity: 'major' as const, issue: 'the finer plan takes 7200 s where 60 s were promised', suggestion: '', quote: '' };
  const feedback: FeedbackRecord = { schema: 1, from: 'finer', findings: { 0: [finding] } };
  await addSetting(store, coarse.name, { budget: (first.nanoUsd + 1) / 1e9, retry: { 0: 1 }, feedback: await reader().save(canonicalJson(feedback)) });
  const kept = { ...first.outcomes, converged: 1, 'over-budget': 0 };
  expect(await run(coarse)).toMatchObject({ outcomes: kept, generation: 2 });
  expect(await outcomeOf(reader(), { campaign: coarse.name, index: 0, try: 1 })).toMatchObject({ outcome: 'over-budget' });
  const manifest = await readManifest(store, coarse.name);
  expect(manifest?.pages[0]?.outcomes).toMatchObject(kept);
  expect((await verify(storeSource(store, coarse.name))).faults).toEqual([]);
  const stored = await readStored(reader(), coarse);
  expect(stored.outcomes).toEqual(kept);
  expect(await convergedPlans(reader(), coarse.name)).toMatchObject([{ try: 1, situation: { index: 0 } }]);
  const unfortunate = await readUnfortunate(reader(), stored);
  expect(unfortunate).toMatchObject([{ index: 0, try: 1 }]);
  await addSetting(store, coarse.name, { budget: 5, retry: { 0: 2 } });
  expect(await run(coarse)).toMatchObject({ outcomes: { converged: 1 }, generation: 3 });
  expect(await outcomeOf(reader(), { campaign: coarse.name, index: 0, try: 2 })).toMatchObject({ outcome: 'converged' });
});
