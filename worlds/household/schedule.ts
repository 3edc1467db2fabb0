import type { Task } from '../domain/scene.ts';
import { clockText, HOUR, MINUTE, type Span } from './clock.ts';
import { TIMED, type Draw, type Timed } from './draw.ts';
import { errandOf } from './errands.ts';
import { operator, type HomeOperator } from './operator.ts';
import type { Pledge } from './pledge.ts';

/** A day's errands with the times of day fixed so that they can all be kept, in this order and with little to spare. */
export interface Schedule {
  tasks: Task<HomeOperator>[];
  pledges: Pledge[];
  timetable: Span[];
  /** Waiting that the good plan has no need of, but a worse one may have; and worse ways of doing things. */
  others: HomeOperator[];
}

/** Time within which the promised game must be done, or be let go. */
const GAME_WITHIN_S = 2 * HOUR;
const MIDNIGHT_S = 24 * HOUR;

/** @param chargeS time that charging takes at the day's start, 0 for none */
export function scheduleOf(d: Draw, chargeS: number): Schedule {
  const day: Schedule = { tasks: [], pledges: [], timetable: [], others: [] };
  let clockS = d.startS + chargeS;
  if (d.conflict) clockS += addGame(d, day);
  for (const [i, errand] of d.errands.entries()) {
    const { id, text, to, what, fact, steps, worse } = errandOf(errand, d);
    const operators: HomeOperator[] = [];
    for (const step of steps) {
      const timed = TIMED.find((each) => step.safeguards.some((safeguard) => safeguard.fact === each));
      const wait = timed === undefined ? null : dawn(timed, d, clockS, day);
      if (wait) {
        operators.push(wait);
        clockS += wait.durationS;
      }
      operators.push(step);
      clockS += step.durationS;
    }
    day.tasks.push({ id, text, operators });
    day.pledges.push({ to, fact, what, byS: clockS + (d.slackS[i] ?? 0), release: null });
    day.others.push(...worse);
  }
  return day;
}

/** Fixes when a timed fact begins to hold, where the robot comes to need it for the first time; the wait for it, if there is one. */
function dawn(fact: Timed, d: Draw, clockS: number, day: Schedule): HomeOperator | null {
  if (day.timetable.some((span) => span.fact === fact)) return null;
  const { wait, waitS, sinceS } = d.gaps[fact];
  // at the day's start it must not hold yet, so that it says something
  const waits = wait || clockS - sinceS <= d.startS + 10 * MINUTE;
  const fromS = waits ? clockS + waitS : clockS - sinceS;
  day.timetable.push({ fact, fromS, untilS: MIDNIGHT_S });
  const waiting = operator({
    id: `wait.${fact}`,
    text: fact === 'awake' ? `Wait until ${clockText(fromS)}, when ${d.ill} wakes.` : `Wait until ${clockText(fromS)}, when the meeting of ${d.working} is over.`,
    after: fact === 'awake' ? `${d.ill} is awake.` : `The meeting of ${d.working} is over.`,
    durationS: waits ? waitS : 0,
    success: 1,
    adds: [fact],
    untilS: fromS,
  });
  if (waits) return waiting;
  day.others.push(waiting);
  return null;
}

/** A game that was promised and does not fit into the day. Returns the time that asking for release takes, in s. */
function addGame(d: Draw, day: Schedule): number {
  const byS = d.startS + GAME_WITHIN_S;
  const release = operator({
    id: 'release',
    text: `Ask ${d.child} to let the robot off ${d.game} for today.`,
    after: `${d.child} has let the robot off ${d.game} for today.`,
    durationS: 10 * MINUTE,
    energyWh: 5,
    success: 0.95,
    needs: { facts: ['game open'] },
    adds: ['released'],
  });
  day.tasks.push({ id: 'release', text: '', operators: [release] });
  day.pledges.push({ to: d.child, fact: 'played', what: `${d.child} has played ${d.game} with the robot`, byS, release: 'released' });
  day.timetable.push({ fact: 'game open', fromS: 0, untilS: byS });
  day.others.push({
    ...release,
    id: 'play',
    text: `Play ${d.game} with ${d.child}.`,
    after: `${d.child} has played ${d.game} with the robot.`,
    durationS: GAME_S,
    energyWh: 40,
    success: 0.98,
    needs: { facts: [] },
    adds: ['played'],
    insteadOf: { id: release.id, flaw: 'order', why: `${d.game} takes ${GAME_S / MINUTE} minutes, which keeps others waiting beyond what they were promised; ${d.child} can be asked to let it go` },
  });
  return release.durationS;
}

/** What a game takes. */
export const GAME_S = 90 * MINUTE;
