import type { Plan, Stance } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Flaw } from '../world.ts';
import { misstatements } from './claims.ts';
import { claimsOf, layOut, levelsOf, stanceArgument } from './layout.ts';
import { leavesOf, type Leaf } from './leaves.ts';
import { after, at, before, deedOf, remove, replace, restate, workOut } from './mends.ts';
import { laterPosition } from './nominal.ts';
import type { FlawClass, Operator, Safeguard, Site } from './operator.ts';
import { rebuild } from './rebuild.ts';
import { GOALS, type Scene } from './scene.ts';
import { effect, possible, type WorldState } from './state.ts';

/**
 * Goes through a plan as it would run if every action succeeded. Each fault is told once: from there on the run goes as if it
 * had been mended, so that one missing step is not told again at every step that builds on it.
 */
export function inspectPlan(scene: Scene, situation: SituationContent, plan: Plan): Flaw[] {
  return new Inspection(scene, situation, plan).run();
}

class Inspection {
  private readonly scene: Scene;
  private readonly situation: SituationContent;
  private readonly plan: Plan;
  private readonly leaves: Leaf[];
  private readonly flaws: Flaw[] = [];
  /** The run so far: the state before each position. */
  private readonly history: WorldState[] = [];
  private state: WorldState;
  /** Operators that the mends move to a later position. */
  private readonly moved = new Map<number, Operator[]>();

  constructor(scene: Scene, situation: SituationContent, plan: Plan) {
    this.scene = scene;
    this.situation = situation;
    this.plan = plan;
    this.leaves = leavesOf(scene, plan);
    this.state = scene.start;
  }

  run(): Flaw[] {
    this.stance();
    for (const [k, leaf] of this.leaves.entries()) {
      this.arrive(k);
      this.leaf(k, leaf);
    }
    this.arrive(this.leaves.length);
    this.goal();
    return this.flaws;
  }

  private arrive(k: number): void {
    for (const op of this.moved.get(k) ?? []) this.carryOut(op);
    this.history[k] = this.state;
  }

  private carryOut(op: Operator): void {
    this.state = effect(op, { ...this.state, batteryWh: this.state.batteryWh - op.energyWh }, this.scene.capacityWh);
  }

  private tell(kind: FlawClass, severity: Flaw['severity'], node: string, issue: string, suggestion: string, mend: Flaw['mend'], stance?: Stance): void {
    this.flaws.push({ class: kind, node, issue, suggestion, severity, mend, ...(stance === undefined ? {} : { stance }) });
  }

  private stance(): void {
    const { best } = this.scene.draw;
    if (this.plan.stance === best) return;
    const argument = stanceArgument(this.scene, best);
    const kind = best === 'pursue' ? 'order' : 'harm';
    const issue = best === 'pursue' ? `the stance ${this.plan.stance} gives up a target that is within reach` : `the stance ${this.plan.stance} is wrong here: ${argument}`;
    const mend = rebuild(this.plan, layOut(this.scene, this.situation, best));
    this.tell(kind, 'major', this.plan.nodes.at(-1)?.id ?? '', issue, argument === '' ? 'pursue the target' : argument, mend, best);
  }

  private leaf(k: number, leaf: Leaf): void {
    const { operator: op, task, node } = leaf;
    if (op) return this.operator(k, leaf, op);
    if (task) {
      this.tell('order', 'major', node.id, `nothing says how to do this: ${bare(node.text)}`, 'work it out into steps', workOut(leaf, task, levelsOf(this.situation).finer));
      for (const each of task.operators) this.carryOut(each);
    } else if (this.leaves.length > 1) {
      const what = node.text.trim() === '' ? 'a bare placeholder' : `"${node.text}"`;
      this.tell('scarcity', 'minor', node.id, `${what} takes ${node.durationS} s and brings nothing about`, 'leave it out', remove(leaf));
    }
  }

