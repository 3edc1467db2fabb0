import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { checkPlan } from '../../plans/check.ts';
import { planNodes, planText } from '../../plans/text.ts';
import { Explanation, Plan } from '../../schemas/plan.ts';
import { Horizon } from '../../schemas/levels.ts';
import type { DataRow, SituationRow } from '../../schemas/rows.ts';
import { Edit, Finding } from '../../schemas/wire.ts';
import type { Findings } from './findings.ts';
import type { Located } from './verify-file.ts';

/** Checks one version by itself: the JSON it carries, the plan's invariants, the columns derived from the plan. Returns the plan. */
export function checkVersion({ row, at }: Located<DataRow>, situation: SituationRow, findings: Findings): Plan | null {
  const parse = <T>(column: string, text: string, shape: z.ZodType<T>): T | null => {
    const parsed = shape.safeParse(jsonOr(text, undefined));
    const issue = parsed.error?.issues[0];
    findings.check(parsed.success, () => `${at}: ${[column, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`);
    return parsed.success ? parsed.data : null;
  };
  parse('explanation', row.explanation, Explanation);
  parse('edits', row.edits, z.array(Edit));
  if (row.critique !== null) parse('critique', row.critique, z.array(Finding));
  for (const alternative of row.alternative_explanations) parse('alternative_explanations', alternative, Explanation);
  const plan = parse('plan_json', row.plan_json, Plan);
  if (plan === null) return null;

  const horizon = Horizon.safeParse(situation.horizon);
  if (findings.check(horizon.success, () => `${at}: the horizon of its situation, "${situation.horizon}", is none`)) {
    const content = { task: row.task, agent: row.agent, horizon: horizon.data ?? [], initial: row.initial_state, target: row.target_state, parent: null, world: null };
    const faults = checkPlan(plan, content);
    findings.check(faults.length === 0, () => `${at}: plan_json: ${faults.join('; ')}`);
  }
  const derived = { stance: plan.stance, level: plan.nodes[0]?.level, plan_text: planText(plan), nodes: planNodes(plan) };
  for (const [column, value] of Object.entries(derived)) {
    findings.check(isDeepStrictEqual(row[column as keyof DataRow], value), () => `${at}: ${column} does not follow from plan_json`);
  }
  return plan;
}

function jsonOr<T>(text: string, instead: T): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return instead;
  }
}
