import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { granted, Inspection } from '../domain/inspection.ts';
import type { Leaf } from '../domain/leaves.ts';
import { at, deedOf } from '../domain/mends.ts';
import { bare } from '../domain/operator.ts';
import { carriedOut } from '../domain/physics.ts';
import type { Flaw } from '../world.ts';
import type { RoverOperator, Site } from './operator.ts';
import type { RoverScene } from './scene.ts';
import type { RoverState } from './state.ts';

/** Every flaw of a plan: those of any plan, and where the rover stands in the wrong place or runs low. */
export function inspectPlan(scene: RoverScene, situation: SituationContent, plan: Plan): Flaw[] {
  return new RoverInspection(scene, situation, plan).run();
}

class RoverInspection extends Inspection<RoverOperator, RoverState> {
  private readonly rover: RoverScene;

  constructor(scene: RoverScene, situation: SituationContent, plan: Plan) {
    super(scene, situation, plan, scene.physics, scene.start);
    this.rover = scene;
  }

  protected override accomplished(op: RoverOperator): boolean {
    if (op.charges) return this.state.site === op.needs.site && this.state.batteryWh >= this.rover.capacityWh;
    if (op.moves) return this.state.site === op.moves || this.history.some(({ site }) => site === op.moves);
    return op.adds.every((fact) => this.state.facts.includes(fact));
  }

  protected override recalled(op: RoverOperator, _position: number, k: number): RoverState {
    const state = carriedOut(op, this.state, this.rover.physics);
    return op.moves ? { ...state, site: this.history[k]?.site ?? state.site } : state;
  }

  protected override supplied(_producer: RoverOperator | undefined, facts: readonly string[], op: RoverOperator): RoverState {
    return { ...granted(this.state, facts), site: op.needs.site ?? this.state.site };
  }

  protected override lacking({ needs }: RoverOperator): string[] {
    return needs.site === null || needs.site === this.state.site ? [] : ['the rover in another place'];
  }

  protected override supplier({ needs }: RoverOperator): RoverOperator | undefined {
    return needs.site === null ? undefined : this.mover(needs.site);
  }

  protected override beforehand(k: number, leaf: Leaf<RoverOperator>, op: RoverOperator): void {
    const left = this.state.batteryWh - op.energyWh;
    if (op.energyWh === 0 || left >= this.rover.reserveWh) return;
    const issue = `"${leaf.node.text}" leaves ${left} Wh where ${this.rover.reserveWh} Wh must remain: the battery was not charged before`;
    this.recharge(k, leaf.node.id, issue);
  }

  protected override goal(): void {
    for (const fact of this.rover.goals[this.plan.stance]) {
      const producer = this.producer(fact);
      if (this.state.facts.includes(fact) || !producer) continue;
      this.missing(producer, 'order', `nothing in the plan brings this about: ${bare(producer.after)}`);
    }
    const { goalSite, finalWh } = this.rover;
    if (this.plan.stance !== 'pursue' || goalSite === null) return;
    const mover = this.state.site === goalSite ? undefined : this.mover(goalSite);
    if (mover) this.missing(mover, 'order', `nothing in the plan brings this about: ${bare(mover.after)}`);
    else if (this.state.batteryWh < finalWh) {
      const issue = `the plan leaves ${this.state.batteryWh} Wh where the way on needs ${finalWh} Wh: the battery was not charged`;
      this.recharge(this.leaves.length, this.plan.nodes.at(-1)?.id ?? '', issue);
    }
  }

  /** Says that the battery is too low at position `k`, and charges it at the last position before at which that can be done. */
  private recharge(k: number, node: string, issue: string): void {
    const chargers = [...this.rover.operators.values()].filter(({ charges }) => charges);
    const states = [...this.history.slice(0, k), this.state];
    const where = states.findLastIndex((state) => chargers.some((charger) => this.rover.physics.possible(charger, state)) && state.batteryWh < this.rover.capacityWh);
    const then = states[where];
    const charger = then && chargers.find((each) => this.rover.physics.possible(each, then));
    if (!charger) return;
    this.tell('scarcity', 'major', node, issue, `before: ${charger.text}`, at(this.plan, this.leaves, where, deedOf(charger, node)));
    this.state = { ...this.state, batteryWh: this.rover.capacityWh - (then.batteryWh - this.state.batteryWh) };
  }

  private mover(site: Site): RoverOperator | undefined {
    const movers = [...this.rover.operators.values()].filter((op) => op.moves === site && !op.insteadOf);
    return movers.find((op) => this.rover.physics.possible(op, this.state)) ?? movers[0];
  }
}
