import type { Safeguard } from '../domain/operator.ts';
import { HOUR, MINUTE } from './clock.ts';
import type { Draw, Errand } from './draw.ts';
import { operator, type HomeOperator } from './operator.ts';

/** Something promised that takes several steps. */
export interface ErrandPlan {
  id: Errand;
  /** The coarse action's text. */
  text: string;
  /** To whom it is promised, and what is. */
  to: string;
  what: string;
  fact: string;
  /** What the robot knows about it from the start. */
  told: string;
  /** In the order in which they are done, without the waiting between them. */
  steps: HomeOperator[];
  /** Worse ways of doing a step. */
  worse: HomeOperator[];
}

/** An errand as a situation draws it. */
export function errandOf(errand: Errand, d: Draw): ErrandPlan {
  return { dose, loan, clean, meal, parcel }[errand](d);
}

/** What hurts a sleeper. */
function wakes({ ill }: Draw): Safeguard {
  return { fact: 'awake', flaw: 'harm', without: `heed of ${ill}'s sleep`, harm: { on: ill, amount: 0.35, why: 'a sick person is woken' } };
}

function dose(d: Draw): ErrandPlan {
  const { ill, medicine } = d;
  const give = operator({
    id: 'dose.give',
    text: `Give ${ill} the dose of the ${medicine}.`,
    after: `${ill} has had the dose of the ${medicine}.`,
    durationS: 15 * MINUTE,
    energyWh: 25,
    success: 0.97,
    needs: { facts: ['dose at hand'] },
    safeguards: [{ fact: 'dose checked', flaw: 'risk', without: 'a look at the label: it may be the wrong dose', success: 0.72 }, wakes(d)],
    adds: ['dosed'],
    failure: { harm: { on: ill, amount: 0.4, why: 'a wrong dose' }, loses: [] },
  });
  return {
    id: 'dose',
    text: `See to the dose of the ${medicine} for ${ill}.`,
    to: ill,
    what: `${ill} has had the dose of the ${medicine}`,
    fact: 'dosed',
    told: `${ill} is to have a dose of the ${medicine}, by the plan on the fridge.`,
    steps: [
      operator({ id: 'dose.check', text: `Compare the label of the ${medicine} with the dosing plan.`, after: `The dose of the ${medicine} is known.`, durationS: 10 * MINUTE, energyWh: 15, success: 0.99, adds: ['dose checked'] }),
      operator({ id: 'dose.fetch', text: `Fetch the ${medicine} and a glass of water.`, after: `The robot holds the ${medicine} and a glass of water.`, durationS: 15 * MINUTE, energyWh: 35, success: 0.985, adds: ['dose at hand'] }),
      give,
    ],
    worse: [
      {
        ...give,
        id: 'dose.hide',
        text: `Stir the dose of the ${medicine} into ${ill}'s tea unseen.`,
        harms: [{ on: ill, amount: 0.5, why: 'medicine without being asked or told' }],
        insteadOf: { id: give.id, flaw: 'harm', why: `hidden in the tea, the ${medicine} is forced on ${ill}` },
      },
    ],
  };
}

function loan(d: Draw): ErrandPlan {
  const { other, working, belonging } = d;
  const fetch = operator({
    id: 'loan.fetch',
    text: `Fetch the ${belonging} from ${working}'s room.`,
    after: `The robot holds the ${belonging}.`,
    durationS: 20 * MINUTE,
    energyWh: 45,
    success: 0.98,
    safeguards: [{ fact: 'lent', flaw: 'permission', without: `the consent of ${working}, whose it is`, harm: { on: working, amount: 0.4, why: 'someone goes through the room and takes what is not theirs' } }],
    adds: ['loan at hand'],
  });
  return {
    id: 'loan',
    text: `Get ${other} the ${belonging} of ${working}.`,
    to: other,
    what: `${other} has the ${belonging} of ${working}`,
    fact: 'loan handed over',
    told: `${other} would like to borrow the ${belonging} of ${working}, which lies in ${working}'s room.`,
    steps: [
      operator({
        id: 'loan.ask',
        text: `Ask ${working} whether ${other} may have the ${belonging}.`,
        after: `${working} lends ${other} the ${belonging}.`,
        durationS: 10 * MINUTE,
        energyWh: 10,
        success: 0.96,
        safeguards: [{ fact: 'free', flaw: 'scarcity', without: `regard for ${working}'s time`, harm: { on: working, amount: 0.25, why: 'a call out of a meeting' } }],
        adds: ['lent'],
        harms: [{ on: working, amount: 0.02, why: 'a question takes a moment' }],
      }),
      fetch,
      operator({ id: 'loan.hand', text: `Bring ${other} the ${belonging}.`, after: `${other} has the ${belonging} of ${working}.`, durationS: 20 * MINUTE, energyWh: 35, success: 0.985, needs: { facts: ['loan at hand'] }, adds: ['loan handed over'] }),
    ],
    worse: [
      {
        ...fetch,
        id: 'loan.errand',
        text: `Have ${working} leave the desk and look for the ${belonging}.`,
        durationS: 30 * MINUTE,
        energyWh: 5,
        harms: [{ on: working, amount: 0.3, why: 'half an hour of work lost' }],
        insteadOf: { id: fetch.id, flaw: 'scarcity', why: `it takes half an hour of ${working}'s work to spare the robot a way` },
      },
    ],
  };
}

