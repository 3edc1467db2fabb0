import { buildDraft } from '../../../plans/build.ts';
import { applyRevision } from '../../../plans/edits.ts';
import { isMaterial, planHash } from '../../../plans/material.ts';
import { promiseFindings } from '../../../plans/promises.ts';
import { canonicalJson } from '../../../schemas/canonical.ts';
import { DRAFT_JSON_SCHEMA, STEP_JSON_SCHEMA } from '../../../schemas/json-schema.ts';
import type { Law } from '../../../schemas/law.ts';
import type { Explanation, Plan } from '../../../schemas/plan.ts';
import { StepBlock } from '../../../schemas/prompt.ts';
import { DraftOutput, StepOutput, type Finding } from '../../../schemas/wire.ts';
import { answer } from '../../../worlds/sim/answer.ts';
import { parseMessages } from '../../../worlds/sim/request.ts';
import type { World } from '../../../worlds/world.ts';
import type { SituationContent } from '../../../schemas/situation.ts';

/*
 * The exemplary actor of one situation as a plain loop, without Temporal and without HTTP: draft, passes of critique and revision over six
 * texts, verification by alternative explanations.
 */

const TEXTBOOKS = ['ethics', 'everyday-physics', 'law-and-rights', 'planning-under-scarcity', 'rationality', 'safety-engineering'];
const STUB = 'A plan should be looked at from this side too, before it is carried out. Whoever forgets it pays later for what was saved at first.';

export interface LoopParameters {
  maxPasses: number;
  alternatives: number;
  maxReopen: number;
  tolerance: number;
}
export const USUAL: LoopParameters = { maxPasses: 6, alternatives: 2, maxReopen: 2, tolerance: 0.05 };

export interface LoopResult {
  converged: boolean;
  passes: number;
  /** Exact value of each version of the main line, from the draft on. */
  values: number[];
  /** Value of the world's own plan. */
  best: number;
  draft: Plan;
  final: Plan;
}

interface Thread {
  plan: Plan;
  explanation: Explanation;
}

export function play(world: World, seed: number, law: Law, parameters: LoopParameters = USUAL): LoopResult {
  const situation = world.situation(seed);
  const valueOf = (plan: Plan) => world.value(situation, plan).logReward;
  const main: Thread = buildDraft(DraftOutput.parse(ask(law, situation, 'draft', null, null)), situation);
  const draft = main.plan;
  const values = [valueOf(main.plan)];
  const seen = new Set([planHash(main.plan)]);
  let decide = false;
  let oscillated = false;

  const pass = (thread: Thread, follow: boolean): boolean => {
    let material = false;
    for (const textbook of [...TEXTBOOKS, null]) {
      // last, what coarse actions promise is held against their sub-plans
      const findings = textbook === null ? promiseFindings(thread.plan) : StepOutput.parse(ask(law, situation, 'critique', thread, textbook)).findings;
      if (findings.length === 0) continue;
      const revised = applyRevision(thread.plan, StepOutput.parse(ask(law, situation, 'revise', thread, textbook, { findings, decide })), situation);
      material ||= isMaterial(thread.plan, revised.plan, parameters.tolerance);
      const changed = planHash(revised.plan) !== planHash(thread.plan);
      Object.assign(thread, revised);
      if (!follow) continue;
      values.push(valueOf(thread.plan));
      if (changed && seen.has(planHash(thread.plan))) oscillated = true;
      seen.add(planHash(thread.plan));
    }
    return material;
  };

  let passes = 0;
  let reopened = 0;
  const end = (converged: boolean): LoopResult => ({ converged, passes, values, best: valueOf(world.exemplary(situation)), draft, final: main.plan });
  while (passes < parameters.maxPasses) {
    passes += 1;
    oscillated = false;
    if (pass(main, true)) {
      if (decide) return end(false);
      decide = oscillated;
      continue;
    }
    decide = false;
    const before = main.plan;
    const changed = Array.from({ length: parameters.alternatives }).some(() => {
      const branch: Thread = { plan: main.plan, explanation: StepOutput.parse(ask(law, situation, 'explain', main, null, { avoid: [main.explanation] })).explanation };
      if (!pass(branch, false)) return false;
      Object.assign(main, branch);
      values.push(valueOf(main.plan));
      return main.plan !== before;
    });
    if (!changed) return end(true);
    if (reopened === parameters.maxReopen) return end(false);
    reopened += 1;
  }
  return end(false);
}

function ask(law: Law, situation: SituationContent, kind: StepBlock['step']['kind'], thread: Thread | null, textbook: string | null, material: { findings?: Finding[]; decide?: boolean; avoid?: Explanation[] } = {}): unknown {
  const block = (value: unknown) => ({ type: 'text', text: canonicalJson(value) });
  const body = {
    model: 'simulated',
    max_tokens: 8000,
    system: [{ type: 'text', text: 'Rules.' }, ...(textbook === null ? [] : [block({ chapter: { textbook, title: textbook, name: 'whole', text: STUB } })])],
    messages: [
      {
        role: 'user',
        content: [
          block({ situation }),
          ...(thread === null ? [] : [block({ plan: thread.plan })]),
          ...(thread === null || kind === 'explain' ? [] : [block({ explanation: thread.explanation })]),
          block(StepBlock.parse({ step: { kind, instructions: 'Do it.', ...material } })),
        ],
      },
    ],
    output_config: { format: { type: 'json_schema', schema: kind === 'draft' ? DRAFT_JSON_SCHEMA : STEP_JSON_SCHEMA } },
  };
  const { content } = answer(parseMessages(body), law);
  if (content.kind !== 'text') throw new Error(`not text: ${content.kind}`);
  return JSON.parse(content.text);
}
