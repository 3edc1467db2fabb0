import { INITIAL_ID, TARGET_ID, type ActionNode, type Plan, type PlanNode } from '../schemas/plan.ts';
import type { Edit } from '../schemas/wire.ts';
import { alternation } from './check.ts';
import { growForest } from './forest.ts';
import { MintedIds } from './ids.ts';
import { findPlace, walk, type Place } from './tree.ts';

/**
 * An edit script at work on its own copy of a plan. An edit with a fault is left out and reported; later edits go on, so that
 * all faults of a script are found at once.
 */
export class Script {
  readonly plan: Plan;
  readonly ids: MintedIds;
  readonly faults: string[] = [];
  private readonly original: ReadonlySet<string>;
  private readonly leftOut = new Set<string>();
  private readonly target: string | undefined;

  /** `target`: the only text that the target state may be given; undefined allows any. */
  constructor(plan: Plan, target: string | undefined) {
    this.plan = structuredClone(plan);
    this.ids = new MintedIds(plan.nextId);
    this.original = new Set([...walk(plan)].map(({ node }) => node.id));
    this.target = target;
  }

  run(edits: Edit[]): void {
    for (const [i, edit] of edits.entries()) {
      // A node whose own edit failed has been reported once; what is said of it afterwards would be noise.
      const moot = this.leftOut.has(edit.node);
      const faults = moot ? [] : this.apply(edit);
      if (!moot && faults.length === 0) continue;
      this.faults.push(...faults.map((fault) => `edits[${i}] (${edit.op} ${edit.node}): ${fault}`));
      for (const { id } of [...edit.states, ...edit.actions]) if (!this.knows(id)) this.leftOut.add(id);
    }
    this.plan.nextId = this.ids.nextId;
  }

  /** Ids that a name in the explanation stands for, as `resolveSupports` asks. */
  readonly resolve = (name: string): string[] | undefined => {
    if (this.leftOut.has(name)) return [];
    const id = this.idOf(name);
    return id !== undefined && findPlace(this.plan, id) ? [id] : undefined;
  };

  private idOf(name: string): string | undefined {
    return this.ids.of(name) ?? (this.original.has(name) ? name : undefined);
  }

  private knows(name: string): boolean {
    return this.idOf(name) !== undefined;
  }

  private apply(edit: Edit): string[] {
    const id = this.idOf(edit.node);
    if (id === undefined) return ['there is no such node; name a node of the plan, or one that an earlier edit adds'];
    const place = findPlace(this.plan, id);
    if (!place) return ['an earlier edit removed this node'];
    switch (edit.op) {
      case 'label':
        return this.label(place, edit);
      case 'expand':
        return this.expand(place, edit);
      case 'insert':
        return this.insert(place, edit);
      case 'remove':
        return this.remove(place);
      case 'replace':
        return this.replace(place, edit);
      case 'characteristic':
        return this.characteristic(place, edit);
    }
  }

  private label({ node }: Place, { text }: Edit): string[] {
    if (node.id === INITIAL_ID) return ['the initial state is fixed; it cannot be edited'];
    if (node.id === TARGET_ID && this.target !== undefined && text !== this.target) {
      return [`under the stance pursue the target state keeps its text, ${JSON.stringify(this.target)}; only palliate and decline may change it`];
    }
    if (node.kind === 'state' && text.trim() === '') return ['text is empty; a state must be described'];
    node.text = text;
    return [];
  }

  private expand({ node }: Place, edit: Edit): string[] {
    if (node.kind === 'state') return ['this is a state; only an action can be given a sub-plan'];
    if (node.children.length > 0) return ['this action has a sub-plan already; edit the nodes of that, or replace the action'];
    const { nodes, faults } = growForest(edit.states, edit.actions);
    faults.push(...this.takenNames(edit));
    if (faults.length === 0) faults.push(...alternation(nodes, 'sub-plan', 'the sub-plan'));
    if (faults.length > 0) return faults;
    this.add(nodes);
    node.children = nodes;
    return [];
  }

  private insert({ node, order, siblings }: Place, edit: Edit): string[] {
    if (node.id === TARGET_ID) return ['nothing can stand after the target state; insert after a node before it'];
    if (edit.actions.length !== 1 || edit.states.length !== 1) return ['insert takes exactly one action and one state'];
    const [action, state] = node.kind === 'state' ? [0, 1] : [1, 0];
    const { nodes, faults } = growForest(
      edit.states.map((wire) => ({ ...wire, parent: '', order: state })),
      edit.actions.map((wire) => ({ ...wire, parent: '', order: action })),
    );
    faults.push(...this.takenNames(edit));
    if (faults.length > 0) return faults;
    this.add(nodes);
    siblings.splice(order + 1, 0, ...nodes);
    return [];
  }

  private remove({ node, order, siblings }: Place): string[] {
    if (isFixed(node)) return ['the initial and the target state are fixed; they cannot be removed'];
    if (siblings === this.plan.nodes && siblings.length <= 3) return ['the plan would lose its only action; replace the action instead'];
    const after = siblings[order + 1];
    siblings.splice(after && !isFixed(after) ? order : order - 1, 2);
    if (siblings.length === 1) siblings.length = 0;
    return [];
  }

  private replace({ node, order, siblings }: Place, edit: Edit): string[] {
    if (isFixed(node)) return ['the initial and the target state are fixed; they cannot be replaced'];
    const [given, other] = node.kind === 'action' ? [edit.actions, edit.states] : [edit.states, edit.actions];
    if (given.length !== 1 || other.length > 0) return [`this is ${an(node.kind)}; replace takes exactly one ${node.kind} in its place`];
    const { nodes, faults } = growForest(
      edit.states.map((wire) => ({ ...wire, parent: '' })),
      edit.actions.map((wire) => ({ ...wire, parent: '' })),
    );
    faults.push(...this.takenNames(edit));
    if (faults.length > 0) return faults;
    this.add(nodes);
    siblings.splice(order, 1, ...nodes);
    return [];
  }

  private characteristic({ node }: Place, edit: Edit): string[] {
    if (node.kind === 'state') return ['this is a state; only actions have characteristics'];
    if (edit.field === '') return ['field is ""; it must be success, durationS, resources or moralCost'];
    setCharacteristic(node, edit, edit.field);
    return [];
  }

  private takenNames({ states, actions }: Edit): string[] {
    return [...states, ...actions]
      .filter(({ id }) => this.knows(id) || this.leftOut.has(id))
      .map(({ id }) => `"${id}" is the id of another node; give each new node a temporary id that is used nowhere else`);
  }

  private add(nodes: PlanNode[]): void {
    for (const node of nodes) this.ids.mint(node);
  }
}

function isFixed({ id }: PlanNode): boolean {
  return id === INITIAL_ID || id === TARGET_ID;
}

function an(kind: PlanNode['kind']): string {
  return kind === 'action' ? 'an action' : 'a state';
}

function setCharacteristic(action: ActionNode, edit: Edit, field: Exclude<Edit['field'], ''>): void {
  switch (field) {
    case 'success':
    case 'durationS':
      action[field] = edit.value;
      break;
    case 'resources':
      action.resources = structuredClone(edit.resources);
      break;
    case 'moralCost':
      action.moralCost = structuredClone(edit.moralCost);
      break;
  }
}
