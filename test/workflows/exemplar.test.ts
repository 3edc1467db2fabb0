import { describe, expect, test, vi } from 'vitest';
import { FAILURE } from '../../schemas/failure-types.ts';
import { grantsPrefix } from '../../schemas/keys.ts';
import type { StepRecord } from '../../schemas/records.ts';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { explainAnew, finding, noFindings, relabel, simpleDraft, type StepView } from '../fakes/stage-model.ts';
import { actionText, cast, engine, lastCampaign, model, paths, play, store, useStage } from '../harness/stage.ts';

useStage();

describe('the exemplary actor on one situation', () => {
  test('a plan that no text faults converges after one pass and one alternative explanation', async () => {
    const played = await play(cast({}));
    expect(played.result.outcome).toBe('converged');
    expect(paths(played)).toEqual(['draft', 'p1.t1.critique', 'p1.t2.critique', 'a1.explain', 'a1.t1.critique', 'a1.t2.critique']);
    expect(played.outcome.alternatives).toHaveLength(1);
    expect(played.steps.at(3)).toMatchObject({ branch: 'a1', version: { material: false } });
    const { typedSearchAttributes: found } = await engine.client.workflow.getHandle(played.workflowId).describe();
    expect([SEARCH.outcome, SEARCH.rounds, SEARCH.level].map((key) => found.get(key as typeof SEARCH.outcome))).toEqual(['converged', 1, 'days']);
    expect(found.get(SEARCH.cost)).toBeCloseTo(6 * 0.006);
  });

  test('a finding leads to a revision, and the pass is repeated until nothing material changes', async () => {
    const played = await play(
      cast({
        critique: (view) => (actionText(view) === 'walk' && view.textbook === 'text-2' ? finding('n1', 'too slow') : noFindings),
        revise: () => relabel('n1', 'run'),
      }),
    );
    expect(played.result).toMatchObject({ outcome: 'converged', passes: 2 });
    expect(paths(played).slice(0, 6)).toEqual(['draft', 'p1.t1.critique', 'p1.t2.critique', 'p1.t2.revise', 'p2.t1.critique', 'p2.t2.critique']);
    expect(played.result.rounds[0]).toMatchObject({ pass: 'p1', findings: 1, major: 1, revisions: 1, material: 1, calls: 3 });
    const revised = played.steps.find((step) => step.path === 'p1.t2.revise');
    expect(revised).toMatchObject({ headline: '1 edit (label), material', textbook: 'text-2', findings: [{ issue: 'too slow' }], version: { edits: [{ op: 'label' }] } });
  });

  test('invalid output is repaired by quoting the fault', async () => {
    const faults: string[][] = [];
    const played = await play(
      cast({
        draft: (view) => {
          faults.push(view.step.faults);
          return faults.length === 1 ? { text: 'I would rather chat' } : faults.length === 2 ? { ...simpleDraft(view.situation, 'walk'), states: [] } : simpleDraft(view.situation, 'walk');
        },
      }),
    );
    expect(played.result.outcome).toBe('converged');
    expect(faults[1]?.[0]).toMatch(/not JSON/);
    expect(faults[2]?.join()).toMatch(/state/);
    expect(played.steps[0]?.calls.map((call) => call.response.split('/').at(-1)?.split('.').slice(3).join('.'))).toEqual(['draft.k0.r0.json', 'draft.k0.r1.json', 'draft.k0.r2.json']);
  });

  test('after two repairs the situation fails, and what it cost stays on the books', async () => {
    const played = await play(cast({ critique: () => ({ text: '{}' }) }));
    expect(played.outcome).toMatchObject({ outcome: 'failed', failedAt: 'p1.t1.critique', calls: 4 });
    expect(played.outcome.reason).toMatch(/invalid output after 2 repairs: findings/);
    expect(played.outcome.nanoUsd).toBe(4 * (1_000 * 3_000 + 200 * 15_000));
  });

  test('an answer that is cut off is repaired too', async () => {
    let cutOff = 0;
    const played = await play(cast({ draft: (view) => (++cutOff === 1 ? { text: '{"stance":"pur', stop: 'truncated' } : simpleDraft(view.situation, 'walk')) }));
    expect(played.result.outcome).toBe('converged');
    expect(played.steps[0]?.calls).toHaveLength(2);
  });

  test('a refusal by the provider is an outcome', async () => {
    const played = await play(cast({ draft: () => ({ text: '', stop: 'refused' }) }));
    expect(played.outcome).toMatchObject({ outcome: 'refused', failedAt: 'draft', final: null });
  });

  test('an outcome that the workflow\'s own worker cannot write goes through the queue', async () => {
    const put = store.putIfAbsent.bind(store);
    let asked = 0;
    const spy = vi.spyOn(store, 'putIfAbsent').mockImplementation((key, body) => (key.includes('/outcomes/') && ++asked === 1 ? Promise.reject(new Error('disk full')) : put(key, body)));
    try {
      expect((await play(cast({}))).outcome.outcome).toBe('converged');
    } finally {
      spy.mockRestore();
    }
    expect(asked).toBe(2);
  });

  test('a terminal error of the provider fails the situation at once', async () => {
    const played = await play(cast({ critique: () => Object.assign(new Error('bad'), { status: 400 }) }));
    expect(played.outcome).toMatchObject({ outcome: 'failed', reason: `${FAILURE.badRequest}: bad` });
    expect(model.calls.filter(({ view }) => view.situation.initial === played.steps[0]?.version?.plan.nodes[0]?.text)).toHaveLength(2);
  });

  test('an error that may pass is retried', async () => {
    let tries = 0;
    const played = await play(cast({ draft: (view) => (++tries < 3 ? Object.assign(new Error('down'), { status: 503 }) : simpleDraft(view.situation, 'walk')) }));
    expect(played.result.outcome).toBe('converged');
    expect(tries).toBe(3);
    // the provider answered each time that it would not: nothing was paid for and lost
    expect(played.steps[0]?.lost).toEqual({ calls: 0, nanoUsd: 0 });
  });

  test('a call that breaks off may have been paid for: it is asked again, and booked at its worst case', async () => {
    let tries = 0;
    const played = await play(cast({ draft: (view) => (++tries === 1 ? new Error('socket hang up') : simpleDraft(view.situation, 'walk')) }), { actor: { alternatives: 0 } });
    expect(played.result.outcome).toBe('converged');
    const [{ lost, calls }] = played.steps as [StepRecord];
    expect(lost.calls).toBe(1);
    expect(lost.nanoUsd).toBeGreaterThan(calls[0]?.nanoUsd as number);
    expect(played.result.charged).toBe(played.steps.reduce((sum, step) => sum + step.lost.nanoUsd + step.calls.reduce((all, { nanoUsd }) => all + (nanoUsd ?? 0), 0), 0));
  });

  test.each([
    ['that it would not answer', Object.assign(new Error('down'), { status: 503 }), 0],
    ['nothing', new Error('socket hang up'), 1],
  ])('a step given up after the provider said %s is charged by what may have been lost', async (_, error, share) => {
    const allowance = 1_000_000_000;
    const played = await play(cast({ draft: () => error }), { allowance, file: { patience: '2s' } });
    expect(played.result).toMatchObject({ outcome: 'failed', charged: share * allowance, unspent: (1 - share) * allowance });
  });

  test('a plan that comes back to an earlier version gets one more pass to decide, then counts as unconverged', async () => {
    const decides: boolean[] = [];
    const played = await play(
      cast({
        critique: (view) => finding('n1', `not ${actionText(view)}`),
        revise: (view) => {
          decides.push(view.step.decide);
          return relabel('n1', actionText(view) === 'walk' ? 'run' : 'walk');
        },
      }),
      { texts: 1, actor: { maxPasses: 9 } },
    );
    expect(played.outcome).toMatchObject({ outcome: 'unconverged', passes: 3 });
    expect(played.outcome.reason).toMatch(/oscillates/);
    expect(decides).toEqual([false, false, true]);
  });

  test('an oscillation that the deciding pass settles converges', async () => {
    const played = await play(
      cast({
        critique: (view) => (view.step.decide ? noFindings : finding('n1', 'x')),
        revise: (view) => (view.step.decide ? { ...noFindings, explanation: relabel('n1', '').explanation } : relabel('n1', actionText(view) === 'walk' ? 'run' : 'walk')),
      }),
      { texts: 1, actor: { maxPasses: 9, alternatives: 0 } },
    );
    expect(played.outcome).toMatchObject({ outcome: 'converged', passes: 3 });
  });

  test('a plan that never settles is unconverged after maxPasses', async () => {
    let n = 0;
    const played = await play(cast({ critique: () => finding('n1', 'again'), revise: () => relabel('n1', `way ${++n}`) }), { texts: 1, actor: { maxPasses: 3 } });
    expect(played.outcome).toMatchObject({ outcome: 'unconverged', reason: 'still changing after 3 passes', passes: 3 });
  });

  test('an alternative explanation that changes the plan re-opens the passes with its plan', async () => {
    const played = await play(
      cast({
        critique: (view) => (actionText(view) === 'walk' && view.step.kind === 'critique' && seen(view) ? finding('n1', 'seen anew') : noFindings),
        revise: () => relabel('n1', 'fly'),
      }),
      { texts: 1 },
    );
    expect(played.outcome).toMatchObject({ outcome: 'converged', reopened: 1, passes: 2 });
    expect(paths(played)).toEqual(['draft', 'p1.t1.critique', 'a1.explain', 'a1.t1.critique', 'a1.t1.revise', 'p2.t1.critique', 'a2.explain', 'a2.t1.critique']);
    expect(played.steps.at(4)?.version?.plan.nodes[1]?.text).toBe('fly');
    expect(played.outcome.alternatives).toHaveLength(1);

    /** True from the second look at this plan on. */
    function seen(view: StepView): boolean {
      return model.calls.filter(({ view: earlier }) => earlier.situation.initial === view.situation.initial && earlier.kind === 'critique').length > 1;
    }
  });

  test('a plan that verification keeps changing is unconverged after maxReopen', async () => {
    let n = 0;
    const branch = new Map<string, number>();
    const played = await play(
      cast({
        critique: (view) => {
          const text = actionText(view) as string;
          branch.set(text, (branch.get(text) ?? 0) + 1);
          return branch.get(text) === 2 ? finding('n1', 'seen anew') : noFindings;
        },
        revise: () => relabel('n1', `way ${++n}`),
      }),
      { texts: 1, actor: { maxPasses: 20, maxReopen: 1 } },
    );
    expect(played.outcome).toMatchObject({ outcome: 'unconverged', reopened: 1, reason: 'verification changed the plan 2 times' });
  });

  test('an alternative explanation that repeats a premise is sent back', async () => {
    const asked: string[][] = [];
    const played = await play(
      cast({
        explain: (view) => {
          asked.push(view.step.faults);
          return explainAnew(asked.length === 1 ? 'it has worked' : 'a new reason');
        },
      }),
      { texts: 1 },
    );
    expect(played.result.outcome).toBe('converged');
    expect(asked[1]?.[0]).toMatch(/repeats an explanation to be avoided/);
  });

  test('each alternative explanation has to differ from all before it', async () => {
    const avoided: string[][] = [];
    const played = await play(
      cast({
        explain: (view) => {
          const known = view.step.avoid.flatMap((each) => each.arguments).flatMap((argument) => argument.premises);
          avoided.push(known);
          // the second alternative leans on the premise of the first until it is told not to
          return explainAnew(avoided.length <= 2 ? 'the first other reason' : 'the second other reason');
        },
      }),
      { texts: 1, actor: { alternatives: 2 } },
    );
    expect(played.outcome).toMatchObject({ outcome: 'converged', alternatives: [expect.any(String), expect.any(String)] });
    expect(avoided).toEqual([['it has worked'], ['it has worked', 'the first other reason'], ['it has worked', 'the first other reason']]);
  });

  test('declining converges and is a positive like any other', async () => {
    const played = await play(cast({ draft: (view) => ({ ...simpleDraft(view.situation, 'stay'), stance: 'decline', stanceArgument: 'it would harm the village' }) }));
    expect(played.outcome).toMatchObject({ outcome: 'converged', stance: 'decline' });
  });

  test('the hazard policy turns a situation away before any call', async () => {
    const before = model.calls.length;
    const played = await play(cast({}), { stage: { initial: 'A terrorist cult prepares an engineered pandemic to kill all humans.' } });
    expect(played.outcome).toMatchObject({ outcome: 'refused', calls: 0 });
    expect(played.outcome.reason).toMatch(/hazard policy/);
    expect(model.calls).toHaveLength(before);
  });

  test('grants are on S3 before a pass can spend them', async () => {
    const seen: number[] = [];
    const grants = async () => {
      let count = 0;
      for await (const _ of store.list(grantsPrefix(lastCampaign))) count += 1;
      return count;
    };
    const look = async (): Promise<void> => void seen.push(await grants());
    const played = await play(
      cast({ draft: async (view) => (await look(), simpleDraft(view.situation, 'walk')), critique: async () => (await look(), noFindings) }),
      { texts: 1, allowance: 10_000_000_000 },
    );
    expect(seen).toEqual([1, 2, 3]);
    const keys: string[] = [];
    for await (const { key } of store.list(grantsPrefix(played.campaign))) keys.push(key.split('/').at(-1) as string);
    expect(keys).toEqual(['0000000.0.0.json', '0000000.0.1.json', '0000000.0.2.json']);
    expect(played.result.unspent).toBe(10_000_000_000 - played.result.charged);
  });

  test('histories stay small: at most 7 events a model call and 500 bytes of payload an event', async () => {
    let n = 0;
    const played = await play(cast({ critique: (view) => (view.textbook === 'text-3' && n < 2 ? finding('n1', 'again and again '.repeat(20)) : noFindings), revise: () => relabel('n1', `way ${++n}`) }), { texts: 6 });
    const { events } = await engine.client.workflow.getHandle(played.workflowId).fetchHistory();
    const sizes = (events ?? []).map((event) => payloadBytes(event));
    const inner = sizes.slice(1, -1);
    console.log(`events a model call: ${((events ?? []).length / played.result.calls).toFixed(2)}; own payload: median ${inner.sort((a, b) => a - b)[Math.floor(inner.length / 2)]}, largest ${Math.max(...inner)} bytes; start ${sizes[0]}, result ${sizes.at(-1)}`);
    expect((events ?? []).length / played.result.calls).toBeLessThanOrEqual(7);
    expect(Math.max(...inner)).toBeLessThanOrEqual(500);
    expect(Math.max(sizes[0] as number, sizes.at(-1) as number)).toBeLessThanOrEqual(20_000);
  });
});

/** Bytes of every payload's data in an event. */
function payloadBytes(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  if ('data' in value && value.data instanceof Uint8Array && 'metadata' in value) return value.data.length;
  return Object.values(value).reduce((sum: number, inner) => sum + payloadBytes(inner), 0);
}
