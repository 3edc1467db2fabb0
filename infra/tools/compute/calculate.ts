import { all, create, isFraction, isSymbolNode, isUnit, type FactoryFunctionMap, type MathJsInstance, type MathNode } from 'mathjs';
import { algebra } from './algebra.ts';
import { Formula, NoFormula } from './formula.ts';
import { checkExpression } from './grammar.ts';
import { show } from './show.ts';

/** Longest expression, characters. */
export const LONGEST_EXPRESSION = 4_000;

/**
 * What an expression comes to: one line for each of its statements that does not end with a semicolon, with "≈" where digits were
 * rounded away. Rational arithmetic is exact; anything else has 64 digits where mathjs can do so, of which 15 are shown, and else
 * those of a float. @throws Error in one line.
 */
export function calculate(expression: string): string {
  if (expression.length > LONGEST_EXPRESSION) throw new Error(`expression: at most ${LONGEST_EXPRESSION} characters (has ${expression.length})`);
  const text = withEquations(expression);
  let failure: unknown;
  for (const arithmetic of ARITHMETICS) {
    const math = arithmetic.math();
    try {
      const root = withUnits(math.parse(text), math);
      checkExpression(root, { isUnit: (name) => !(name in math) && math.Unit.isValuelessUnit(name), isBuiltIn: (name) => name in math });
      const statements = evaluate(root);
      if (arithmetic.accepts(statements.map(({ value }) => value))) return statements.map((each) => line(each, math)).join('\n');
    } catch (error) {
      if (error instanceof NoFormula) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Unit names that mathjs takes for functions where they stand alone. */
const MISTAKEN_UNITS: Readonly<Record<string, string>> = { min: 'minute', sec: 'second' };

function withUnits(root: MathNode, math: MathJsInstance): MathNode {
  return root.transform((node, path) => {
    const meant = isSymbolNode(node) && path !== 'fn' ? MISTAKEN_UNITS[node.name] : undefined;
    return meant === undefined ? node : (new math.SymbolNode(meant));
  });
}

function line({ name, value }: Statement, math: MathJsInstance): string {
  if (typeof value === 'function' && name !== null) return `${name} is defined`;
  const { text, exact } = show(value, math);
  if (name === null) return exact ? text : `≈ ${text}`;
  return `${name} ${exact ? '=' : '≈'} ${text}`;
}

interface Arithmetic {
  math(): MathJsInstance;
  /** Whether every value is one that this arithmetic computed in its own numbers. */
  accepts(values: readonly unknown[]): boolean;
}

const ARITHMETICS: readonly Arithmetic[] = [
  { math: lazily(exactMath), accepts: (values) => values.every(isExact) },
  { math: lazily(() => calculator({ number: 'BigNumber', precision: 64 })), accepts: () => true },
  { math: lazily(() => calculator({ number: 'number' })), accepts: () => true },
];

/** Units of schemas/units.ts that mathjs lacks. */
const OWN_UNITS: Record<string, { definition?: string }> = {
  d: { definition: '1 day' }, lx: {}, Mbit: { definition: '1000000 bits' },
  person: {}, personh: { definition: '1 person hour' }, USD: {}, EUR: {},
};

function calculator(numbers: { number: 'Fraction' | 'BigNumber' | 'number'; precision?: number }): MathJsInstance {
  const math = create(all as FactoryFunctionMap, { matrix: 'Array', ...numbers });
  math.createUnit(OWN_UNITS);
  math.import(algebra(), { override: true });
  return math;
}

/** Powers beyond this would fill the memory with digits that nobody reads. */
const LARGEST_EXPONENT = 4_096;

function exactMath(): MathJsInstance {
  const math = calculator({ number: 'Fraction' });
  const pow = math.pow.bind(math) as (base: unknown, exponent: unknown) => unknown;
  const bounded = (base: unknown, exponent: unknown) => {
    if (isFraction(exponent) && Math.abs(exponent.valueOf()) > LARGEST_EXPONENT) throw new Error(`exponents go up to ${LARGEST_EXPONENT}`);
    return pow(base, exponent);
  };
  math.import({ pow: bounded }, { override: true });
  return math;
}

function isExact(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isExact);
  if (isUnit(value)) return isFraction(value.toJSON().value);
  return isFraction(value) || typeof value === 'boolean' || typeof value === 'function' || value instanceof Formula;
}

interface Statement {
  /** Name that the value was given; null for a plain expression. */
  name: string | null;
  value: unknown;
}

/** Every visible statement's value. */
function evaluate(root: MathNode): Statement[] {
  const scope = new Map<string, unknown>();
  const blocks = root.type === 'BlockNode' ? (root as unknown as { blocks: { node: MathNode; visible: boolean }[] }).blocks : [{ node: root, visible: true }];
  return blocks.flatMap(({ node, visible }) => {
    const value: unknown = node.compile().evaluate(scope);
    const isNamed = node.type === 'AssignmentNode' || node.type === 'FunctionAssignmentNode';
    return visible ? [{ name: isNamed ? (node as unknown as { name: string }).name : null, value }] : [];
  });
}

/** `solve(x^2 = 4, x)`: inside brackets a single "=" can only mean an equation, which mathjs spells "==". */
export function withEquations(expression: string): string {
  let depth = 0;
  return [...expression]
    .map((character, at, all) => {
      if ('(['.includes(character)) depth++;
      if (')]'.includes(character)) depth--;
      const isSingle = character === '=' && !'=<>!'.includes(all[at - 1] ?? ' ') && all[at + 1] !== '=';
      return depth > 0 && isSingle ? '==' : character;
    })
    .join('');
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
