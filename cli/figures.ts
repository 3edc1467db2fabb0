/** Numbers as people read them, and as they give them. */

/** USD; more nano-dollars than this could not be counted exactly. */
export const MOST_USD = 9_000_000;

export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 call`, `2 calls`. */
export function counted(n: number, noun: string, plural = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : plural}`;
}

/** Dollars with as many digits as their size deserves. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  return `$${usd < 0.01 ? usd.toFixed(6) : usd < 1 ? usd.toFixed(4) : usd.toFixed(2)}`;
}

/** `20 %`, `0.5 %`, for a share from 0 to 1. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

/** Int nano-dollars to USD. */
export function usdOf(nanoUsd: number): number {
  return nanoUsd / 1e9;
}

/** `45 s`, `12 min`, `3.5 h`, `2.1 d`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3_600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(1)} d`;
}

/** `950 bytes`, `12.3 MB`: powers of 1,000. */
export function size(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  if (bytes < 1_000) return counted(bytes, 'byte');
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** power).toPrecision(3)} ${units[power - 1] as string}`;
}

/** `950`, `12.3k`, `4.56M`. */
export function short(n: number): string {
  if (n < 1_000) return String(n);
  return n < 1_000_000 ? `${(n / 1_000).toFixed(1)}k` : `${(n / 1_000_000).toFixed(2)}M`;
}
