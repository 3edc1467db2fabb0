import type { FinerSource } from '../schemas/campaign.ts';
import { LEVELS, levelIndex } from '../schemas/levels.ts';
import type { ActionNode, Plan, StateNode } from '../schemas/plan.ts';
import type { Situation, SituationContent } from '../schemas/situation.ts';
import type { Finding } from '../schemas/wire.ts';
import { measure, promiseFinding } from '../plans/promises.ts';
import { findNode, walk } from '../plans/tree.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { applySettings, countingOutcome, pageOutcomes } from './campaign-state.ts';
import { listed, type Listing } from './listing.ts';
import { readRecord } from './scene.ts';

/** How a world opens one of its own actions; null where it knows nothing finer, or the situation is of no world. */
export type Expand = (situation: SituationContent, plan: Plan, node: string) => SituationContent | null;

/** A situation's last converged plan. */
export interface Converged {
  situation: Situation;
  /** Of its last try, which may have run out of money since. */
  try: number;
  plan: Plan;
}

/** Every converged plan of a campaign, by index. */
export async function convergedPlans(reader: CampaignReader, name: string): Promise<Converged[]> {
  const campaign = await reader.campaign(name);
  const { listing } = applySettings(campaign, await reader.settings(name));
  const situations = await reader.situations(listing);
  const outcomes = await pageOutcomes(reader, name, 0, listing.count);
  const found: Converged[] = [];
  for (const [index, records] of [...outcomes].sort(([a], [b]) => a - b)) {
    const counting = countingOutcome(records);
    if (counting?.outcome !== 'converged' || counting.final === null) continue;
    const { version } = await readRecord(reader, counting.final);
    if (version !== null) found.push({ situation: situations[index] as Situation, try: records.at(-1)?.try as number, plan: version.plan });
  }
  return found;
}

/** One situation for each action at `level` of each converged plan, in the order of situations and plans; roots are those of the coarser ones. */
export async function finerSituations(reader: CampaignReader, source: FinerSource, expand: Expand): Promise<Listing> {
  const contents: SituationContent[] = [];
  const roots = new Map<string, string>();
  for (const { situation, plan } of await convergedPlans(reader, source.campaign)) {
    roots.set(situation.id, situation.root);
    for (const { node, order, siblings, parent } of walk(plan)) {
      if (node.kind !== 'action' || node.level !== source.level) continue;
      const { id: _id, index: _index, root: _root, ...content } = situation;
      const own = situation.world === null ? finer(situation, node, around(plan, parent, siblings, order), source) : expand(content, plan, node.id);
      if (own !== null) contents.push(own);
    }
  }
  const wanted = contents.slice(0, source.count ?? contents.length);
  const { situations, duplicates } = listed(wanted);
  return { duplicates, situations: situations.map((situation) => ({ ...situation, root: roots.get(situation.parent?.situation ?? '') ?? situation.root })) };
}

/** The states before and after an action: at the ends of a sub-plan, those around the action that holds it. */
function around(plan: Plan, parent: string, siblings: Plan['nodes'], order: number): { before: StateNode; after: StateNode } {
  const before = siblings[order - 1];
  const after = siblings[order + 1];
  if (before?.kind === 'state' && after?.kind === 'state') return { before, after };
  const place = [...walk(plan)].find(({ node }) => node.id === parent);
  if (place === undefined) throw new RangeError(`a plan of ${plan.nodes.length} nodes does not alternate at "${parent}"`);
  const outer = around(plan, place.parent, place.siblings, place.order);
  return { before: before?.kind === 'state' ? before : outer.before, after: after?.kind === 'state' ? after : outer.after };
}

function finer(situation: Situation, action: ActionNode, { before, after }: { before: StateNode; after: StateNode }, { level, horizon }: FinerSource): SituationContent {
  return {
    task: situation.task,
    agent: situation.agent,
    horizon: horizon ?? LEVELS.slice(Math.max(0, levelIndex(level) - 2), levelIndex(level) + 1),
    initial: `${before.text} The coarser plan does this next: ${action.text === '' ? 'it leaves open what' : action.text} (it counts on ${promiseText(action)}).`,
    target: situation.task === 'predict' ? null : after.text,
    parent: { situation: situation.id, node: action.id },
    world: null,
  };
}

function promiseText({ success, durationS, resources }: ActionNode): string {
  return [`success ${success}`, `${durationS} s`, ...resources.map(({ name, amount, unit }) => `${amount} ${unit} of ${name}`)].join(', ');
}

/** Where the converged plans of a finer campaign contradict the actions that they expand; by index of the coarser situation. */
export interface Contradictions {
  /** Finer plans that were held against an action. */
  compared: number;
  findings: Record<string, Finding[]>;
  /** The coarser situations' current tries. */
  tries: Record<string, number>;
}

/** Times and amounts of a finer plan's top list, added up, against what the coarser action promised. */
export async function contradictions(reader: CampaignReader, coarse: string, finer: string): Promise<Contradictions> {
  const plans = new Map((await convergedPlans(reader, coarse)).map((each) => [each.situation.id, each]));
  const found: Contradictions = { compared: 0, findings: {}, tries: {} };
  for (const { situation: { parent }, plan } of await convergedPlans(reader, finer)) {
    const own = parent === null ? undefined : plans.get(parent.situation);
    const action = own === undefined || parent === null ? undefined : findNode(own.plan, parent.node);
    // a revised coarse plan may no longer hold the action; one with a sub-plan of its own is held to that
    if (own === undefined || action?.kind !== 'action' || action.children.length > 0 || plan.stance !== 'pursue') continue;
    found.compared += 1;
    const finding = promiseFinding(action, measure(plan.nodes.filter((node) => node.kind === 'action')));
    if (finding === null) continue;
    const index = String(own.situation.index);
    found.findings[index] = [...(found.findings[index] ?? []), finding];
    found.tries[index] = own.try;
  }
  return found;
}
