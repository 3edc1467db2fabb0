import type { Argument, Explanation, Plan } from '../schemas/plan.ts';
import { unknownSupport } from './ids.ts';
import { walk } from './tree.ts';

/**
 * Faults of an explanation: its text, its arguments, the nodes they support, and the argument graph, in which a premise that
 * equals the claim of an argument is an edge from that claim. A sound graph has no cycle.
 */
export function checkExplanation(explanation: Explanation, plan: Plan): string[] {
  const faults: string[] = [];
  if (isBlank(explanation.text)) faults.push('explanation.text: is empty; say why this plan is the right one');
  if (explanation.arguments.length === 0) faults.push('explanation.arguments: is empty; give at least one argument');
  const ids = new Set([...walk(plan)].map(({ node }) => node.id));
  for (const [i, { claim, premises, supports }] of explanation.arguments.entries()) {
    const at = `explanation.arguments[${i}]`;
    if (isBlank(claim)) faults.push(`${at}.claim: is empty; state the claim`);
    if (premises.length === 0) faults.push(`${at}.premises: is empty; give at least one premise`);
    if (premises.some(isBlank)) faults.push(`${at}.premises: one is empty; state it or leave it out`);
    if (premises.some((premise) => sameText(premise, claim))) {
      faults.push(`${at}: the claim "${claim}" is its own premise; a claim must rest on something else`);
    }
    for (const id of supports) if (!ids.has(id)) faults.push(unknownSupport(i, id));
  }
  return [...faults, ...circles(explanation.arguments)];
}

/** Cycles of two claims or more, one line each; cycles that share a claim are reported once. */
function circles(list: Argument[]): string[] {
  const faults: string[] = [];
  const premisesOf = new Map<string, Set<string>>();
  for (const { claim } of list) premisesOf.set(claim.trim(), new Set());
  for (const { claim, premises } of list) {
    for (const premise of premises) {
      if (premisesOf.has(premise.trim()) && !sameText(premise, claim)) premisesOf.get(claim.trim())?.add(premise.trim());
    }
  }
  for (;;) {
    dropGrounded(premisesOf);
    const [start] = premisesOf.keys();
    if (start === undefined) return faults;
    const circle = circleFrom(start, premisesOf);
    const chain = [...circle, circle[0]].map((claim) => `"${claim}"`).join(' rests on ');
    faults.push(`explanation.arguments: the claims go in a circle: ${chain}; remove one of these premises`);
    for (const claim of circle) premisesOf.delete(claim);
  }
}

/** Removes every claim that rests, in the end, on premises outside the map. */
function dropGrounded(premisesOf: Map<string, Set<string>>): void {
  for (let before = -1; before !== premisesOf.size; ) {
    before = premisesOf.size;
    for (const [claim, premises] of premisesOf) {
      if (![...premises].some((premise) => premisesOf.has(premise))) premisesOf.delete(claim);
    }
  }
}

/** Follows premises until a claim returns; every claim in the map has a premise in it. */
function circleFrom(start: string, premisesOf: Map<string, Set<string>>): string[] {
  const path: string[] = [];
  let claim = start;
  while (!path.includes(claim)) {
    path.push(claim);
    claim = [...(premisesOf.get(claim) ?? [])].find((premise) => premisesOf.has(premise)) ?? claim;
  }
  return path.slice(path.indexOf(claim));
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function sameText(a: string, b: string): boolean {
  return a.trim() === b.trim();
}
