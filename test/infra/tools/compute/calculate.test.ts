import * as mathjs from 'mathjs';
import { describe, expect, test } from 'vitest';
import { calculate, LONGEST_EXPRESSION, withEquations } from '../../../../infra/tools/compute/calculate.ts';
import { CONSTANTS, FUNCTIONS } from '../../../../infra/tools/compute/names.ts';

// truths by hand or from tables
test.each([
  ['1/3 + 1/6', '1/2 (0.5)'],
  ['0.1 + 0.2', '3/10 (0.3)'],
  ['2/3', '2/3 (≈ 0.666666666666667)'],
  ['2^100', '1267650600228229401496703205376'],
  ['(1/3)^3 * 27', '1'],
  ['det([[1/3, 1], [1, 3/2]])', '-1/2 (-0.5)'],
  // adj(A) / det(A) with det = 2 (12 - 1) - 1 (4 - 0) = 18
  ['inv([[2, 1, 0], [1, 3, 1], [0, 1, 4]])', '[[11/18, -2/9, 1/18], [-2/9, 4/9, -1/9], [1/18, -1/9, 5/18]]'],
  ['[1, 2; 3, 4] * [1; 1]', '[[3], [7]]'],
  ['[5, 6, 7][end]', '7'],
  ['gcd(12, 18)', '6'],
  ['isPrime(97)', 'true'],
  ['combinations(60, 30)', '118264581564861424'],
  ['f(x) = x^2\nf(3)', 'f is defined\n9'],
  ['e1 = 3 kWh;\ne1 / 250 W to h', '12 h'],
])('%s = %s, exactly', (expression, result) => {
  expect(calculate(expression)).toBe(result);
});

test.each([
  ['3 kWh / 250 W to h', '12 h'],
  ['3 kWh to MJ', '10.8 MJ'],
  ['5 mi to km', '8.04672 km'],
  ['20 degC to K', '293.15 K'],
  ['0.5 h to min', '30 minute'],
  ['45 min to h', '0.75 h'],
  ['70 km / (35 km/h)', '2 h'],
  ['100 Mbit / (10 Mbit/s)', '10 s'],
  ['2 personh / (1 person) to min', '120 minute'],
  ['speedOfLight * 1 s to km', '299792.458 km'],
])('units: %s = %s', (expression, result) => {
  expect(calculate(expression)).toBe(result);
});

test.each([
  // mean 5, squared deviations 9 1 1 1 0 0 4 16, sum 32: variance 32/7, population variance 4
  ['mean([2, 4, 4, 4, 5, 5, 7, 9])', '5'],
  ['variance([2, 4, 4, 4, 5, 5, 7, 9])', '32/7 (≈ 4.57142857142857)'],
  ['std([2, 4, 4, 4, 5, 5, 7, 9])', '≈ 2.1380899352994'],
  ['median([3, 1, 2])', '2'],
  ['quantileSeq([1, 2, 3, 4], 0.25)', '1.75'],
  ['corr([1, 2, 3], [2, 4, 6])', '1'],
  ['sin(1/2)', '≈ 0.479425538604203'],
  ['sqrt(2)', '≈ 1.4142135623731'],
  ['sqrt(-4)', '≈ 2i'],
  ['100!', '≈ 9.33262154439442e+157'],
  // (1 + 1e-4)^(1e5) = exp(1e5 ln 1.0001) = exp(9.99950003...)
  ['1.0001^100000', '≈ 22015.4560485522'],
])('statistics and functions: %s gives %s', (expression, result) => {
  expect(calculate(expression)).toBe(result);
});

