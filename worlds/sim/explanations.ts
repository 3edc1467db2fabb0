import { walk } from '../../plans/tree.ts';
import type { ActionNode, Argument, Explanation, Plan } from '../../schemas/plan.ts';
import { between, shuffled } from '../rng.ts';
import type { Rng } from '../world.ts';

/** Claims and premises never share a wording, so that no argument can rest on another in a circle. */
const CLAIMS: ((step: string) => string)[] = [
  (step) => `${step} belongs where it stands.`,
  (step) => `Without ${step} the plan would be worse.`,
  (step) => `${step} earns its time.`,
  (step) => `No better way than ${step} is known here.`,
];
const PREMISES: ((step: string) => string)[] = [
  (step) => `What comes after ${step} builds on what it brings about.`,
  (step) => `The figures given for ${step} leave a margin.`,
  (step) => `Those whom ${step} touches have been thought of.`,
  (step) => `To leave out ${step} would put the load on others.`,
  (step) => `${step} can be broken off without loss if it goes wrong.`,
  (step) => `The body of the agent is built for ${step}.`,
  (step) => `Time spent on ${step} is saved later.`,
  (step) => `Nobody else nearby can see to ${step}.`,
  (step) => `The initial state makes ${step} possible.`,
  (step) => `Reports from like errands speak for ${step}.`,
];

/** How explanations that begin anew open; those that grow out of an earlier one keep its opening. */
const ANEW = /^Seen another way \(\d+\)\./;

/** Whether an explanation goes on with the draft's line of reasoning. */
export function growsFromDraft({ text }: Explanation): boolean {
  return !ANEW.test(text);
}

/** Opening of an explanation given anew; `number` counts those before it. */
export const openingAnew = (number: number) => `Seen another way (${number}).`;

/** The opening that a revision keeps of the explanation before it, so that the line of reasoning can be told. */
export function keptOpening(explanation: Explanation | undefined): string {
  return explanation === undefined ? '' : (ANEW.exec(explanation.text)?.[0] ?? '');
}

/**
 * An explanation whose text tells the plan's course, with two to four arguments, each for one action of the plan. No premise is one of those to be avoided.
 * `kept` says which nodes an argument may support, `opening` begins the text.
 */
export function explain(plan: Plan, rng: Rng, opening: string, avoid: readonly Explanation[] = [], kept: (id: string) => boolean = () => true): Explanation {
  const avoided = new Set(avoid.flatMap((each) => each.arguments).flatMap(({ premises }) => premises));
  const actions = [...walk(plan)].flatMap(({ node }) => (node.kind === 'action' && kept(node.id) ? [node] : []));
  const chosen = shuffled(actions, rng).slice(0, between(2, 4, rng));
  const list = chosen.map((action, i): Argument => {
    const step = named(action);
    const premises = shuffled(PREMISES, rng).map((premise) => sentence(premise(step)));
    const claim = CLAIMS[i % CLAIMS.length] as (step: string) => string;
    return { claim: sentence(claim(step)), premises: premises.filter((premise) => !avoided.has(premise)).slice(0, between(1, 2, rng)), supports: [action.id] };
  });
  if (list.length < 2) list.push({ claim: `The stance ${plan.stance} is right.`, premises: [stancePremise(plan, avoided)], supports: [] });
  const [first] = list;
  return { text: `${opening} ${course(plan)} ${first?.claim ?? ''} ${first?.premises.join(' ') ?? ''}`.trim(), arguments: list };
}

/** The plan in short: its stance, and its finest steps in their order. */
function course(plan: Plan): string {
  const steps = [...walk(plan)].flatMap(({ node }) => (node.kind === 'action' && node.children.length === 0 && bare(node.text) !== '' ? [`${bare(node.text)}.`] : []));
  return `The way to ${plan.stance}: ${steps.join(' ') || 'nothing is settled yet.'}`;
}

function stancePremise(plan: Plan, avoided: Set<string>): string {
  const reason = plan.stanceArgument === '' ? 'The target is within reach and harms nobody.' : plan.stanceArgument;
  for (let i = 0; ; i++) {
    const premise = i === 0 ? reason : `${reason} (Seen from side ${i}.)`;
    if (!avoided.has(premise)) return premise;
  }
}

function named({ id, text }: ActionNode): string {
  return bare(text) === '' ? `step ${id}` : `"${bare(text)}"`;
}

function bare(text: string): string {
  return text.trim().replace(/\.$/, '');
}

function sentence(text: string): string {
  return (text[0] ?? '').toUpperCase() + text.slice(1);
}
