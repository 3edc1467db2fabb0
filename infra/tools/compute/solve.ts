import type { Complex } from 'mathjs';
import nerdamer from 'nerdamer-prime/all';
import { compare, floats, Formula, fractions, gap, namesIn, NoFormula, samples } from './formula.ts';
import { distinct, polynomialRoots } from './roots.ts';

export interface Equation {
  left: string;
  right: string;
}

/** Value of each unknown, as a formula. */
type Solution = ReadonlyMap<string, string>;

/**
 * Solutions that satisfy the equations, checked by putting them in; where some of a polynomial's do not, its roots by iteration.
 * @throws NoFormula where there is none, or none that does.
 */
export function solutions(equations: readonly Equation[], unknowns: readonly string[]): Formula {
  if (equations.every(({ left, right }) => compare(left, right) === 'equal')) return new Formula(`every ${unknowns.join(', ')}`);
  const [only] = equations;
  const [unknown] = unknowns;
  const roots = only !== undefined && unknown !== undefined && equations.length === 1 && unknowns.length === 1 ? polynomialRoots(only, unknown) : null;
  const found = candidates(equations, unknowns);
  const good = found.filter((solution) => equations.every((equation) => satisfies(equation, solution)));
  if (roots !== null && unknown !== undefined && good.length < distinct(roots)) {
    return new Formula(roots.map((root) => iterated(unknown, root, only as Equation)).join(' or '));
  }
  const isTranscendental = equations.some(({ left, right }) => [left, right].some((side) => /[a-z]\(/.test(side)));
  if (good.length === 0) throw new NoFormula(found.length === 0 ? 'found no solution' : 'found no solution that stands up to checking');
  const text = nearest(good, isTranscendental ? MOST_SHOWN : good.length).map((solution) => [...solution].map(([name, each]) => stated(name, each, equations)).join(', ')).join(' or ');
  return new Formula(isTranscendental ? `${text} (there may be others)` : text);
}

/** Of solutions without end, such as those of sin(x) = 1/2, those nearest to zero are shown. */
const MOST_SHOWN = 4;

function nearest(found: readonly Solution[], most: number): readonly Solution[] {
  if (found.length <= most) return found;
  const size = (solution: Solution) => Math.max(...[...solution.values()].map((text) => (namesIn(text).length > 0 ? 0 : Number(floats.abs(floats.evaluate(text) as number)))));
  return found.map((solution) => ({ solution, size: size(solution) })).sort((a, b) => a.size - b.size).slice(0, most).map(({ solution }) => solution);
}

/** A root by iteration; whole numbers are tried for being one exactly. */
function iterated(name: string, root: Complex, equation: Equation): string {
  const whole = String(Math.round(root.re));
  if (root.im === 0 && Math.abs(root.re - Number(whole)) < 1e-6 && isExactRoot(name, whole, equation)) return `${name} = ${whole}`;
  return `${name} ≈ ${floats.format(root, { precision: 10 })}`;
}

function candidates(equations: readonly Equation[], unknowns: readonly string[]): Solution[] {
  try {
    const [only, ...others] = equations;
    const [unknown] = unknowns;
    if (only !== undefined && others.length === 0 && unknown !== undefined && unknowns.length === 1) {
      const roots = nerdamer(`solve((${only.left})-(${only.right}), ${unknown})`).toString();
      return parts(roots).map((root) => new Map([[unknown, root]]));
    }
    const pairs: unknown = nerdamer.solveEquations(equations.map(({ left, right }) => `${left}=${right}`), [...unknowns]);
    return Array.isArray(pairs) ? [new Map(pairs.map((pair) => (pair as unknown[]).map(String) as [string, string]))] : [];
  } catch (error) {
    throw new NoFormula(`solve failed: ${(error as Error).message}`, { cause: error });
  }
}

/** Items of a list such as "[2,f(1,2)]". */
function parts(list: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let item = '';
  for (const character of list.replace(/^\[/, '').replace(/\]$/, '')) {
    if (character === ',' && depth === 0) {
      items.push(item);
      item = '';
      continue;
    }
    depth += character === '(' ? 1 : character === ')' ? -1 : 0;
    item += character;
  }
  return item === '' ? items : [...items, item];
}

function satisfies({ left, right }: Equation, solution: Solution): boolean {
  const parameters = new Set([left, right, ...solution.values()].flatMap(namesIn));
  for (const name of solution.keys()) parameters.delete(name);
  return samples([...parameters]).every((point) => {
    try {
      const values = Object.fromEntries([...solution].map(([name, text]) => [name, floats.evaluate(text, { ...point }) as unknown]));
      return gap(left, right, { ...point, ...values }) < 1e-6;
    } catch {
      return false;
    }
  });
}

/** nerdamer gives roots that it found by iteration as fractions of long numbers. */
const ITERATED = /\d{7}/;

function stated(name: string, text: string, equations: readonly Equation[]): string {
  if (namesIn(text).length > 0) return `${name} = ${text}`;
  const decimal = floats.format(floats.evaluate(text), { precision: 10 });
  const isRational = /^-?\d+(\/\d+)?$/.test(text);
  if (isRational && (!ITERATED.test(text) || (equations.length === 1 && isExactRoot(name, text, equations[0] as Equation)))) return `${name} = ${text}`;
  if (ITERATED.test(text) || text.length > 80) return `${name} ≈ ${decimal}`;
  return /^[-+\di*]+$/.test(text) ? `${name} = ${text}` : `${name} = ${text} (≈ ${decimal})`;
}

function isExactRoot(name: string, text: string, { left, right }: Equation): boolean {
  try {
    return fractions.evaluate(`(${left})-(${right}) == 0`, { [name]: fractions.evaluate(text) as unknown }) === true;
  } catch {
    return false;
  }
}
