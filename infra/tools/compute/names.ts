const words = (list: string) => list.trim().split(/\s+/);

/** Functions of mathjs that neither read strings as code, nor change the calculator, nor draw at random. */
export const FUNCTIONS: ReadonlySet<string> = new Set(words(`
  abs add cbrt ceil cube divide dotDivide dotMultiply dotPow exp expm1 fix floor gcd hypot invmod lcm log log10 log1p log2 mod multiply norm
  nthRoot nthRoots pow round sign sqrt square subtract unaryMinus unaryPlus xgcd
  bitAnd bitNot bitOr bitXor leftShift rightArithShift rightLogShift
  arg conj im re complex
  acos acosh acot acoth acsc acsch asec asech asin asinh atan atan2 atanh cos cosh cot coth csc csch sec sech sin sinh tan tanh
  concat count cross det diag diff dot eigs expm identity inv kron map matrix ones pinv range reshape resize rotationMatrix row column
  size sort sqrtm subset squeeze sum prod cumsum trace transpose ctranspose zeros lup lusolve lsolve usolve qr
  bernoulli catalan combinations combinationsWithRep composition factorial gamma lgamma multinomial permutations bellNumbers stirlingS2 isPrime erf zeta
  and not or xor compare deepEqual equal larger largerEq smaller smallerEq unequal
  corr mad max mean median min mode quantileSeq std variance
  number bignumber fraction to isInteger isNaN isNegative isPositive isZero
`));

export const CONSTANTS: ReadonlySet<string> = new Set(words(`
  e E i pi PI phi tau true false Infinity
  atomicMass avogadro bohrMagneton bohrRadius boltzmann classicalElectronRadius conductanceQuantum coulomb coulombConstant deuteronMass
  electricConstant electronMass elementaryCharge faraday fermiCoupling fineStructure firstRadiation gasConstant gravitationConstant gravity hartreeEnergy
  inverseConductanceQuantum klitzing loschmidt magneticConstant magneticFluxQuantum molarMass molarMassC12 molarPlanckConstant molarVolume
  neutronMass nuclearMagneton planckCharge planckConstant planckLength planckMass planckTemperature planckTime protonMass quantumOfCirculation
  reducedPlanckConstant rydberg sackurTetrode secondRadiation speedOfLight stefanBoltzmann thomsonCrossSection vacuumImpedance weakMixingAngle wienDisplacement
`));

/** Functions that work on formulas rather than on values (algebra.ts). */
export const ALGEBRA: ReadonlySet<string> = new Set(['simplify', 'expand', 'factor', 'derivative', 'integrate', 'solve']);

/** Functions that a formula may hold: those that both the calculator and the algebra know under one name. */
export const IN_FORMULAS: ReadonlySet<string> = new Set(words('sin cos tan asin acos atan sinh cosh tanh exp log sqrt abs'));

/** Operators that a formula may hold. */
export const OPERATORS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '^', '==']);
