import { isArrayNode, isOperatorNode, isParenthesisNode, isSymbolNode, type MathNode } from 'mathjs';
import nerdamer from 'nerdamer-prime/all';
import { compare, floats, Formula, gap, namesIn, NoFormula, textOf, type Scope } from './formula.ts';
import { solutions } from './solve.ts';

type RawFunction = ((args: MathNode[], math: unknown, scope: Scope) => Formula) & { rawArgs: true };

/**
 * simplify, expand, factor, derivative, integrate and solve, to be imported into a mathjs instance. nerdamer does the algebra; every result
 * is checked against what was asked by putting in numbers, because no such program is free of wrong answers.
 */
export function algebra(): Record<string, RawFunction> {
  return {
    simplify: raw('simplify(f)', 1, 1, ([f], scope) => rewritten('simplify', f as MathNode, scope)),
    expand: raw('expand(f)', 1, 1, ([f], scope) => rewritten('expand', f as MathNode, scope)),
    factor: raw('factor(f)', 1, 1, ([f], scope) => rewritten('factor', f as MathNode, scope)),
    derivative: raw('derivative(f, x)', 2, 2, ([f, x], scope) => derivative(f as MathNode, nameOf(x as MathNode), scope)),
    integrate: raw('integrate(f, x) or integrate(f, x, from, to)', 2, 4, ([f, x, from, to], scope) => integral(f as MathNode, nameOf(x as MathNode), from, to, scope)),
    solve: raw('solve(equation, x) or solve([equations], [x, y])', 1, 2, ([equations, unknowns], scope) => solved(equations as MathNode, unknowns, scope)),
  };
}

function raw(usage: string, fewest: number, most: number, run: (args: MathNode[], scope: Scope) => Formula): RawFunction {
  const call = (args: MathNode[], _math: unknown, scope: Scope) => {
    if (args.length < fewest || args.length > most) throw new NoFormula(`use ${usage}`);
    return run(args, scope);
  };
  return Object.assign(call, { rawArgs: true as const });
}

function rewritten(how: 'simplify' | 'expand' | 'factor', f: MathNode, scope: Scope): Formula {
  const asked = textOf(f, scope, []);
  return checked(ask(`${how}(${asked})`), asked, how);
}

function derivative(f: MathNode, x: string, scope: Scope): Formula {
  const asked = textOf(f, scope, [x]);
  const found = ask(`diff(${asked}, ${x})`);
  return checked(found, floats.derivative(asked, x).toString(), 'derivative');
}

function integral(f: MathNode, x: string, from: MathNode | undefined, to: MathNode | undefined, scope: Scope): Formula {
  const asked = textOf(f, scope, [x]);
  if (from === undefined) {
    const found = ask(`integrate(${asked}, ${x})`);
    return checked(found, asked, 'integrate', (text) => floats.derivative(text, x).toString());
  }
  if (to === undefined) throw new NoFormula('use integrate(f, x) or integrate(f, x, from, to)');
  const [a, b] = [from, to].map((bound) => textOf(bound, scope, []));
  const found = ask(`defint(${asked}, ${a}, ${b}, ${x})`);
  const area = quadrature(asked, x, a as string, b as string);
  if (Number.isNaN(area)) return new Formula(`${found} (not checked)`);
  if (!(gap(found, String(area), {}) < 1e-6)) throw new NoFormula('integrate came to nothing that stands up to checking');
  const decimal = floats.format(area, { precision: 10 });
  if (/\d{7}/.test(found)) return new Formula(decimal, false);
  return new Formula(/^-?\d+(\/\d+)?$/.test(found) ? found : `${found} (≈ ${decimal})`);
}

const INTERVALS = 2_000;

/** Simpson's rule; NaN where the function has no finite real value on the way. */
function quadrature(f: string, x: string, from: string, to: string): number {
  try {
    const [a, b] = [from, to].map((bound) => floats.evaluate(bound) as number) as [number, number];
    const code = floats.compile(f);
    const step = (b - a) / INTERVALS;
    let sum = 0;
    for (let i = 0; i <= INTERVALS; i++) {
      const value: unknown = code.evaluate({ [x]: a + i * step });
      if (typeof value !== 'number') return Number.NaN;
      sum += value * (i === 0 || i === INTERVALS ? 1 : i % 2 === 1 ? 4 : 2);
    }
    return Number.isFinite(sum) ? (sum * step) / 3 : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

function solved(equations: MathNode, unknowns: MathNode | undefined, scope: Scope): Formula {
  const nodes = isArrayNode(equations) ? equations.items : [equations];
  const names = unknowns === undefined ? [] : isArrayNode(unknowns) ? unknowns.items.map(nameOf) : [nameOf(unknowns)];
  const sides = nodes.map((node) => {
    const bare = isParenthesisNode(node) ? node.content : node;
    const [left, right] = isOperatorNode(bare) && bare.op === '==' ? bare.args : [bare, undefined];
    return { left: textOf(left, scope, names), right: right === undefined ? '(0)' : textOf(right, scope, names) };
  });
  const free = [...new Set(sides.flatMap(({ left, right }) => [...namesIn(left), ...namesIn(right)]))];
  if (names.length === 0 && free.length !== sides.length) throw new NoFormula(`name what to solve for, such as solve(equation, ${free[0] ?? 'x'})`);
  return solutions(sides, names.length === 0 ? free.sort() : names);
}

/** What nerdamer comes to. @throws NoFormula. */
function ask(question: string): string {
  let found: string;
  try {
    found = nerdamer(question).toString();
  } catch (error) {
    throw new NoFormula(`${question.split('(')[0]} failed: ${(error as Error).message}`, { cause: error });
  }
  if (/\b(integrate|defint|diff|simplify|factor|expand)\b|NaN|Infinity/.test(found)) throw new NoFormula(`${question.split('(')[0]} found no result`);
  return found;
}

/** The result, unless its value (after `back`) is another one than what was asked. */
function checked(found: string, asked: string, what: string, back: (text: string) => string = (text) => text): Formula {
  let comparison: ReturnType<typeof compare>;
  try {
    comparison = compare(back(found), asked);
  } catch {
    comparison = 'unknown';
  }
  if (comparison === 'different') throw new NoFormula(`${what} came to nothing that stands up to checking`);
  return new Formula(comparison === 'unknown' ? `${found} (not checked)` : found);
}

function nameOf(node: MathNode): string {
  if (!isSymbolNode(node)) throw new NoFormula('a variable is named by letters, such as x');
  return node.name;
}
