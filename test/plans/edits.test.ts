import { describe, expect, test } from 'vitest';
import { checkPlan } from '../../plans/check.ts';
import { applyEdits, applyRevision } from '../../plans/edits.ts';
import { InvalidOutput } from '../../plans/invalid.ts';
import { findNode, walk } from '../../plans/tree.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Edit, StepOutput } from '../../schemas/wire.ts';
import { randomEdit } from './random-edit.ts';
import { edit, integer, randomPlan, randomSituation, seeded, wireAction, wireState } from './random-plan.ts';

const situation: SituationContent = {
  task: 'plan', agent: 'rover', horizon: ['minutes', 'hours'], initial: 'gate', target: 'mast', parent: null, world: null,
};

/** s0 go(n1: off, half, on) n5 climb g, ids n1 to n6. */
function plan(): Plan {
  const numbers = () => ({ success: 0.9, durationS: 60, resources: [], moralCost: [] });
  const action = (id: string, level: 'minutes' | 'hours', text: string, children: Plan['nodes'] = []) => ({ kind: 'action' as const, id, level, text, ...numbers(), children });
  const state = (id: string, level: 'minutes' | 'hours', text: string) => ({ kind: 'state' as const, id, level, text });
  const sub = [action('n2', 'minutes', 'off'), state('n3', 'minutes', 'half'), action('n4', 'minutes', 'on')];
  return freeze({
    stance: 'pursue', stanceArgument: '', nextId: 7,
    nodes: [state('s0', 'hours', 'gate'), action('n1', 'hours', 'go', sub), state('n5', 'hours', 'foot'), action('n6', 'hours', 'climb'), state('g', 'hours', 'mast')],
  });
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

/** The plan's outline, such as "s0:gate n1:go(n2:off n3:half)". */
function outline(nodes: Plan['nodes']): string {
  return nodes.map((node) => `${node.id}:${node.text}${node.kind === 'action' && node.children.length > 0 ? `(${outline(node.children)})` : ''}`).join(' ');
}

function revision(edits: Edit[], fields: Partial<StepOutput> = {}): Pick<StepOutput, 'edits' | 'stance' | 'stanceArgument' | 'explanation'> {
  return { edits, stance: 'unchanged', stanceArgument: '', explanation: { text: 'So.', arguments: [{ claim: 'A', premises: ['B'], supports: ['s0'] }] }, ...fields };
}

function revised(edits: Edit[], of: SituationContent = situation, from: Plan = plan()): string {
  return outline(applyRevision(from, revision(edits), of).plan.nodes);
}

function faultsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidOutput) return error.faults;
    throw error;
  }
  return [];
}

const pair = (level: 'minutes' | 'hours') => ({ states: [wireState('S', level, 'S')], actions: [wireAction('A', level, 'A')] });
const openSituation = { ...situation, target: null };
function openPlan(): Plan {
  const open = structuredClone(plan());
  open.nodes[4]!.id = 'n7';
  return freeze({ ...open, nextId: 8 });
}

