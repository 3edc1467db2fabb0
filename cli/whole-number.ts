import { InvalidArgumentError } from 'commander';

/** Reads an option that counts, from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(n) || n < least) throw new InvalidArgumentError(`a whole number from ${least} is allowed.`);
    return n;
  };
}
