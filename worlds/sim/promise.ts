import { keepPromise, measure, mismatches, promiseFindings } from '../../plans/promises.ts';
import { findNode } from '../../plans/tree.ts';
import type { ActionNode, Plan, Resource } from '../../schemas/plan.ts';
import type { Edit, Finding } from '../../schemas/wire.ts';

/** Edits that let a coarse action promise what its finer plan comes to, where a finding is a computed one; none for any other finding. */
export function promiseMend(plan: Plan, { node: id, issue, quote }: Finding): Edit[] {
  const node = findNode(plan, id);
  if (node?.kind !== 'action' || quote !== '' || !issue.startsWith('the finer plan ')) return [];
  const own = promiseFindings(plan).some((known) => known.node === id && known.issue === issue);
  const measured = own ? measure(node.children.filter((child) => child.kind === 'action')) : told(node, issue);
  const fields = new Set(mismatches(node, measured).map(({ field }) => field));
  return keepPromise(id, measured, [...fields]);
}

/** The figures of a finer plan that stands in another campaign, as the finding tells them; the action's own where it is silent. */
function told(action: ActionNode, issue: string): Pick<ActionNode, 'success' | 'durationS' | 'resources' | 'moralCost'> {
  const figure = (pattern: RegExp, otherwise: number) => Number(pattern.exec(issue)?.[1] ?? otherwise);
  const resources = new Map(action.resources.map((resource) => [`${resource.name} (${resource.unit})`, resource]));
  for (const [, amount, name, unit] of issue.matchAll(/needs (\S+) of ([^;]+?) \(([^)]+)\) where/g)) resources.set(`${name} (${unit})`, { name: name as string, amount: Number(amount), unit: unit as Resource['unit'] });
  const costs = new Map(action.moralCost.map((cost) => [cost.on, cost]));
  for (const [, on, amount] of issue.matchAll(/costs ([^;]+?) (\S+) where/g)) costs.set(on as string, { on: on as string, amount: Number(amount), why: costs.get(on as string)?.why ?? 'as the finer plan has it' });
  return {
    success: figure(/succeeds with (\S+) where/, action.success),
    durationS: figure(/takes (\S+) s where/, action.durationS),
    resources: [...resources.values()],
    moralCost: [...costs.values()],
  };
}