  private operator(k: number, leaf: Leaf, given: Operator): void {
    const { node } = leaf;
    let op = given;
    if (given.insteadOf) {
      op = this.scene.operators.get(given.insteadOf.id) as Operator;
      this.tell(given.insteadOf.flaw, 'major', node.id, given.insteadOf.why, `rather: ${op.text}`, replace(leaf, deedOf(op, node.id)));
    } else {
      this.figures(leaf, op);
    }
    if (this.accomplished(op)) {
      this.tell(possible(op, this.state) ? 'scarcity' : 'order', 'minor', node.id, `"${node.text}" is done already; again it costs ${op.durationS} s and ${op.energyWh} Wh`, 'leave it out', remove(leaf));
      return;
    }
    if (!possible(op, this.state) && !this.unmet(k, leaf, op)) return;
    for (const safeguard of op.safeguards) this.safeguard(k, leaf, op, safeguard);
    this.energy(k, leaf, op);
    this.carryOut(op);
  }

  private figures({ node }: Leaf, op: Operator): void {
    const wrong = misstatements(op, node);
    if (wrong.length === 0) return;
    const issue = `the figures are off: ${wrong.map(({ what }) => what).join('; ')}`;
    this.tell('figures', wrong.some(({ excess }) => excess > 0.5) ? 'major' : 'minor', node.id, issue, 'state the figures as they are', restate(node, wrong, claimsOf(op)));
  }

  /** Whether an operator would change nothing any more. */
  private accomplished(op: Operator): boolean {
    if (op.charges) return this.state.site === op.needs.site && this.state.batteryWh >= this.scene.capacityWh;
    if (op.moves) return this.state.site === op.moves || this.history.some(({ site }) => site === op.moves);
    return op.adds.every((fact) => this.state.facts.includes(fact));
  }

  /** A need is not met: the action stands in the wrong place, or what brings the need about is missing. False: it is not carried out here. */
  private unmet(k: number, leaf: Leaf, op: Operator): boolean {
    const { node } = leaf;
    const need = this.describeNeeds(op);
    const deed = { ...deedOf(op, node.id), claims: { success: node.success, durationS: node.durationS, resources: node.resources, moralCost: node.moralCost } };
    const earlier = this.history.slice(0, k).findLastIndex((state) => possible(op, state));
    if (earlier >= 0) {
      this.tell('order', 'major', node.id, `"${node.text}" comes too late: it needs ${need}`, 'do it earlier', [...at(this.plan, this.leaves, earlier, deed), ...remove(leaf)]);
      this.state = effect(op, { ...this.state, batteryWh: this.state.batteryWh - op.energyWh }, this.scene.capacityWh);
      if (op.moves) this.state = { ...this.state, site: this.history[k]?.site ?? this.state.site };
      return false;
    }
    const later = laterPosition(this.scene, this.leaves, k, this.state, op);
    if (later >= 0) {
      const mend = [...after(this.leaves[later - 1] as Leaf, deed), ...remove(leaf)];
      this.tell('order', 'major', node.id, `"${node.text}" comes too early: it needs ${need}`, 'do it later', mend);
      this.moved.set(later, [...(this.moved.get(later) ?? []), op]);
      return false;
    }
    const producer = this.producerOf(op);
    const mend = producer ? this.insert(k, leaf, producer) : remove(leaf);
    const how = producer ? `first: ${producer.text}` : 'leave it out';
    this.tell('order', 'major', node.id, `"${node.text}" cannot be done: it needs ${need}, which nothing before it brings about`, how, mend);
    this.state = { ...this.state, site: op.needs.site ?? this.state.site, facts: [...new Set([...this.state.facts, ...op.needs.facts])].sort() };
    return true;
  }

