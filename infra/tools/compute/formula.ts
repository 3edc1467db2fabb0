import { all, create, isBigNumber, isConstantNode, isFraction, isSymbolNode, type FactoryFunctionMap, type MathNode } from 'mathjs';

/** The result of algebra: a formula or solutions as text. `exact: false` where it holds rounded numbers. */
export class Formula {
  readonly text: string;
  readonly exact: boolean;

  constructor(text: string, exact = true) {
    this.text = text;
    this.exact = exact;
  }
}

/** Algebra came to nothing, or to something that does not stand up to checking; no other arithmetic would do better. */
export class NoFormula extends Error {
  override name = 'NoFormula';
}

/** Values that statements before this one gave to names. */
export type Scope = Pick<ReadonlyMap<string, unknown>, 'get' | 'has'>;

/** Numbers in 64-bit floats, complex ones included: what formulas are checked with. */
export const floats = create(all as FactoryFunctionMap, { matrix: 'Array', number: 'number' });

/** Fractions: tells an exact solution from a rounded one. */
export const fractions = create(all as FactoryFunctionMap, { matrix: 'Array', number: 'Fraction' });

/** A checked syntax tree as text that both nerdamer and mathjs read, with known values put in, except for the names in `free`. */
export function textOf(node: MathNode, scope: Scope, free: readonly string[]): string {
  const filled = node.transform((each) => {
    if (!isSymbolNode(each) || free.includes(each.name) || !scope.has(each.name)) return each;
    const value = scope.get(each.name);
    if (!isNumber(value)) throw new NoFormula(`${each.name} is no plain number, so a formula cannot hold it`);
    return new floats.ConstantNode(value as number);
  });
  // fractions in brackets: 2 ^ 1/2 would read otherwise
  const handler = (each: MathNode) => (isConstantNode(each) ? `(${rational(each.value)})` : undefined);
  return filled.toString({ parenthesis: 'all', implicit: 'show', handler });
}

const isNumber = (value: unknown) => typeof value === 'number' || isFraction(value) || isBigNumber(value);

function rational(value: unknown): string {
  if (isFraction(value)) return value.toFraction();
  return isBigNumber(value) ? value.toFixed() : floats.fraction(value as number).toFraction();
}

/** Names in a formula that are no constants of it. */
export function namesIn(text: string): string[] {
  const names = floats.parse(text).filter((node, _path, parent) => isSymbolNode(node) && !(parent?.type === 'FunctionNode' && _path === 'fn'));
  return [...new Set(names.map((node) => (node as unknown as { name: string }).name))].filter((name) => !['pi', 'e', 'i'].includes(name)).sort();
}

/** Where formulas are compared: positive, so that roots and logarithms are real, and of no simple ratio. */
const SAMPLES = [0.371, 1.613, 2.839];
const TOLERANCE = 1e-6;

/** Values for every name, one set for each sample. */
export function samples(names: readonly string[]): Record<string, number>[] {
  return SAMPLES.map((sample) => Object.fromEntries(names.map((name, i) => [name, sample + 0.217 * i])));
}

export type Comparison = 'equal' | 'different' | 'unknown';

/** Compares two formulas by their values at a few points; `unknown` where neither has values there. */
export function compare(one: string, other: string): Comparison {
  const names = [...new Set([...namesIn(one), ...namesIn(other)])];
  let known = false;
  for (const point of samples(names)) {
    const distance = gap(one, other, point);
    if (Number.isNaN(distance)) continue;
    if (distance > TOLERANCE) return 'different';
    known = true;
  }
  return known ? 'equal' : 'unknown';
}

/** Relative difference of two formulas at a point; NaN where they have no value there. */
export function gap(one: string, other: string, point: Record<string, unknown>): number {
  try {
    const [left, right] = [one, other].map((text) => floats.evaluate(text, { ...point }) as number);
    const size = 1 + Number(floats.abs(left as number)) + Number(floats.abs(right as number));
    return Number(floats.abs(floats.subtract(left as number, right as number))) / size;
  } catch {
    return Number.NaN;
  }
}
