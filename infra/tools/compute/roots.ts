import type { Complex } from 'mathjs';
import { floats, namesIn } from './formula.ts';

const MOST_ROUNDS = 500;
const LARGEST_DEGREE = 40;
/** Roots closer than this, relative to their size, count as one. */
const APART = 1e-5;

/** Every root of a polynomial equation with numbers for coefficients, by Durand and Kerner's iteration; null for any other equation. */
export function polynomialRoots({ left, right }: { left: string; right: string }, unknown: string): Complex[] | null {
  const coefficients = coefficientsOf(`(${left})-(${right})`, unknown);
  if (coefficients === null) return null;
  const degree = coefficients.length - 1;
  const leading = coefficients[degree] as number;
  const monic = coefficients.map((each) => each / leading);
  const radius = 1 + Math.max(...monic.slice(0, -1).map(Math.abs));
  // evenly around a circle, turned so that no start is the mirror image of another
  let roots = monic.slice(1).map((_, k) => floats.complex({ r: radius ** (1 / degree), phi: (2 * Math.PI * k) / degree + 0.4 }));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let moved = 0;
    roots = roots.map((root, k) => {
      const others = roots.filter((_, i) => i !== k).map((other) => floats.subtract(root, other));
      const step = floats.divide(at(monic, root), others.reduce((product, each) => floats.multiply(product, each) as Complex, floats.complex(1, 0))) as Complex;
      moved = Math.max(moved, Number(floats.abs(step)));
      return floats.subtract(root, step);
    });
    if (!(moved > 1e-14 * radius)) break;
  }
  return roots.every(({ re, im }) => Number.isFinite(re) && Number.isFinite(im)) ? roots.map(tidy).sort((a, b) => a.re - b.re || a.im - b.im) : null;
}

/** How many of the roots differ. */
export function distinct(roots: readonly Complex[]): number {
  return roots.filter((root, i) => roots.slice(0, i).every((other) => Number(floats.abs(floats.subtract(root, other))) > APART * (1 + Number(floats.abs(root))))).length;
}

function at(coefficients: readonly number[], x: Complex): Complex {
  return coefficients.reduceRight((sum, each) => floats.add(floats.multiply(sum, x), each) as Complex, floats.complex(0, 0));
}

/** Constant term first; null where the text is no polynomial of one unknown with numbers for coefficients. */
function coefficientsOf(text: string, unknown: string): number[] | null {
  try {
    if (namesIn(text).join() !== unknown) return null;
    const { coefficients, denominator } = floats.rationalize(text, {}, true) as unknown as { coefficients: number[]; denominator: unknown };
    const degree = coefficients.length - 1;
    return denominator === null && degree >= 1 && degree <= LARGEST_DEGREE && coefficients.every(Number.isFinite) ? coefficients : null;
  } catch {
    return null;
  }
}

function tidy({ re, im }: Complex): Complex {
  return floats.complex(re, Math.abs(im) < 1e-9 * (1 + Math.abs(re)) ? 0 : im);
}
