import type { Plan, Stance } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Flaw } from '../world.ts';
import { misstatements } from './claims.ts';
import { claimsOf, layOut, levelsOf } from './layout.ts';
import { laterPosition, leavesOf, type Leaf } from './leaves.ts';
import { after, at, before, deedOf, remove, replace, restate, workOut } from './mends.ts';
import { bare, type FlawClass, type Operator, type Safeguard } from './operator.ts';
import { carriedOut, withFacts, type Physics, type WorldState } from './physics.ts';
import { rebuild } from './rebuild.ts';
import type { Scene } from './scene.ts';

/**
 * Goes through a plan as it would run if every action succeeded. Each fault is told once: from there on the run goes as if it
 * had been mended, so that one missing step is not told again at every step that builds on it. Worlds add what only they know.
 */
export abstract class Inspection<O extends Operator, S extends WorldState> {
  protected readonly plan: Plan;
  protected readonly leaves: Leaf<O>[];
  protected readonly flaws: Flaw[] = [];
  /** The run so far: the state before each position, and what was done there. */
  protected readonly history: S[] = [];
  protected readonly performed: O[][] = [];
  protected state: S;
  private readonly scene: Scene<O>;
  private readonly situation: SituationContent;
  private readonly physics: Physics<O, S>;
  /** Operators that the mends move to a later position. */
  private readonly moved = new Map<number, O[]>();

  constructor(scene: Scene<O>, situation: SituationContent, plan: Plan, physics: Physics<O, S>, start: S) {
    this.scene = scene;
    this.situation = situation;
    this.plan = plan;
    this.physics = physics;
    this.leaves = leavesOf(scene, plan);
    this.state = start;
  }

  run(): Flaw[] {
    this.stance();
    this.setOut();
    for (const [k, leaf] of this.leaves.entries()) {
      this.arrive(k);
      this.leaf(k, leaf);
    }
    this.arrive(this.leaves.length);
    if (!this.flaws.some(({ stance }) => stance !== undefined)) this.goal();
    this.afterAll();
    return this.flaws;
  }

  /** What has to be looked to before the first action. */
  protected setOut(): void {}

  /** What else is wrong, told after all. */
  protected afterAll(): void {}

  /** Faults of the end. */
  protected abstract goal(): void;

  /** Whether an operator would change nothing any more. */
  protected abstract accomplished(op: O): boolean;

  /** Further faults of an operator that is about to be carried out. */
  protected beforehand(_k: number, _leaf: Leaf<O>, _op: O): void {}

  /** Further faults of an operator that was carried out. */
  protected afterwards(_k: number, _leaf: Leaf<O>, _op: O): void {}

  /** The state at position `k` after an operator that stands there was carried out at an earlier one. */
  protected abstract recalled(op: O, position: number, k: number): S;

  /** The state at position `k` after what the operator there asks for was put in at `position`, by a producer if there is one. */
  protected abstract supplied(producer: O | undefined, facts: readonly string[], op: O, position: number, k: number): S;

  /** Position up to `k` at which an operator that is missing is best put in: the latest at which it is possible, else `k`. */
  protected place(op: O, k: number): number {
    if (this.physics.possible(op, this.state)) return k;
    const position = this.history.slice(0, k + 1).findLastIndex((state) => this.physics.possible(op, state));
    return position < 0 ? k : position;
  }

  /** What besides facts an operator needs and lacks, in words. */
  protected lacking(_op: O): string[] {
    return [];
  }

  /** What brings about an operator's needs besides facts. */
  protected supplier(_op: O): O | undefined {
    return undefined;
  }

  /** Why an accomplished operator should be left out. */
  protected idle(op: O): string {
    return `is done already; again it costs ${op.durationS} s and ${op.energyWh} Wh`;
  }

  /** Whether an operator's figures can be misstated. */
  protected hasFigures(_op: O): boolean {
    return true;
  }

  protected tell(kind: FlawClass, severity: Flaw['severity'], node: string, issue: string, suggestion: string, mend: Flaw['mend'], stance?: Stance): void {
    this.flaws.push({ class: kind, node, issue, suggestion, severity, mend, ...(stance === undefined ? {} : { stance }) });
  }

  /** Says that the plan never does what `producer` does, and adds it. */
  protected missing(producer: O, kind: FlawClass, issue: string): void {
    const node = this.plan.nodes.at(-1)?.id ?? '';
    const position = this.place(producer, this.leaves.length);
    this.tell(kind, 'major', node, issue, `add: ${producer.text}`, at(this.plan, this.leaves, position, deedOf(producer, node)));
  }

  /** The good operator that brings a fact about. */
  protected producer(fact: string): O | undefined {
    return [...this.scene.operators.values()].find((op) => op.adds.includes(fact) && !op.insteadOf);
  }

  private stance(): void {
    const { best } = this.scene;
    if (this.plan.stance === best) return;
    const argument = this.scene.arguments[best];
    const kind = best === 'pursue' ? 'order' : 'harm';
    const issue = best === 'pursue' ? `the stance ${this.plan.stance} gives up a target that is within reach` : `the stance ${this.plan.stance} is wrong here: ${argument}`;
    const mend = rebuild(this.plan, layOut(this.scene, this.situation, best));
    this.tell(kind, 'major', this.plan.nodes.at(-1)?.id ?? '', issue, argument === '' ? 'pursue the target' : argument, mend, best);
  }

  private arrive(k: number): void {
    this.performed[k] = [];
    for (const op of this.moved.get(k) ?? []) this.carryOut(op, k);
    this.history[k] = this.state;
  }

  private carryOut(op: O, k: number): void {
    this.state = carriedOut(op, this.state, this.physics);
    this.performed[k]?.push(op);
  }