describe('applyRevision', () => {
  test.each<[string, Edit, string]>([
    ['label sets a text and keeps the id', edit('label', 'n3', { text: 'third' }), 's0:gate n1:go(n2:off n3:third n4:on) n5:foot n6:climb g:mast'],
    ['label can empty an action to a placeholder', edit('label', 'n6'), 's0:gate n1:go(n2:off n3:half n4:on) n5:foot n6: g:mast'],
    ['insert after a state puts the action first', edit('insert', 's0', pair('hours')), 's0:gate n7:A n8:S n1:go(n2:off n3:half n4:on) n5:foot n6:climb g:mast'],
    ['insert after an action puts the state first', edit('insert', 'n6', pair('hours')), 's0:gate n1:go(n2:off n3:half n4:on) n5:foot n6:climb n7:S n8:A g:mast'],
    ['insert after the last action of a sub-plan extends it', edit('insert', 'n4', pair('minutes')), 's0:gate n1:go(n2:off n3:half n4:on n7:S n8:A) n5:foot n6:climb g:mast'],
    ['remove takes an action with the state after it, sub-plan and all', edit('remove', 'n1'), 's0:gate n6:climb g:mast'],
    ['remove takes the state before an action that leads to the target', edit('remove', 'n6'), 's0:gate n1:go(n2:off n3:half n4:on) g:mast'],
    ['remove takes a state with the action after it', edit('remove', 'n5'), 's0:gate n1:go(n2:off n3:half n4:on) g:mast'],
    ['remove drops a sub-plan that is left with its first action', edit('remove', 'n4'), 's0:gate n1:go n5:foot n6:climb g:mast'],
    ['remove drops a sub-plan that is left with its last action', edit('remove', 'n2'), 's0:gate n1:go n5:foot n6:climb g:mast'],
    ['replace puts an action with a new id and no sub-plan', edit('replace', 'n1', { actions: pair('hours').actions }), 's0:gate n7:A n5:foot n6:climb g:mast'],
    ['replace puts a state with a new id', edit('replace', 'n3', { states: pair('minutes').states }), 's0:gate n1:go(n2:off n7:S n4:on) n5:foot n6:climb g:mast'],
    ['expand gives an action a sub-plan in its order', edit('expand', 'n6', { states: [wireState('y', 'minutes', 'y', { order: 5 })], actions: [wireAction('z', 'minutes', 'z', { order: 9 }), wireAction('x', 'minutes', 'x')] }), 's0:gate n1:go(n2:off n3:half n4:on) n5:foot n6:climb(n7:x n8:y n9:z) g:mast'],
  ])('%s', (_, step, expected) => {
    expect(revised([step])).toBe(expected);
  });

  test('without a target the last state can be removed with the action before it, be replaced, and be followed', () => {
    const start = 's0:gate n1:go(n2:off n3:half n4:on) n5:foot';
    expect(revised([edit('remove', 'n6')], openSituation, openPlan())).toBe(start);
    expect(revised([edit('remove', 'n7')], openSituation, openPlan())).toBe(start);
    expect(revised([edit('insert', 'n7', pair('hours'))], openSituation, openPlan())).toBe(`${start} n6:climb n7:mast n8:A n9:S`);
    expect(revised([edit('replace', 'n7', { states: pair('hours').states })], openSituation, openPlan())).toBe(`${start} n6:climb n8:S`);
  });

  test('characteristic sets the named field and no other', () => {
    const filled = { value: 0.5, resources: [{ name: 'water', amount: 2, unit: 'L' as const }], moralCost: [{ on: 'birds', amount: 0.2, why: 'noise' }] };
    for (const field of ['success', 'durationS', 'resources', 'moralCost'] as const) {
      const after = applyRevision(plan(), revision([edit('characteristic', 'n2', { ...filled, field })]), situation).plan;
      const given = field === 'resources' || field === 'moralCost' ? filled[field] : filled.value;
      expect(findNode(after, 'n2')).toEqual({ ...findNode(plan(), 'n2'), [field]: given });
    }
  });

  test('later edits and the explanation may use the temporary ids of earlier edits', () => {
    const output = revision(
      [
        edit('insert', 's0', pair('hours')),
        edit('expand', 'A', { states: [wireState('y', 'minutes', 'y', { order: 1 })], actions: [wireAction('x', 'minutes', 'x'), wireAction('z', 'minutes', 'z', { order: 2 })] }),
        edit('label', 'z', { text: 'zed' }),
        edit('replace', 'x', { actions: [wireAction('w', 'minutes', 'w')] }),
        edit('remove', 'S'),
      ],
      { explanation: { text: 'So.', arguments: [{ claim: 'A', premises: ['B'], supports: ['A', 'w', 'n6', 'g'] }] } },
    );
    const { plan: after, explanation } = applyRevision(plan(), output, situation);
    expect(outline(after.nodes)).toBe('s0:gate n7:A(n12:w n10:y n11:zed) n5:foot n6:climb g:mast');
    expect(explanation.arguments[0]?.supports).toEqual(['n7', 'n12', 'n6', 'g']);
    expect(after.nextId).toBe(13);
  });

  test('a temporary id that looks like a number to come stands for the node that the script gave it to', () => {
    const swapped = edit('insert', 's0', { states: [wireState('n7', 'hours', 'S')], actions: [wireAction('n8', 'hours', 'A')] });
    expect(revised([swapped, edit('label', 'n7', { text: 'named' })])).toContain('n7:A n8:named');
    expect(faultsOf(() => revised([edit('insert', 's0', pair('hours')), edit('label', 'n7', { text: 'x' })]))[0]).toMatch(/^edits\[1\] \(label n7\): there is no such node/);
  });

  test.each<[string, Edit[], RegExp]>([
    ['an unknown node', [edit('remove', 'n99')], /there is no such node/],
    ['a node that an earlier edit removed', [edit('remove', 'n1'), edit('label', 'n3', { text: 'x' })], /^edits\[1\] \(label n3\): an earlier edit removed this node/],
    ['an edit of the initial state', [edit('label', 's0', { text: 'x' })], /the initial state is fixed/],
    ['another text for the target state', [edit('label', 'g', { text: 'x' })], /under the stance pursue/],
    ['an empty state', [edit('label', 'n5')], /text is empty/],
    ['removal of the target', [edit('remove', 'g')], /fixed/],
    ['replacement of the initial state', [edit('replace', 's0', { states: pair('hours').states })], /fixed/],
    ['an insert after the target', [edit('insert', 'g', pair('hours'))], /nothing can stand after the target/],
    ['removal of the only action', [edit('remove', 'n1'), edit('remove', 'n6')], /^edits\[1\].*only action/],
    ['an insert of an action alone', [edit('insert', 's0', { actions: pair('hours').actions })], /exactly one action and one state/],
    ['an action replaced by a state', [edit('replace', 'n6', { states: pair('hours').states })], /exactly one action/],
    ['a state replaced by two', [edit('replace', 'n5', pair('hours'))], /exactly one state/],
    ['expansion of a state', [edit('expand', 'n5', pair('minutes'))], /only an action can be given a sub-plan/],
    ['expansion of what is expanded', [edit('expand', 'n1', pair('minutes'))], /has a sub-plan already/],
    ['a sub-plan of one action', [edit('expand', 'n6', { actions: [wireAction('x', 'minutes', 'x')] })], /has 1 nodes; it must hold at least action, state, action/],
    ['characteristics of a state', [edit('characteristic', 'n5', { field: 'success', value: 1 })], /only actions have characteristics/],
    ['a characteristic without its name', [edit('characteristic', 'n6')], /field is ""/],
    ['a characteristic out of range', [edit('characteristic', 'n6', { field: 'success', value: 2 })], /^n6: success: /],
    ['a temporary id that the plan has', [edit('replace', 'n6', { actions: [wireAction('n1', 'hours', 'x')] })], /"n1" is the id of another node/],
    ['a temporary id used by an earlier edit', [edit('insert', 's0', pair('hours')), edit('insert', 'n1', pair('hours'))], /^edits\[1\].*"A" is the id of another node/m],
    ['a temporary id of a sub-plan that the plan has', [edit('expand', 'n6', { states: [wireState('n5', 'minutes', 'y', { order: 1 })], actions: [wireAction('x', 'minutes', 'x'), wireAction('z', 'minutes', 'z', { order: 2 })] })], /"n5" is the id of another node/],
    ['a temporary id used by an earlier edit that failed', [edit('insert', 'g', pair('hours')), edit('insert', 's0', pair('hours'))], /^edits\[1\].*"A" is the id of another node/m],
    ['a wrong edit of a node whose id an earlier edit took', [edit('replace', 'n6', { actions: [wireAction('n5', 'hours', 'x')] }), edit('label', 'n5')], /^edits\[1\] \(label n5\): text is empty/m],
    ['one temporary id for two nodes', [edit('insert', 's0', { states: [wireState('A', 'hours', 'S')], actions: pair('hours').actions })], /A: two nodes have this id/],
    ['a new node at another level', [edit('insert', 's0', pair('minutes'))], /^A: its level is minutes; it must be hours/m],
  ])('refuses %s', (_, edits, fault) => {
    expect(faultsOf(() => revised(edits)).join('\n')).toMatch(fault);
  });

  test('names all faults of a script at once, and a node that was left out only once', () => {
    const edits = [
      edit('remove', 'n98'),
      edit('insert', 'g', pair('hours')),
      edit('label', 'A', { text: 'on a node that was left out' }),
      edit('insert', 'S', { states: [wireState('S2', 'hours', 'S')], actions: [wireAction('A2', 'hours', 'A')] }),
      edit('characteristic', 'n6', { field: 'durationS', value: -1 }),
    ];
    const explanation = { text: '', arguments: [{ claim: 'A', premises: ['B'], supports: ['A', 'A2', 'n97'] }] };
    const faults = faultsOf(() => applyRevision(plan(), revision(edits, { explanation }), situation));
    expect(faults).toHaveLength(5);
    for (const [i, pattern] of [/n98/, /insert g/, /^n6: durationS/, /"n97"/, /explanation\.text/].entries()) expect(faults[i]).toMatch(pattern);
  });

  test('refuses an explanation that rests on a node that the script removed', () => {
    const explanation = { text: 'So.', arguments: [{ claim: 'A', premises: ['B'], supports: ['n3'] }] };
    expect(faultsOf(() => applyRevision(plan(), revision([edit('remove', 'n1')], { explanation }), situation))).toEqual([
      expect.stringMatching(/supports: "n3" is not a node of the plan/),
    ]);
  });

  test('a plan may decline with another end, and pursue again only with the target restored', () => {
    const decline = revision([edit('label', 'g', { text: 'home' })], { stance: 'decline', stanceArgument: 'A storm.' });
    const declined = freeze(applyRevision(plan(), decline, situation).plan);
    expect(declined).toMatchObject({ stance: 'decline', stanceArgument: 'A storm.' });
    expect(findNode(declined, 'g')).toMatchObject({ text: 'home' });
    expect(applyRevision(declined, revision([]), situation).plan).toEqual(declined);

    const pursue = (edits: Edit[]) => revision(edits, { stance: 'pursue' });
    expect(faultsOf(() => applyRevision(declined, pursue([]), situation))).toEqual([expect.stringMatching(/^g: under the stance pursue/)]);
    expect(faultsOf(() => applyRevision(declined, pursue([edit('label', 'g', { text: 'near' })]), situation)).length).toBeGreaterThan(0);
    expect(applyRevision(declined, pursue([edit('label', 'g', { text: 'mast' })]), situation).plan).toEqual(plan());
    expect(faultsOf(() => applyRevision(plan(), revision([], { stance: 'palliate' }), situation))).toEqual([expect.stringMatching(/^stanceArgument: /)]);
  });
});

