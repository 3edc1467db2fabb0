export const MINUTE = 60;
export const HOUR = 3600;

/** A time of day in seconds after midnight, as `13:05`. */
export function clockText(clockS: number): string {
  const minutes = Math.round(clockS / MINUTE);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** A fact that the hour alone makes true: from `fromS` (inclusive) to `untilS` (inclusive), seconds after midnight. */
export interface Span {
  fact: string;
  fromS: number;
  untilS: number;
}

/** The facts as they are at an hour: those of the timetable hold in their spans and not outside; sorted. */
export function factsAt(clockS: number, facts: readonly string[], timetable: readonly Span[]): string[] {
  const timed = new Set(timetable.map(({ fact }) => fact));
  const now = timetable.filter(({ fromS, untilS }) => fromS <= clockS && clockS <= untilS).map(({ fact }) => fact);
  return [...facts.filter((fact) => !timed.has(fact)), ...now].sort();
}
