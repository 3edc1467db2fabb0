import { LEVELS, levelIndex } from '../../schemas/levels.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { Edit } from '../../schemas/wire.ts';
import { walk } from '../../plans/tree.ts';
import { edit, pick, randomCharacteristics, wireAction, wireState, type Rng } from './random-plan.ts';

/** One edit that the rules allow on this plan. Its new nodes' ids and texts begin with `mark`, and each text is used once. */
export function randomEdit(rng: Rng, plan: Plan, situation: SituationContent, mark: string): Edit {
  for (;;) {
    const { node, siblings } = pick(rng, [...walk(plan)]);
    const { id, level } = node;
    const isFixed = id === 's0' || id === 'g';
    const action = wireAction(`${mark}a`, level, `${mark}a`, randomCharacteristics(rng));
    const state = wireState(`${mark}s`, level, `${mark}s`);
    switch (pick(rng, ['label', 'expand', 'insert', 'remove', 'replace', 'characteristic'] as const)) {
      case 'label':
        if (id === 's0' || (id === 'g' && plan.stance === 'pursue')) continue;
        return edit('label', id, { text: `${mark}l` });
      case 'expand': {
        const finer = LEVELS[levelIndex(level) - 1];
        if (node.kind === 'state' || node.children.length > 0 || !finer || !situation.horizon.includes(finer)) continue;
        return edit('expand', id, {
          states: [wireState(`${mark}y`, finer, `${mark}y`, { order: 2 })],
          actions: [wireAction(`${mark}z`, finer, `${mark}z`, { order: 3 }), wireAction(`${mark}x`, finer, `${mark}x`, { order: 1 })],
        });
      }
      case 'insert':
        if (id === 'g') continue;
        return edit('insert', id, { states: [state], actions: [action] });
      case 'remove':
        if (isFixed || (siblings === plan.nodes && siblings.length === 3)) continue;
        return edit('remove', id);
      case 'replace':
        if (isFixed) continue;
        return edit('replace', id, node.kind === 'state' ? { states: [state] } : { actions: [action] });
      case 'characteristic':
        if (node.kind === 'state') continue;
        return edit('characteristic', id, { field: pick(rng, ['success', 'durationS', 'resources', 'moralCost'] as const), value: rng(), ...pick(rng, [{}, { resources: action.resources, moralCost: action.moralCost }]) });
    }
  }
}