describe('applyEdits', () => {
  test('applies a script and a stance without the situation, and keeps the pursued target', () => {
    expect(outline(applyEdits(plan(), [edit('remove', 'n1')]).nodes)).toBe('s0:gate n6:climb g:mast');
    expect(applyEdits(plan(), [edit('label', 'g', { text: 'home' })], 'palliate', 'A storm.')).toMatchObject({ stance: 'palliate', stanceArgument: 'A storm.' });
    expect(faultsOf(() => applyEdits(plan(), [edit('label', 'g', { text: 'home' })]))).toHaveLength(1);
    expect(faultsOf(() => applyEdits(plan(), [edit('expand', 'n6', { actions: [wireAction('x', 'minutes', 'x')] })]))).toHaveLength(1);
  });
});

describe('any script that the rules allow', () => {
  test('leaves a sound plan, the input as it was, and never gives an id out twice', () => {
    for (let seed = 0; seed < 150; seed++) {
      const rng = seeded(seed);
      const of = randomSituation(rng);
      let current = freeze(randomPlan(rng, of));
      const used = new Set([...walk(current)].map(({ node }) => node.id));
      for (let i = 0; i < 12; i++) {
        const before = new Set([...walk(current)].map(({ node }) => node.id));
        current = freeze(applyRevision(current, revision([randomEdit(rng, current, of, `t${i}`)]), of).plan);
        expect(checkPlan(current, of)).toEqual([]);
        for (const { node } of walk(current)) {
          if (!before.has(node.id)) expect(used, `seed ${seed}, edit ${i}`).not.toContain(node.id);
          used.add(node.id);
        }
      }
    }
  });

  test('does the same at once as edit by edit', () => {
    for (let seed = 0; seed < 150; seed++) {
      const rng = seeded(1000 + seed);
      const of = randomSituation(rng);
      const start = freeze(randomPlan(rng, of));
      const script: Edit[] = [];
      const temporary = new Map<string, string>();
      let current = start;
      for (let i = integer(rng, 1, 8); i > 0; i--) {
        const step = randomEdit(rng, current, of, `t${i}`);
        script.push({ ...step, node: temporary.get(step.node) ?? step.node });
        current = applyEdits(current, [step]);
        // A new node's text is its temporary id, and no other node's.
        for (const { id } of [...step.states, ...step.actions]) {
          for (const { node } of walk(current)) if (node.text === id) temporary.set(node.id, id);
        }
      }
      expect(applyEdits(start, script)).toEqual(current);
    }
  });
});
