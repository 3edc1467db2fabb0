import type { Stance } from '../../schemas/plan.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import { drawnBeforeCharging, partOf } from '../domain/part.ts';
import type { Physics } from '../domain/physics.ts';
import { lexicon, type Scene, type Task } from '../domain/scene.ts';
import { factsAt, HOUR, MINUTE, type Span } from './clock.ts';
import { draw, type Draw } from './draw.ts';
import { operator, type HomeOperator } from './operator.ts';
import type { Pledge } from './pledge.ts';
import { requestOf } from './requests.ts';
import { scheduleOf } from './schedule.ts';
import { homePhysics, type HomeState } from './state.ts';

export const WORLD_NAME = 'household';

/** As the agent's specification says. */
export const CAPACITY_WH = 1100;
export const RESERVE_WH = 100;
/** Enough to tell someone no and to ask someone else. */
const WORDS_WH = 20;
/** What an hour on the dock gives. */
export const GAIN_WH = 350;

/** Everything that the world knows about one situation. */
export interface HomeScene extends Scene<HomeOperator> {
  draw: Draw;
  physics: Physics<HomeOperator, HomeState>;
  timetable: readonly Span[];
  /** The target: what was promised or asked for. */
  pledges: readonly Pledge[];
  /** Facts that make a stance's plan complete; a pledge's fact also counts as brought about when its receiver has let it go. */
  goals: Readonly<Record<Stance, readonly string[]>>;
  start: HomeState;
  /** What must be left in the battery at the end, Wh. */
  finalWh: number;
  /** Place of an operator in the best way. */
  rank: ReadonlyMap<string, number>;
}

/** @throws Error when the situation is not one of this world. */
export function sceneOf({ world }: Pick<SituationContent, 'world'>): HomeScene {
  if (world?.name !== WORLD_NAME) throw new Error(`world: the situation is of ${world?.name ?? 'no world'}, not of "${WORLD_NAME}"`);
  const whole = sceneFor(world.seed);
  return world.task === undefined ? whole : sceneOfTask(whole, world.task);
}

/** What a situation holds before its battery is filled and its clock set. */
type Matter = Pick<HomeScene, 'ways' | 'pledges' | 'timetable' | 'arguments' | 'goals'> & { others: HomeOperator[] };

export function sceneFor(seed: number): HomeScene {
  const d = draw(seed);
  const { others, ...matter } = d.request === null ? dayOf(d) : requestMatter(d);
  const { ways, timetable, pledges } = matter;
  const operators = new Map([...Object.values(ways).flat().flatMap((task) => task.operators), ...others].map((op) => [op.id, op]));
  const drawnWh = Math.max(...Object.values(ways).map((tasks) => tasks.flatMap((task) => task.operators).reduce((total, op) => total + op.energyWh, 0)));
  const startWh = RESERVE_WH + drawnWh + (d.charge ? -Math.min(d.shortWh, drawnWh - WORDS_WH) : d.spareWh);
  return {
    ...matter,
    draw: d,
    operators,
    ...lexicon(operators.values(), ways, d.flat),
    best: d.best,
    flat: d.flat,
    physics: homePhysics(pledges, timetable, { capacityWh: CAPACITY_WH, gainWh: GAIN_WH }),
    start: { batteryWh: startWh, facts: factsAt(d.startS, [], timetable), clockS: d.startS },
    finalWh: RESERVE_WH,
    rank: new Map((ways[d.best] ?? []).flatMap((task) => task.operators).map((op, i) => [op.id, i])),
  };
}

/** One task by itself: all before it is done, at the time of day that this takes. */
function sceneOfTask(whole: HomeScene, id: string): HomeScene {
  const { task, start, purpose, following } = partOf(whole, whole.physics, whole.start, whole.goals[whole.best], id);
  const ways = { pursue: task.operators.map((op) => ({ id: op.id, text: '', operators: [op] })) };
  const goals = purpose.filter((fact) => !start.facts.includes(fact) && !whole.timetable.some((span) => span.fact === fact));
  const asker = whole.pledges[0]?.to ?? '';
  return {
    ...whole,
    ...lexicon(whole.operators.values(), ways, true),
    best: 'pursue',
    ways,
    flat: true,
    pledges: goals.map((fact) => whole.pledges.find((pledge) => pledge.fact === fact) ?? { to: asker, fact, what: '', byS: Number.POSITIVE_INFINITY, release: null }),
    goals: { pursue: goals, palliate: [], decline: [] },
    start,
    finalWh: RESERVE_WH + drawnBeforeCharging(following),
  };
}

const CHARGE = operator({ id: 'charge', text: 'Charge on the dock for an hour.', after: 'The battery has been charged for an hour.', durationS: HOUR, success: 0.99, adds: ['charged'], charges: true });

function charging(d: Draw): Task<HomeOperator>[] {
  return d.charge ? [single(CHARGE)] : [];
}

function single(op: HomeOperator): Task<HomeOperator> {
  return { id: op.id, text: '', operators: [op] };
}

function dayOf(d: Draw): Matter {
  const { tasks, pledges, timetable, others } = scheduleOf(d, d.charge ? CHARGE.durationS : 0);
  return {
    ways: { pursue: [...charging(d), ...tasks] },
    others: [...others, ...(d.charge ? [] : [CHARGE])],
    pledges,
    timetable,
    arguments: { pursue: '', palliate: '', decline: '' },
    goals: { pursue: pledges.map(({ fact }) => fact), palliate: [], decline: [] },
  };
}

function requestMatter(d: Draw): Matter {
  const { asker, what, wrong, instead, text, steps, easeText, easeSteps, tell, refer } = requestOf(d.request ?? 'papers', d);
  const eased = d.best === 'palliate';
  const takesS = steps.reduce((total, op) => total + op.durationS, d.charge ? CHARGE.durationS : 0);
  const byS = d.startS + takesS + (d.slackS[0] ?? 0);
  const pursue = [...charging(d), { id: 'grant', text, operators: steps }];
  const decline = [single(tell), single(refer)];
  const palliate = [...charging(d), { id: 'ease', text: easeText, operators: easeSteps }, single(refer)];
  return {
    ways: { pursue, decline, ...(eased ? { palliate } : {}) },
    others: d.charge ? [] : [CHARGE],
    pledges: [{ to: asker, fact: 'granted', what, byS: Math.ceil(byS / (5 * MINUTE)) * 5 * MINUTE, release: null }],
    timetable: [],
    arguments: { pursue: '', palliate: `${wrong}; ${instead}.`, decline: `${wrong}.` },
    goals: { pursue: ['granted'], palliate: eased ? ['eased', 'referred'] : [], decline: ['told', 'referred'] },
  };
}