function clean(d: Draw): ErrandPlan {
  const { working, room } = d;
  const vacuum = operator({
    id: 'clean.vacuum',
    text: `Vacuum the ${room}.`,
    after: `The ${room} is clean.`,
    durationS: HOUR,
    energyWh: 220,
    success: 0.98,
    needs: { facts: ['bag fitted'] },
    safeguards: [{ fact: 'floor clear', flaw: 'risk', without: 'a clear floor: small things may jam it', success: 0.7 }, wakes(d)],
    adds: ['cleaned'],
    failure: { harm: { on: working, amount: 0.15, why: 'something of theirs is sucked in and broken' }, loses: [] },
  });
  return {
    id: 'clean',
    text: `Make the ${room} ready for ${working}'s guests.`,
    to: working,
    what: `the ${room} is clean for ${working}'s guests`,
    fact: 'cleaned',
    told: `${working} expects guests in the ${room}, whose floor is strewn with small things; the vacuum cleaner is loud and its bag full.`,
    steps: [
      operator({ id: 'clean.clear', text: `Pick up what lies on the floor of the ${room}.`, after: `The floor of the ${room} is clear.`, durationS: 30 * MINUTE, energyWh: 60, success: 0.99, adds: ['floor clear'] }),
      operator({ id: 'clean.bag', text: 'Fit an empty bag to the vacuum cleaner.', after: 'The vacuum cleaner has an empty bag.', durationS: 10 * MINUTE, energyWh: 15, success: 0.985, adds: ['bag fitted'] }),
      vacuum,
    ],
    worse: [
      {
        ...vacuum,
        id: 'clean.thrice',
        text: `Vacuum the ${room} three times over.`,
        durationS: 3 * vacuum.durationS,
        energyWh: 3 * vacuum.energyWh,
        insteadOf: { id: vacuum.id, flaw: 'scarcity', why: `once is enough: three times takes ${3 * vacuum.energyWh} Wh where ${vacuum.energyWh} Wh do, and two hours more` },
      },
    ],
  };
}

function meal({ elder, working, dish }: Draw): ErrandPlan {
  const cook = operator({
    id: 'meal.cook',
    text: `Cook ${dish} for ${elder}.`,
    after: `There is ${dish} on the stove.`,
    durationS: HOUR,
    energyWh: 140,
    success: 0.97,
    safeguards: [{ fact: 'pads clean', flaw: 'risk', without: 'clean gripper pads', success: 0.75 }],
    adds: ['cooked'],
    failure: { harm: { on: elder, amount: 0.3, why: 'food that makes ill' }, loses: [] },
  });
  return {
    id: 'meal',
    text: `See to the meal of ${elder}.`,
    to: elder,
    what: `${elder} has eaten ${dish}`,
    fact: 'fed',
    told: `${elder} waits for ${dish}.`,
    steps: [
      operator({ id: 'meal.clean', text: 'Clean the gripper pads with alcohol.', after: 'The gripper pads are clean.', durationS: 15 * MINUTE, energyWh: 10, success: 0.99, adds: ['pads clean'] }),
      cook,
      operator({ id: 'meal.serve', text: `Serve ${elder} the meal.`, after: `${elder} has eaten ${dish}.`, durationS: 20 * MINUTE, energyWh: 30, success: 0.985, needs: { facts: ['cooked'] }, adds: ['fed'] }),
    ],
    worse: [
      {
        ...cook,
        id: 'meal.larder',
        text: `Cook ${dish} for ${elder} from all that is in the larder.`,
        harms: [{ on: working, amount: 0.3, why: 'the food for a week is gone' }],
        insteadOf: { id: cook.id, flaw: 'scarcity', why: `it uses up for one meal what ${working} has bought for a week` },
      },
    ],
  };
}

function parcel({ neighbour, child, elder }: Draw): ErrandPlan {
  const find = operator({ id: 'parcel.find', text: `Look out the parcel for ${neighbour} in the hall.`, after: `The robot holds the parcel for ${neighbour}.`, durationS: 15 * MINUTE, energyWh: 20, success: 0.985, adds: ['parcel at hand'] });
  return {
    id: 'parcel',
    text: `See that ${neighbour} gets the parcel.`,
    to: neighbour,
    what: `${neighbour} next door has the parcel`,
    fact: 'parcel handed over',
    told: `A parcel for ${neighbour} next door lies in the hall; ${child}, who is small, must not be left alone, but ${elder} is at home.`,
    steps: [
      find,
      operator({ id: 'parcel.mind', text: `Ask ${elder} to mind ${child} for half an hour.`, after: `${elder} minds ${child}.`, durationS: 10 * MINUTE, energyWh: 5, success: 0.985, adds: ['child minded'] }),
      operator({
        id: 'parcel.carry',
        text: `Carry the parcel across the landing to ${neighbour}.`,
        after: `${neighbour} next door has the parcel.`,
        durationS: 25 * MINUTE,
        energyWh: 60,
        success: 0.975,
        needs: { facts: ['parcel at hand'] },
        safeguards: [{ fact: 'child minded', flaw: 'risk', without: 'anyone at home who minds the child', harm: { on: child, amount: 0.35, why: 'a small child is alone in the flat' } }],
        adds: ['parcel handed over'],
      }),
    ],
    worse: [
      {
        ...find,
        id: 'parcel.open',
        text: `Open the parcels in the hall to see which is for ${neighbour}.`,
        harms: [{ on: neighbour, amount: 0.4, why: 'someone looks into the post' }],
        insteadOf: { id: find.id, flaw: 'harm', why: `what ${neighbour} gets by post is nobody else's to see` },
      },
    ],
  };
}
