const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, `15m`, `24h` or `7d`. */
export function durationMs(text: string): number {
  const match = /^(\d+)(s|m|h|d)$/.exec(text);
  if (match === null) throw new RangeError(`duration "${text}": a number followed by s, m, h or d`);
  return Number(match[1]) * (UNIT_MS[match[2] as string] as number);
}