test.each([
  ['solve(x^2 - 5x + 6 = 0, x)', 'x = 2 or x = 3'],
  ['solve(x^2 + 1 = 0, x)', 'x = i or x = -i'],
  ['solve([x + y = 3, x - y = 1], [x, y])', 'x = 2, y = 1'],
  ['solve(3x = 1234567, x)', 'x = 1234567/3'],
  ['k = 4;\nsolve(k * x = 8, x)', 'x = 2'],
  ['solve(2x = x * 2, x)', 'every x'],
  // (x - 1)(x^2 + x - 1): nerdamer's own formula for cubics goes wrong here
  ['solve(x^3 - 2x + 1 = 0, x)', 'x ≈ -1.618033989 or x ≈ 0.6180339887 or x = 1'],
  ['solve(cos(x) = x, x)', 'x ≈ 0.7390851332 (there may be others)'],
  ['derivative(x^3, x)', '3*x^2'],
  ['integrate(x^2, x, 0, 1)', '1/3'],
  ['simplify(sin(x)^2 + cos(x)^2)', '1'],
  ['expand((x + 1)^3)', '1+3*x+3*x^2+x^3'],
  ['factor(x^3 - 6x^2 + 11x - 6)', '(-1+x)*(-2+x)*(-3+x)'],
])('algebra: %s gives %s', (expression, result) => {
  expect(calculate(expression)).toBe(result);
});

test.each([
  ['1 m + 1 s', 'Units do not match'],
  ['1/0', 'the result is not finite'],
  ['solve(3x = 3x + 1, x)', 'found no solution'],
  ['integrate(1/x, x, 0, 1)', 'found no result'],
  ['[1, 2] + [1, 2, 3]', 'shape mismatch'],
  ['2 +', 'Unexpected end of expression'],
  ['sin', 'the result is a function'],
  ['1'.repeat(LONGEST_EXPRESSION + 1), `at most ${LONGEST_EXPRESSION} characters`],
])('%s fails: %s', (expression, message) => {
  expect(() => calculate(expression)).toThrow(message);
});

describe('what is not plain mathematics does not run', () => {
  test.each([
    'process', 'process.exit(1)', 'require("fs")', 'globalThis', 'this', 'constructor', '[].constructor', 'sqrt.constructor("return process")()',
    'cos.constructor("return process.env")()', 'f(x) = x\nf.constructor', '({}).constructor', '{a: 1}', '{"__proto__": 1}.a', '"a".constructor', '[1]["constructor"]',
    'import({a: 1})', 'createUnit("foo")', 'config({})', 'evaluate("1+1")', 'parse("1+1")', 'compile("1")', 'parser()', 'help(sin)', 'chain(2)', 'typed("f", {})',
    'simplify("1+1")', 'derivative("x^2", "x")', 'solve("process", "x")', 'simplify(constructor)', 'simplify(import(x))', 'solve(f(x) = 1, x)', 'integrate(x.constructor, x)',
    'expression.docs', 'type', 'reviver', 'random()', 'pickRandom([1, 2])', '__proto__ = 3', 'toString = 3', 'sqrt = 3', 'import = 3', 'g = format\nformat = 1\ng(1)', 'evaluate(format) = 1', 'constructor(x) = x',
    'a = [1]\na.b = 2', 'f = eval\nf(1)', 'format(1, "x")', 'print("$a", {a: 1})', 'map([1], evaluate)', 'sort([1, 2], "constructor")', 'unit("5 kg")',
    'simplify(Function(x))', 'derivative(x!, x)', 'solve(x = [1][1], x)', 'nerdamer', 'setVar(x, 1)',
  ])('%s', (hostile) => {
    expect(() => calculate(hostile)).toThrow(/unknown name|not allowed|cannot be the name|may not hold|only functions with a name|Unexpected|Undefined|expected|Invalid|named by letters/);
  });

  test('nothing of it left a trace', () => {
    expect(calculate('sqrt(16)')).toBe('4');
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
});

test('every function and constant on the lists is one that mathjs has', () => {
  const math = mathjs.create(mathjs.all as mathjs.FactoryFunctionMap) as unknown as Record<string, unknown>;
  expect([...FUNCTIONS].filter((name) => typeof math[name] !== 'function')).toEqual([]);
  expect([...CONSTANTS].filter((name) => !['true', 'false', 'Infinity'].includes(name) && math[name] === undefined)).toEqual([]);
});

test('equal signs inside brackets make equations, and only those', () => {
  expect(withEquations('a = 2\nsolve([x = 1, y == 2], [x])\n(3 <= 4)')).toBe('a = 2\nsolve([x == 1, y == 2], [x])\n(3 <= 4)');
});
