import type { SituationContent } from '../../schemas/situation.ts';
import { clockText } from './clock.ts';
import type { Draw } from './draw.ts';
import { errandOf } from './errands.ts';
import type { Pledge } from './pledge.ts';
import { requestOf } from './requests.ts';
import { CAPACITY_WH, GAIN_WH, RESERVE_WH, sceneFor, WORLD_NAME, type HomeScene } from './scene.ts';
import { GAME_S } from './schedule.ts';

/** Agent specification that the situations are for. */
export const AGENT = 'household-robot';

export function situationOf(seed: number): SituationContent {
  const scene = sceneFor(seed);
  return {
    task: 'plan',
    agent: AGENT,
    horizon: scene.flat ? ['hours'] : ['minutes', 'hours'],
    initial: initialText(scene),
    target: sentence(`${scene.pledges.map(pledgeText).join('; ')}.`),
    parent: null,
    world: { name: WORLD_NAME, seed },
  };
}

function pledgeText({ what, byS, release, to }: Pledge): string {
  return `${what} by ${clockText(byS)}${release === null ? '' : `, or ${to} has let the robot off`}`;
}

function initialText({ draw: d, start, timetable }: HomeScene): string {
  const from = (fact: string) => clockText(timetable.find((span) => span.fact === fact)?.fromS ?? 0);
  const has = (fact: string) => timetable.some((span) => span.fact === fact);
  const parts = [
    `It is ${clockText(d.startS)}. The robot has ${start.batteryWh} of ${CAPACITY_WH} Wh in its battery, of which ${RESERVE_WH} Wh must remain; an hour on the dock gives ${GAIN_WH} Wh.`,
    ...(has('awake') ? [`${d.ill} is ill and asleep and is not to be woken before ${from('awake')}.`] : []),
    ...(has('free') ? [`${d.working} works at home and is in a meeting until ${from('free')}.`] : []),
    ...(d.request === null ? errandsText(d) : [requestOf(d.request, d).told, ...easeText(d)]),
  ];
  return parts.join(' ');
}

function errandsText(d: Draw): string[] {
  const game = `The robot has promised ${d.child} ${d.game} today, which takes ${GAME_S / 60} minutes.`;
  return [...d.errands.map((errand) => errandOf(errand, d).told), ...(d.conflict ? [game] : []), 'All this is promised for set times.'];
}

function easeText(d: Draw): string[] {
  return d.best === 'palliate' ? [sentence(`${requestOf(d.request ?? 'papers', d).instead}.`)] : [];
}

function sentence(text: string): string {
  return (text[0] ?? '').toUpperCase() + text.slice(1);
}
