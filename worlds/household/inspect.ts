import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { granted, Inspection } from '../domain/inspection.ts';
import { operatorsIn, type Leaf } from '../domain/leaves.ts';
import { at, deedOf } from '../domain/mends.ts';
import { bare } from '../domain/operator.ts';
import { carriedOut } from '../domain/physics.ts';
import type { Flaw } from '../world.ts';
import { clockText } from './clock.ts';
import type { HomeOperator } from './operator.ts';
import { placeOf, soonerActions, soonerLeaves } from './order.ts';
import type { Pledge } from './pledge.ts';
import { RESERVE_WH, type HomeScene } from './scene.ts';
import { lateFact, type HomeState } from './state.ts';

/** Every flaw of a plan: those of any plan, and where promises are late or broken unasked, or the battery does not last the day. */
export function inspectPlan(scene: HomeScene, situation: SituationContent, plan: Plan): Flaw[] {
  return new HomeInspection(scene, situation, plan).run();
}

/** A leaf that leaves less in the battery than must remain. */
interface Low {
  leaf: Leaf<HomeOperator>;
  batteryWh: number;
  leastWh: number;
}

class HomeInspection extends Inspection<HomeOperator, HomeState> {
  private readonly home: HomeScene;
  private low: Low | undefined;

  constructor(scene: HomeScene, situation: SituationContent, plan: Plan) {
    super(scene, situation, plan, scene.physics, scene.start);
    this.home = scene;
  }

  protected override accomplished(op: HomeOperator): boolean {
    return op.untilS === null ? op.adds.every((fact) => this.state.facts.includes(fact)) : this.state.clockS >= op.untilS;
  }

  protected override idle(op: HomeOperator): string {
    return op.untilS === null ? super.idle(op) : `waits for what is so already at ${clockText(this.state.clockS)}`;
  }

  protected override hasFigures({ untilS }: HomeOperator): boolean {
    return untilS === null;
  }

  protected override recalled(op: HomeOperator, position: number, k: number): HomeState {
    return this.rerun(op, position, k);
  }

  protected override supplied(producer: HomeOperator | undefined, facts: readonly string[], _op: HomeOperator, position: number, k: number): HomeState {
    return granted(producer ? this.rerun(producer, position, k) : this.state, facts);
  }

  /** The state at position `k` if an operator is carried out at an earlier one: waiting in between may swallow its time. */
  private rerun(inserted: HomeOperator, position: number, k: number): HomeState {
    let state = this.history[position] ?? this.state;
    for (let i = position; i <= k; i++) {
      const done = this.performed[i] ?? [];
      if (i === position) done.unshift(inserted);
      if (i > position) this.history[i] = state;
      for (const op of done) state = carriedOut(op, state, this.home.physics);
    }
    return state;
  }

  /** Before what the best way does later, as soon as it is possible there: a promise kept at the end would be late. */
  protected override place(op: HomeOperator, k: number): number {
    const own = this.home.rank.get(op.id);
    if (own === undefined) return super.place(op, k);
    const later = this.leaves.findIndex((leaf) => operatorsIn(leaf).some((each) => placeOf(this.home, each) > own));
    for (let i = later < 0 ? k : Math.min(later, k); i < k; i++) {
      const state = this.history[i];
      if (state && this.home.physics.possible(op, state)) return i;
    }
    return k;
  }

  /** The battery: charging takes an hour, so it has to be planned for from the start. */
  protected override setOut(): void {
    const charger = this.home.operators.get('charge');
    this.low = charger && !this.state.facts.includes('charged') ? this.firstLow() : undefined;
    if (charger && this.low) this.state = carriedOut(charger, this.state, this.home.physics);
  }

  /** The first leaf that leaves less than must remain, if every worse way is replaced by the good one. */
  private firstLow(): Low | undefined {
    let state = this.state;
    for (const [k, leaf] of this.leaves.entries()) {
      for (const given of operatorsIn(leaf)) {
        const op = given.insteadOf ? (this.home.operators.get(given.insteadOf.id) ?? given) : given;
        state = carriedOut(op, state, this.home.physics);
      }
      const leastWh = k === this.leaves.length - 1 ? this.home.finalWh : RESERVE_WH;
      if (state.batteryWh < leastWh) return { leaf, batteryWh: state.batteryWh, leastWh };
    }
    return undefined;
  }

  protected override afterwards(k: number, leaf: Leaf<HomeOperator>, op: HomeOperator): void {
    const late = this.home.pledges.find(({ fact }) => op.adds.includes(fact) && this.state.facts.includes(lateFact(fact)));
    if (!late) return;
    const issue = `"${leaf.node.text}" is done at ${clockText(this.state.clockS)} and was promised to ${late.to} by ${clockText(late.byS)}`;
    const sooner = soonerActions(this.home, this.plan, leaf) ?? soonerLeaves(this.home, this.plan, this.leaves.slice(0, k + 1));
    if (sooner) this.tell('order', 'major', leaf.node.id, issue, sooner.suggestion, sooner.mend);
  }

  protected override goal(): void {
    for (const fact of this.home.goals[this.plan.stance]) {
      if (this.state.facts.includes(fact)) continue;
      const pledge = this.home.pledges.find((each) => each.fact === fact);
      if (pledge && pledge.release !== null) this.broken(pledge, pledge.release);
      else {
        const producer = this.producer(fact);
        if (producer) this.missing(producer, 'order', `nothing in the plan brings this about: ${bare(producer.after)}`);
      }
    }
  }

  /** Told last, so that what else is put at the start comes after the charging. */
  protected override afterAll(): void {
    const charger = this.home.operators.get('charge');
    if (!charger || !this.low) return;
    const { leaf, batteryWh, leastWh } = this.low;
    const issue = `"${leaf.node.text}" leaves ${batteryWh} Wh where ${leastWh} Wh must remain: the battery was not charged before`;
    this.tell('scarcity', 'major', leaf.node.id, issue, `before: ${charger.text}`, at(this.plan, this.leaves, 0, deedOf(charger, leaf.node.id)));
  }

  private broken({ to, what }: Pledge, release: string): void {
    const producer = this.producer(release);
    if (!producer || this.state.facts.includes(release)) return;
    this.missing(producer, 'permission', `a promise is broken without the leave of ${to}: ${what}`);
  }
}
