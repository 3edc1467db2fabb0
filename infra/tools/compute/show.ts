import { isBigNumber, isComplex, isFraction, isMatrix, isUnit, type BigNumber, type Fraction, type MathJsInstance } from 'mathjs';
import { Formula } from './formula.ts';

const DIGITS = 15;
const NOTATION = { precision: DIGITS, lowerExp: -7, upperExp: DIGITS + 1, fraction: 'ratio' } as const;
const MOST_ELEMENTS = 400;
/** Above this many characters a fraction tells less than its decimal. */
const LONGEST_FRACTION = 80;

/** A value as text; `exact: false` where digits were rounded away. */
export interface Shown {
  text: string;
  exact: boolean;
}

/** @throws Error where the value is nothing to look at, such as a function. */
export function show(value: unknown, math: MathJsInstance): Shown {
  let elements = 0;
  let exact = true;
  const one = (each: unknown, alone: boolean): string => {
    if (isMatrix(each)) return one(each.toArray(), alone);
    if (Array.isArray(each)) return `[${each.slice(0, MOST_ELEMENTS).map((inner) => one(inner, false)).join(', ')}${each.length > MOST_ELEMENTS ? ', …' : ''}]`;
    if (++elements > MOST_ELEMENTS) return '…';
    if (each instanceof Formula) {
      exact &&= each.exact;
      return each.text;
    }
    if (isFraction(each)) return fraction(each, alone);
    if (isUnit(each)) return quantity(math.format(each, NOTATION));
    if (typeof each === 'boolean') return String(each);
    if (typeof each === 'number' || isBigNumber(each)) return number(each);
    if (isComplex(each)) {
      exact = false;
      return math.format(each, NOTATION);
    }
    if (typeof each === 'object' && each !== null && Object.getPrototypeOf(each) === Object.prototype) {
      const entries = Object.entries(each).filter(([, inner]) => typeof inner !== 'function');
      const text = entries.map(([key, inner]) => `${key}: ${one(inner, false)}`).join('; ');
      return alone ? text : `{${text}}`;
    }
    throw new Error(`the result is ${math.typeOf(each) === 'function' ? 'a function: call it' : `of no kind that can be shown (${math.typeOf(each)})`}`);
  };
  const fraction = (each: Fraction, alone: boolean): string => {
    const ratio = each.toFraction();
    if (!ratio.includes('/')) return ratio;
    const decimal = math.format(each.valueOf(), NOTATION);
    if (ratio.length > LONGEST_FRACTION) {
      exact = false;
      return decimal;
    }
    return alone ? `${ratio} (${terminates(each.d) ? '' : '≈ '}${decimal})` : ratio;
  };
  const quantity = (text: string): string => {
    const [, top, bottom, unit] = /^(-?\d+)\/(\d+) (.*)$/.exec(text) ?? [];
    if (top === undefined || bottom === undefined || unit === undefined) {
      // a float's rounding shows in its last digits
      exact &&= (/^-?[\d.]+(?= )/.exec(text)?.[0].length ?? DIGITS) < DIGITS - 2;
      return text;
    }
    if (bottom === '1') return `${top} ${unit}`;
    const decimal = math.format(Number(top) / Number(bottom), NOTATION);
    if (!terminates(BigInt(bottom)) || decimal.length > DIGITS) exact = false;
    return `${decimal} ${unit}`;
  };
  const number = (each: number | BigNumber): string => {
    if (typeof each === 'number' ? !Number.isFinite(each) : !each.isFinite()) throw new Error('the result is not finite');
    if (typeof each === 'number') {
      exact &&= Number.isSafeInteger(each);
      return math.format(each, NOTATION);
    }
    const isWhole = each.isInteger() && each.precision(true) < 64;
    exact &&= isWhole || each.precision() <= DIGITS;
    return isWhole ? each.toFixed() : math.format(each, NOTATION);
  };
  return { text: one(value, true), exact };
}

/** Whether 1 / denominator has a decimal expansion that ends. */
function terminates(denominator: bigint): boolean {
  let rest = denominator;
  for (const prime of [2n, 5n]) while (rest % prime === 0n) rest /= prime;
  return rest === 1n;
}