  private leaf(k: number, leaf: Leaf<O>): void {
    const { operator: op, task, node } = leaf;
    if (op) return this.operator(k, leaf, op);
    if (task) {
      this.tell('order', 'major', node.id, `nothing says how to do this: ${bare(node.text)}`, 'work it out into steps', workOut(leaf, task, levelsOf(this.situation).finer));
      for (const each of task.operators) this.carryOut(each, k);
    } else if (this.leaves.length > 1) {
      const what = node.text.trim() === '' ? 'a bare placeholder' : `"${node.text}"`;
      this.tell('scarcity', 'minor', node.id, `${what} takes ${node.durationS} s and brings nothing about`, 'leave it out', remove(leaf));
    }
  }

  private operator(k: number, leaf: Leaf<O>, given: O): void {
    const { node } = leaf;
    let op = given;
    if (given.insteadOf) {
      op = this.scene.operators.get(given.insteadOf.id) as O;
      this.tell(given.insteadOf.flaw, 'major', node.id, given.insteadOf.why, `rather: ${op.text}`, replace(leaf, deedOf(op, node.id)));
    } else {
      this.figures(leaf, op);
    }
    const possible = this.physics.possible(op, this.state);
    if (this.accomplished(op)) {
      this.tell(possible ? 'scarcity' : 'order', 'minor', node.id, `"${node.text}" ${this.idle(op)}`, 'leave it out', remove(leaf));
      return;
    }
    if (!possible && !this.unmet(k, leaf, op)) return;
    for (const safeguard of op.safeguards) this.safeguard(k, leaf, op, safeguard);
    this.beforehand(k, leaf, op);
    this.carryOut(op, k);
    this.afterwards(k, leaf, op);
  }

  private figures({ node }: Leaf<O>, op: O): void {
    const wrong = this.hasFigures(op) ? misstatements(op, node) : [];
    if (wrong.length === 0) return;
    const issue = `the figures are off: ${wrong.map(({ what }) => what).join('; ')}`;
    this.tell('figures', wrong.some(({ excess }) => excess > 0.5) ? 'major' : 'minor', node.id, issue, 'state the figures as they are', restate(node, wrong, claimsOf(op)));
  }

  /** A need is not met: the action stands in the wrong place, or what brings the need about is missing. False: it is not carried out here. */
  private unmet(k: number, leaf: Leaf<O>, op: O): boolean {
    const { node } = leaf;
    const need = this.describeNeeds(op);
    const deed = { ...deedOf(op, node.id), claims: { success: node.success, durationS: node.durationS, resources: node.resources, moralCost: node.moralCost } };
    const earlier = this.history.slice(0, k).findLastIndex((state) => this.physics.possible(op, state));
    if (earlier >= 0) {
      this.tell('order', 'major', node.id, `"${node.text}" comes too late: it needs ${need}`, 'do it earlier', [...at(this.plan, this.leaves, earlier, deed), ...remove(leaf)]);
      this.state = this.recalled(op, earlier, k);
      return false;
    }
    const later = laterPosition(this.leaves, k, this.state, op, this.physics);
    if (later >= 0) {
      const mend = [...after(this.leaves[later - 1] as Leaf<O>, deed), ...remove(leaf)];
      this.tell('order', 'major', node.id, `"${node.text}" comes too early: it needs ${need}`, 'do it later', mend);
      this.moved.set(later, [...(this.moved.get(later) ?? []), op]);
      return false;
    }
    const fact = op.needs.facts.find((each) => !this.state.facts.includes(each));
    const producer = fact === undefined ? this.supplier(op) : this.producer(fact);
    const position = producer ? this.place(producer, k) : k;
    const mend = producer ? this.insert(position, k, leaf, producer) : remove(leaf);
    const how = producer ? `first: ${producer.text}` : 'leave it out';
    this.tell('order', 'major', node.id, `"${node.text}" cannot be done: it needs ${need}, which nothing before it brings about`, how, mend);
    this.state = this.supplied(producer, op.needs.facts, op, position, k);
    return true;
  }

  private safeguard(k: number, leaf: Leaf<O>, op: O, { fact, flaw, without, harm, success }: Safeguard): void {
    if (this.state.facts.includes(fact)) return;
    const producer = this.producer(fact);
    if (!producer) return;
    const position = this.place(producer, k);
    const costs = [
      ...(success === undefined ? [] : [`success falls from ${op.success} to ${success}`]),
      ...(harm === undefined ? [] : [`${harm.amount} of harm to ${harm.on}, for ${harm.why}`]),
    ];
    this.tell(flaw, 'major', leaf.node.id, `"${leaf.node.text}" lacks ${without}; ${costs.join('; ')}`, `first: ${producer.text}`, this.insert(position, k, leaf, producer));
    this.state = this.supplied(producer, [fact], op, position, k);
  }

  private insert(position: number, k: number, leaf: Leaf<O>, producer: O): Flaw['mend'] {
    const deed = deedOf(producer, leaf.node.id);
    return position === k ? before(this.plan, leaf, deed) : at(this.plan, this.leaves, position, deed);
  }

  private describeNeeds(op: O): string {
    const facts = op.needs.facts.filter((fact) => !this.state.facts.includes(fact)).map((fact) => this.producer(fact)?.after ?? fact);
    return [...this.lacking(op), ...facts.map((state) => `this state: ${bare(state)}`)].join(' and ');
  }
}

/** The state with facts that were put in for nothing. */
export function granted<S extends WorldState>(state: S, facts: readonly string[]): S {
  return { ...state, facts: withFacts(state.facts, facts) };
}
