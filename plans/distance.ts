import type { Plan, PlanNode } from '../schemas/plan.ts';

/** A tree in post-order, the form that the algorithm of Zhang and Shasha works on. */
interface PostOrder {
  labels: string[];
  /** For each node, the index of the leftmost leaf below it (itself, when it is a leaf). */
  leftmost: number[];
  /** The root and every node with a left sibling, ascending. */
  keyroots: number[];
}

/**
 * Ordered tree edit distance with unit costs (delete, insert, relabel), after K. Zhang and D. Shasha, "Simple fast algorithms
 * for the editing distance between trees and related problems", SIAM J. Comput. 18 (1989). The stance labels a virtual root;
 * a node's label is its kind and text.
 */
export function treeDistance(a: Plan, b: Plan): number {
  const before = postOrder(a);
  const after = postOrder(b);
  const [rows, columns] = [before.labels.length, after.labels.length];
  const trees = Array.from({ length: rows }, () => new Int32Array(columns));
  const forests = Array.from({ length: rows + 1 }, () => new Int32Array(columns + 1));
  for (const i of before.keyroots) for (const j of after.keyroots) fillTrees(before, after, i, j, trees, forests);
  return at(trees, rows - 1, columns - 1);
}

/** Fills `trees[x][y]` for all x, y on the leftmost paths of keyroots i, j. `forests` is scratch space, offset by one for the empty forest. */
function fillTrees(a: PostOrder, b: PostOrder, i: number, j: number, trees: Int32Array[], forests: Int32Array[]): void {
  const left = a.leftmost[i] as number;
  const top = b.leftmost[j] as number;
  put(forests, left, top, 0);
  for (let x = left; x <= i; x++) put(forests, x + 1, top, at(forests, x, top) + 1);
  for (let y = top; y <= j; y++) put(forests, left, y + 1, at(forests, left, y) + 1);
  for (let x = left; x <= i; x++) {
    for (let y = top; y <= j; y++) {
      const shift = Math.min(at(forests, x, y + 1), at(forests, x + 1, y)) + 1;
      const leftX = a.leftmost[x] as number;
      const leftY = b.leftmost[y] as number;
      if (leftX === left && leftY === top) {
        const relabel = a.labels[x] === b.labels[y] ? 0 : 1;
        const cost = Math.min(shift, at(forests, x, y) + relabel);
        put(forests, x + 1, y + 1, cost);
        put(trees, x, y, cost);
      } else {
        put(forests, x + 1, y + 1, Math.min(shift, at(forests, leftX, leftY) + at(trees, x, y)));
      }
    }
  }
}

function at(matrix: Int32Array[], row: number, column: number): number {
  return matrix[row]?.[column] as number;
}

function put(matrix: Int32Array[], row: number, column: number, value: number): void {
  (matrix[row] as Int32Array)[column] = value;
}

function postOrder(plan: Plan): PostOrder {
  const tree: PostOrder = { labels: [], leftmost: [], keyroots: [] };
  const visit = (label: string, children: PlanNode[], hasLeftSibling: boolean): void => {
    const first = tree.labels.length;
    for (const [i, child] of children.entries()) visit(`${child.kind} ${child.text}`, child.kind === 'action' ? child.children : [], i > 0);
    if (hasLeftSibling) tree.keyroots.push(tree.labels.length);
    tree.labels.push(label);
    tree.leftmost.push(first);
  };
  visit(`stance ${plan.stance}`, plan.nodes, true);
  return tree;
}
