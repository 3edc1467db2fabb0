import { isFunctionNode, isOperatorNode, isSymbolNode, type AssignmentNode, type FunctionAssignmentNode, type MathNode } from 'mathjs';
import { ALGEBRA, CONSTANTS, FUNCTIONS, IN_FORMULAS, OPERATORS } from './names.ts';

export interface Names {
  /** Whether a name is one of a unit, such as kWh. */
  isUnit(name: string): boolean;
  /** Whether a name reaches something of the calculator's own, where no variable has it yet. */
  isBuiltIn(name: string): boolean;
}

const NODES = new Set([
  'ArrayNode', 'AssignmentNode', 'BlockNode', 'ConditionalNode', 'ConstantNode', 'FunctionAssignmentNode', 'FunctionNode', 'IndexNode', 'AccessorNode',
  'OperatorNode', 'ParenthesisNode', 'RangeNode', 'RelationalNode', 'SymbolNode',
]);
const OWN_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/**
 * Refuses what is not plain mathematics: every kind of node and every name has to be on a list, so strings, objects, properties and
 * unknown functions never get to run. @throws Error naming the first thing that is not allowed.
 */
export function checkExpression(root: MathNode, names: Names): void {
  const defined = new Set<string>();
  const ownName = (name: string) => checkOwnName(name, names);
  root.traverse((node) => {
    if (node.type === 'AssignmentNode') defined.add(ownName((node as AssignmentNode).name));
    if (node.type === 'FunctionAssignmentNode') {
      const { name, params } = node as FunctionAssignmentNode;
      for (const each of [name, ...params]) defined.add(ownName(each));
    }
  });
  // `end` is the last index, inside brackets
  const isKnown = (name: string) => defined.has(name) || FUNCTIONS.has(name) || CONSTANTS.has(name) || name === 'end' || names.isUnit(name);
  check(root, isKnown, (formula) => checkFormula(formula, ownName));
}

function check(root: MathNode, isKnown: (name: string) => boolean, checkFormulaOf: (root: MathNode) => void): void {
  checkNode(root);
  if (isFunctionNode(root) && isSymbolNode(root.fn) && ALGEBRA.has(root.fn.name)) {
    for (const argument of root.args) checkFormulaOf(argument);
    return;
  }
  if (isSymbolNode(root) && !isKnown(root.name)) throw new Error(`unknown name "${root.name}"`);
  root.forEach((child) => check(child, isKnown, checkFormulaOf));
}

/** An argument of an algebra function: free variables are what it is about. */
function checkFormula(root: MathNode, ownName: (name: string) => string): void {
  checkNode(root);
  if (isFunctionNode(root)) {
    const name = isSymbolNode(root.fn) ? root.fn.name : '';
    if (!IN_FORMULAS.has(name)) throw new Error(`a formula may not hold "${name}"; functions that it may: ${[...IN_FORMULAS].join(', ')}`);
    if (root.args.length !== 1) throw new Error(`"${name}" in a formula takes one argument`);
    for (const argument of root.args) checkFormula(argument, ownName);
    return;
  }
  if (isOperatorNode(root) && !OPERATORS.has(root.op)) throw new Error(`a formula may not hold the operator ${root.op}`);
  if (isSymbolNode(root)) ownName(root.name);
  else if (!['ArrayNode', 'ConstantNode', 'OperatorNode', 'ParenthesisNode'].includes(root.type)) throw new Error(`a formula may not hold ${KIND[root.type] ?? root.type}`);
  root.forEach((child) => checkFormula(child, ownName));
}

function checkNode(node: MathNode): void {
  if (!NODES.has(node.type)) throw new Error(`${KIND[node.type] ?? node.type} is not allowed`);
  if (node.type === 'ConstantNode' && typeof (node as unknown as { value: unknown }).value === 'string') throw new Error('text in quotes is not allowed');
  if (node.type === 'IndexNode' && (node as unknown as { dotNotation: boolean }).dotNotation) throw new Error('a property after a dot is not allowed');
  if (isFunctionNode(node) && !isSymbolNode(node.fn)) throw new Error('only functions with a name can be called');
  if (node.type === 'AssignmentNode' && !isSymbolNode((node as AssignmentNode).object)) throw new Error('only a name can be assigned to');
}

const KIND: Readonly<Record<string, string>> = {
  ObjectNode: 'an object', FunctionNode: 'a function', AccessorNode: 'an index', IndexNode: 'an index', RangeNode: 'a range', AssignmentNode: 'an assignment',
  FunctionAssignmentNode: 'a function definition', BlockNode: 'a list of statements', ConditionalNode: 'a condition', RelationalNode: 'a comparison',
};

/** A variable of a built-in's name would let the built-in through in the lines above its assignment. */
function checkOwnName(name: string, names: Names): string {
  const isTaken = name in Object.prototype || (names.isBuiltIn(name) && !CONSTANTS.has(name));
  if (!OWN_NAME.test(name) || isTaken) throw new Error(`"${name}" cannot be the name of a variable`);
  return name;
}
