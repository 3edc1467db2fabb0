import { describe, expect, test } from 'vitest';
import { explainAnew, finding, noFindings, relabel, simpleDraft } from '../fakes/stage-model.ts';
import { controlSignal, grantSignal, recallSignal, situationWorkflowId, type ExemplarResult } from '../../workflows/messages.ts';
import { actionText, cast, engine, lastCampaign, paths, play, useStage } from '../harness/stage.ts';

useStage();

describe('quotes, choice of texts, tools, levels and policy', () => {
  test('a finding whose quote is not in the chapter is sent back', async () => {
    const faults: string[][] = [];
    const played = await play(
      cast({
        critique: (view) => {
          faults.push(view.step.faults);
          const told = finding('n1', 'too slow');
          return faults.length === 1 ? { ...told, findings: told.findings.map((each) => ({ ...each, quote: 'Haste is a virtue.' })) } : noFindings;
        },
      }),
      { texts: 1 },
    );
    expect(played.result.outcome).toBe('converged');
    expect(faults[1]?.[0]).toMatch(/the quote "Haste is a virtue." is not in the chapter/);
  });

  test('a routed situation is passed over with the chapters that were chosen for it, and with those that always are', async () => {
    const played = await play(
      cast({ select: (view) => (view.step.faults.length === 0 ? { chapters: [{ textbook: 'text-9', chapter: 'whole' }], why: '' } : { chapters: [{ textbook: 'text-3', chapter: 'whole' }], why: 'it bears on this' }) }),
      { texts: 4, file: { library: { path: '.', select: 'routed', always: ['text-1'] } } },
    );
    expect(paths(played)).toEqual(['draft', 'select', 'p1.t1.critique', 'p1.t3.critique', 'a1.explain', 'a1.t1.critique', 'a1.t3.critique']);
    expect(played.steps[1]).toMatchObject({ kind: 'select', selection: [0, 2], headline: '2 of 4 chapters: text-1, text-3' });
    expect(played.steps[1]?.calls).toHaveLength(2);
  });

  test('a selection of nothing is sent back', async () => {
    const played = await play(cast({ select: (view) => ({ chapters: view.step.faults.length === 0 ? [] : [{ textbook: 'text-2', chapter: 'whole' }], why: '' }) }), { file: { library: { path: '.', select: 'routed' } }, actor: { alternatives: 0 } });
    expect(paths(played)).toEqual(['draft', 'select', 'p1.t2.critique']);
    expect(played.steps[1]?.calls).toHaveLength(2);
  });

  test('tools that the model asks for are run, each as an activity of its own, and their answers kept', async () => {
    const answers: string[][] = [];
    const played = await play(
      cast({
        critique: (view) => {
          answers.push(view.toolAnswers);
          const asks = (id: string, name: string, expression: string) => ({ id, name, input: { expression } });
          return view.toolAnswers.length === 0 ? { text: 'I reckon.', stop: 'tools', toolCalls: [asks('t1', 'compute', '1/3 + 1/6'), asks('t2', 'oracle', 'x')] } : noFindings;
        },
      }),
      { texts: 1, actor: { alternatives: 0 }, file: { tools: [{ builtin: 'compute' }] } },
    );
    expect(played.result.outcome).toBe('converged');
    const critique = played.steps.find((step) => step.path === 'p1.t1.critique');
    expect(critique?.calls).toHaveLength(2);
    expect(critique?.tools).toMatchObject([{ name: 'compute', error: false }, { name: 'oracle', error: true, headline: 'there is no tool "oracle"; there are compute' }]);
    expect(answers[1]?.[0]).toContain('1/2');
    const { events } = await engine.client.workflow.getHandle(played.workflowId).fetchHistory();
    const ran = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
    expect(ran.filter((name) => name === 'runTool')).toHaveLength(2);
  });

  test('of many tools asked for at once eight are run, and the rest is told so', async () => {
    const answers: string[][] = [];
    const played = await play(
      cast({
        critique: (view) => {
          answers.push(view.toolAnswers);
          const calls = Array.from({ length: 30 }, (_, i) => ({ id: `t${i}`, name: 'compute', input: { expression: `1 + ${i}` } }));
          return view.toolAnswers.length === 0 ? { text: '', stop: 'tools', toolCalls: calls } : noFindings;
        },
      }),
      { texts: 1, actor: { alternatives: 0 }, file: { tools: [{ builtin: 'compute' }] } },
    );
    expect(played.result.outcome).toBe('converged');
    expect(answers[1]).toHaveLength(30);
    expect(answers[1]?.filter((text) => text.includes('at most 8 tools'))).toHaveLength(22);
    const { events } = await engine.client.workflow.getHandle(played.workflowId).fetchHistory();
    expect((events ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'runTool')).toHaveLength(8);
  });

  test('a step that is left after a tool turn, for want of money, is booked', async () => {
    // said at such length that the call after it cannot be paid
    const asks = { text: 'x'.repeat(50_000), stop: 'tools' as const, toolCalls: [{ id: 't1', name: 'compute', input: { expression: '2 + 2' } }] };
    const answer = 1_000 * 3_000 + 200 * 15_000;
    const played = await play(cast({ critique: (view) => (view.toolAnswers.length === 0 ? asks : noFindings) }), { texts: 1, file: { tools: [{ builtin: 'compute' }] }, allowance: 250_000_000 });
    expect(played.outcome).toMatchObject({ outcome: 'over-budget', calls: 2, nanoUsd: 2 * answer });
    expect(played.result).toMatchObject({ charged: 2 * answer, unspent: 250_000_000 - 2 * answer });
    expect(played.steps.at(-1)).toMatchObject({ path: 'p1.t1.critique', headline: 'left: the next call does not fit', calls: [{ paid: true, nanoUsd: answer }] });
  });

  test('an answer that was paid for is booked, though the call after it in the same step is turned down for good', async () => {
    const answer = 1_000 * 3_000 + 200 * 15_000;
    const tooLong = Object.assign(new Error('prompt is too long'), { status: 413 });
    const played = await play(cast({ critique: (view) => (view.step.faults.length === 0 ? { text: 'no JSON' } : tooLong) }), { texts: 1, allowance: 1_000_000_000 });
    expect(played.outcome).toMatchObject({ outcome: 'failed', failedAt: 'p1.t1.critique', reason: expect.stringContaining('prompt is too long') as string, calls: 2, nanoUsd: 2 * answer });
    expect(played.result).toMatchObject({ charged: 2 * answer, unspent: 1_000_000_000 - 2 * answer });
    expect(played.steps.at(-1)).toMatchObject({ path: 'p1.t1.critique', calls: [{ paid: true, nanoUsd: answer }] });
  });

  test('a model that keeps asking for tools is told to answer, then fails', async () => {
    let asked = 0;
    const played = await play(cast({ critique: () => ({ text: '', stop: 'tools', toolCalls: [{ id: `t${++asked}`, name: 'compute', input: { expression: `1 + ${asked}` } }] }) }), { texts: 1, file: { tools: [{ builtin: 'compute' }] } });
    expect(played.outcome).toMatchObject({ outcome: 'failed', failedAt: 'p1.t1.critique' });
    expect(played.outcome.reason).toMatch(/asks for more tools than it may/);
    // three turns of tools, and three answers that were refused
    expect(asked).toBe(6);
  });

  test('a coarse action is held to what its sub-plan comes to', async () => {
    const place = { success: 0.9, durationS: 3_600, resources: [], moralCost: [] };
    const played = await play(
      cast({
        draft: (view) => {
          const draft = simpleDraft(view.situation, 'walk');
          const inner = { parent: 'act', level: 'hours' as const };
          return {
            ...draft,
            states: [...draft.states, { ...inner, id: 'mid', order: 1, text: 'half way' }],
            actions: [...draft.actions, { ...inner, ...place, id: 'a', order: 0, text: 'walk up' }, { ...inner, ...place, id: 'b', order: 2, text: 'walk down' }],
          };
        },
        revise: (view) => {
          expect(view.textbook).toBeNull();
          expect(view.step.findings).toMatchObject([{ node: 'n1', severity: 'major', issue: expect.stringContaining('takes 7200 s where 60 s were promised') as string }]);
          const edit = { op: 'characteristic' as const, node: 'n1', text: '', states: [], actions: [], field: 'durationS' as const, value: 7_200, resources: [], moralCost: [] };
          return { ...relabel('n1', ''), edits: [edit] };
        },
      }),
      { texts: 1, actor: { alternatives: 0 } },
    );
    expect(paths(played)).toEqual(['draft', 'p1.t1.critique', 'p1.levels.revise', 'p2.t1.critique']);
    expect(played.outcome.outcome).toBe('converged');
    expect(played.steps.at(2)?.version?.kept).toBe(1);
  });

  test('a revision that plans for an existential adversary ends in a refusal, and is no version', async () => {
    const threat = 'The cult releases its engineered virus in every city at once, so that all of humanity dies.';
    const played = await play(cast({ critique: (view) => (actionText(view) === 'walk' ? finding('n1', 'too slow') : noFindings), revise: () => relabel('n1', threat) }), { texts: 1 });
    expect(played.outcome).toMatchObject({ outcome: 'refused', failedAt: 'p1.t1.revise', stance: 'pursue' });
    expect(played.outcome.reason).toMatch(/hazard policy/);
    const versions = played.steps.flatMap((step) => step.version ?? []);
    expect(versions).toHaveLength(1);
    expect(JSON.stringify(versions)).not.toContain('cult');
  });
});

