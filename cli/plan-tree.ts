import pc from 'picocolors';
import { describeNode, describeStance } from '../plans/text.ts';
import { walk } from '../plans/tree.ts';
import type { Plan } from '../schemas/plan.ts';
import { duration } from './figures.ts';

/** Columns of text at least, however deep a node stands. */
const LEAST_WIDTH = 24;

/**
 * A plan drawn as a tree, states dimmed, lines folded at `width` columns:
 *
 *     stance: pursue
 *     ├─ s0 [hours] The battery is at 40 %.
 *     ├─ n1 [hours] -> Drive to the dock. (success 0.9, 20 min, energy 3 Wh, moral cost 0.1 on residents: noise)
 *     │  ├─ n2 [minutes] -> Turn. (success 1, 5 s)
 *     ...
 *     └─ g [hours] The battery is full.
 */
export function planTree(plan: Plan, width = Infinity): string {
  /** What stands before the nodes of each sub-plan. */
  const rails = new Map<string, string>([['', '']]);
  const lines = folded(describeStance(plan), width);
  for (const { node, parent, order, siblings } of walk(plan)) {
    const before = rails.get(parent) ?? '';
    const last = order === siblings.length - 1;
    const inner = `${before}${last ? '   ' : '│  '}`;
    const open = node.kind === 'action' && node.children.length > 0;
    rails.set(node.id, inner);
    const texts = folded(`${node.id} [${node.level}] ${describeNode(node, duration)}`, width - inner.length);
    for (const [i, text] of texts.entries()) {
      const rail = i === 0 ? `${before}${last ? '└─ ' : '├─ '}` : `${inner}${open ? '│ ' : '  '}`;
      lines.push(`${rail}${node.kind === 'state' ? pc.dim(text) : text}`);
    }
  }
  return lines.join('\n');
}

/** The text cut between words into lines of at most `width` columns; longer words stay whole. Lines after the first are for an indent of two. */
function folded(text: string, width: number): string[] {
  const most = Math.max(LEAST_WIDTH, width - 2);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