  private safeguard(k: number, leaf: Leaf, op: Operator, { fact, flaw, without, harm, success }: Safeguard): void {
    if (this.state.facts.includes(fact)) return;
    const producer = this.producer(fact);
    if (!producer) return;
    const costs = [
      ...(success === undefined ? [] : [`success falls from ${op.success} to ${success}`]),
      ...(harm === undefined ? [] : [`${harm.amount} of harm to ${harm.on}, for ${harm.why}`]),
    ];
    this.tell(flaw, 'major', leaf.node.id, `"${leaf.node.text}" lacks ${without}; ${costs.join('; ')}`, `first: ${producer.text}`, this.insert(k, leaf, producer));
    this.state = { ...this.state, facts: [...this.state.facts, fact].sort() };
  }

  private energy(k: number, leaf: Leaf, op: Operator): void {
    const left = this.state.batteryWh - op.energyWh;
    if (op.energyWh === 0 || left >= this.scene.reserveWh) return;
    const chargers = [...this.scene.operators.values()].filter(({ charges }) => charges);
    const states = [...this.history.slice(0, k), this.state];
    const where = states.findLastIndex((state) => chargers.some((charger) => possible(charger, state)) && state.batteryWh < this.scene.capacityWh);
    const then = states[where];
    const charger = then && chargers.find((each) => possible(each, then));
    if (!charger) return;
    const issue = `"${leaf.node.text}" leaves ${left} Wh where ${this.scene.reserveWh} Wh must remain: the battery was not charged before`;
    this.tell('scarcity', 'major', leaf.node.id, issue, `before: ${charger.text}`, at(this.plan, this.leaves, where, deedOf(charger, leaf.node.id)));
    this.state = { ...this.state, batteryWh: this.scene.capacityWh - (then.batteryWh - this.state.batteryWh) };
  }

  private goal(): void {
    if (this.flaws.some(({ stance }) => stance !== undefined)) return;
    for (const fact of GOALS[this.plan.stance](this.scene.draw)) {
      const producer = this.producer(fact);
      if (this.state.facts.includes(fact) || !producer) continue;
      const node = this.plan.nodes.at(-1)?.id ?? '';
      const k = this.latest(producer, this.leaves.length);
      this.tell('order', 'major', node, `nothing in the plan brings this about: ${bare(producer.after)}`, `add: ${producer.text}`, at(this.plan, this.leaves, k, deedOf(producer, node)));
    }
  }

  private insert(k: number, leaf: Leaf, producer: Operator): Flaw['mend'] {
    const position = this.latest(producer, k);
    const deed = deedOf(producer, leaf.node.id);
    return position === k ? before(this.plan, leaf, deed) : at(this.plan, this.leaves, position, deed);
  }

  /** Latest position up to `k` at which an operator is possible, else `k`. */
  private latest(op: Operator, k: number): number {
    if (possible(op, this.state)) return k;
    const position = this.history.slice(0, k + 1).findLastIndex((state) => possible(op, state));
    return position < 0 ? k : position;
  }

  private producerOf(op: Operator): Operator | undefined {
    const { site, facts } = op.needs;
    const fact = facts.find((each) => !this.state.facts.includes(each));
    if (fact !== undefined) return this.producer(fact);
    return site === null ? undefined : this.mover(site);
  }

  private producer(fact: string): Operator | undefined {
    return [...this.scene.operators.values()].find((op) => op.adds.includes(fact) && !op.insteadOf);
  }

  private mover(site: Site): Operator | undefined {
    const movers = [...this.scene.operators.values()].filter((op) => op.moves === site && !op.insteadOf);
    return movers.find((op) => possible(op, this.state)) ?? movers[0];
  }

  private describeNeeds({ needs }: Operator): string {
    const here = needs.site === null || needs.site === this.state.site ? [] : ['the rover in another place'];
    const lacking = needs.facts.filter((fact) => !this.state.facts.includes(fact)).map((fact) => this.producer(fact)?.after ?? fact);
    return [...here, ...lacking.map((state) => `this state: ${bare(state)}`)].join(' and ');
  }
}

/** A sentence without its full stop. */
function bare(text: string): string {
  return text.trim().replace(/\.$/, '');
}