test('an order to stop that comes as a situation is about to continue as new is heeded', { timeout: 120_000 }, async () => {
  const texts = 345;
  const after: string[] = [];
  const handle = () => engine.client.workflow.getHandle(situationWorkflowId(lastCampaign, 0, 0));
  const played = play(
    cast({
      critique: async (view) => {
        if (actionText(view) === 'walk') return finding('n1', 'too slow');
        if (after.length > 0) after.push(view.textbook as string);
        if (view.textbook === `text-${texts}` && after.length === 0) {
          await handle().signal(controlSignal, 'stop');
          after.push('stopped');
        }
        return noFindings;
      },
      revise: () => relabel('n1', 'run'),
    }),
    { texts },
  );
  // without an outcome there is none to be read
  await expect(played).rejects.toThrow();
  expect((await handle().result()) as ExemplarResult).toMatchObject({ outcome: null, reason: 'cancelled' });
  expect(after).toEqual(['stopped']);
});

test('a grant that comes while nobody waits for it is used where it is needed, given back where it is recalled, and left over at the end', { timeout: 120_000 }, async () => {
  const handle = () => engine.client.workflow.getHandle(situationWorkflowId(lastCampaign, 0, 0));
  const grant = 900_000_000;
  /** What the situation has given back, of what it signalled. */
  const returned = async () => {
    const { events = [] } = await handle().fetchHistory();
    const signals = (events ?? []).flatMap(({ signalExternalWorkflowExecutionInitiatedEventAttributes: sent }) => (sent?.signalName === 'situationReturn' ? [sent] : []));
    return signals.reduce((sum, { input }) => sum + (JSON.parse(new TextDecoder().decode(input?.payloads?.[0]?.data as Uint8Array)) as { nanoUsd: number }).nanoUsd, 0);
  };
  const during = async (orders: (at: ReturnType<typeof handle>) => Promise<void>, at: 'draft' | 'explain') => {
    let done = false;
    const order = async () => {
      if (!done) await orders(handle());
      done = true;
    };
    const played = await play(
      cast({
        draft: async (view) => {
          if (at === 'draft') await order();
          // its next call needs more than was granted at first
          return simpleDraft(view.situation, at === 'draft' ? 'walk '.repeat(20_000) : 'walk');
        },
        explain: async () => {
          if (at === 'explain') await order();
          return explainAnew('a fresh premise');
        },
      }),
      { texts: 1, allowance: at === 'draft' ? 100_000_000 : 900_000_000 },
    );
    return { ...played, returned: await returned() };
  };
  const granted = async (at: ReturnType<typeof handle>) => await at.signal(grantSignal, { nanoUsd: grant });
  const used = await during(granted, 'draft');
  expect(used.outcome.outcome).toBe('converged');
  expect(used.result.charged + (used.result.unspent as number)).toBe(100_000_000 + grant);
  const over = await during(granted, 'explain');
  expect(over.result.charged + (over.result.unspent as number)).toBe(2 * grant);
  const recalled = await during(async (at) => {
    await granted(at);
    await at.signal(recallSignal);
  }, 'draft');
  expect(recalled.returned).toBeGreaterThan(grant);
  expect(recalled.result.charged + (recalled.result.unspent as number) + recalled.returned).toBe(100_000_000 + grant);
});
