import { walk } from '../../plans/tree.ts';
import type { Law } from '../../schemas/law.ts';
import type { Explanation, Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Finding } from '../../schemas/wire.ts';
import { pick, rngOf } from '../rng.ts';
import { growsFromDraft } from './explanations.ts';
import type { Rng, World } from '../world.ts';

/** What a critic says where there is nothing to say: no world tells an issue so. */
const COMPLAINTS = [
  { issue: 'the plan does not say who will notice if this goes wrong', suggestion: 'say how it will be noticed' },
  { issue: 'the wording leaves open when this is over', suggestion: 'say by what it will be known to be over' },
  { issue: 'this could be put more plainly', suggestion: 'say what holds here in other words' },
  { issue: 'it is not written down that this was so', suggestion: 'add that it is written down' },
  { issue: 'the plan takes this for granted', suggestion: 'say on what it rests' },
];

export interface Criticised {
  plan: Plan;
  explanation: Explanation | undefined;
  chapter: { textbook: string; text: string };
}

/**
 * Findings of one chapter's critic: the flaws of the classes it can see, each with the law's chance, and at times a false alarm. Flaws
 * that the explanation defends are overlooked.
 */
export function critique(world: World, situation: SituationContent, { plan, explanation, chapter }: Criticised, law: Law, rng: Rng): Finding[] {
  const own = law.textbooks[chapter.textbook];
  const seen = new Set(own?.classes ?? []);
  const quotes = sentences(chapter.text);
  const quote = () => (quotes.length === 0 ? chapter.text.slice(0, 200) : pick(quotes, rng));
  const findings: Finding[] = [];
  for (const { class: kind, node, severity, issue, suggestion } of world.inspect(situation, plan)) {
    if (isDefended(`${kind}/${node}/${situation.initial}`, explanation, law)) continue;
    if (seen.has(kind) && rng() < (own?.detect ?? law.detect)) findings.push({ node, severity, issue, suggestion, quote: quote() });
  }
  const told = law.shuffle ? findings.map((finding) => ({ ...finding, ...misplaced(plan, finding, rng) })) : findings;
  if (rng() < (own?.falseAlarm ?? law.falseAlarm)) told.push({ node: pick(nodeIds(plan), rng), severity: 'minor', ...pick(COMPLAINTS, rng), quote: quote() });
  return told;
}

/** Whether critics overlook a flaw because the draft's line of reasoning, still followed, defends it. */
function isDefended(flaw: string, explanation: Explanation | undefined, { anchored }: Law): boolean {
  return anchored > 0 && explanation !== undefined && growsFromDraft(explanation) && rngOf(`anchored/${flaw}`)() < anchored;
}

/** Another node and another issue than the finding's own. */
function misplaced(plan: Plan, finding: Finding, rng: Rng): Pick<Finding, 'node' | 'issue' | 'suggestion'> {
  return { node: pick(nodeIds(plan).filter((id) => id !== finding.node), rng), ...pick(COMPLAINTS, rng) };
}

function nodeIds(plan: Plan): string[] {
  return [...walk(plan)].map(({ node }) => node.id);
}

/** Whole sentences of a chapter that are worth quoting; headings and lists left out. */
function sentences(text: string): string[] {
  const prose = text.split('\n').filter((line) => line !== '' && !/^(#|-|\d+\.)/.test(line));
  return prose.flatMap((line) => line.match(/[A-Z][^.!?]{30,240}[.!?](?=\s|$)/g) ?? []);
}
