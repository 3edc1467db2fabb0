import { ApplicationFailure } from '@temporalio/common';
import type { WaitingCall } from '../../schemas/batches.ts';
import { FAILURE, NOTHING_LOST } from '../../schemas/failure-types.ts';
import { parseTries, type Tried } from '../ranges.ts';
import { Slots } from '../../infra/slots.ts';
import type { Bench } from './ports.ts';

const WAKES_AT_ONCE = 32;

/** The answer is stored: the step is taken again at once. */
export function answered(): ApplicationFailure {
  return ApplicationFailure.create({ type: FAILURE.batchAnswered, message: 'the answer has come', nextRetryDelay: 1 });
}

/** The answer will not come, and the step has no money to ask for it: it is taken again at once, and asks for some. */
export function unanswered(): ApplicationFailure {
  return ApplicationFailure.create({ type: FAILURE.batchUnanswered, message: 'the batch of an earlier run has not answered it', nextRetryDelay: 1 });
}

/** The campaign is cancelled: the call was not made. */
export function released(): ApplicationFailure {
  return ApplicationFailure.create({ type: FAILURE.batchReleased, message: 'cancelled before the batch was answered', nonRetryable: true });
}

/** Keys of a step's first call, with no tool turn and no repair before it. */
const FIRST_OF_STEP = /\.k0\.r0\.json$/;

/** The provider has turned the call down, and bills nothing for it; but what its step has paid for before, nobody has booked. */
export function turnedDown({ key }: { key: string }, { type, message }: { type?: string | null | undefined; message: string }): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type, ...(FIRST_OF_STEP.test(key) ? [NOTHING_LOST] : []));
}

/** Wakes whoever waits for this call now, if anyone does: a campaign that has begun anew waits under another run. */
export async function wake({ desk, intents, campaign }: Pick<Bench, 'desk' | 'intents' | 'campaign'>, { index, try: attempt, key }: Tried & { key: string }, failure: ApplicationFailure): Promise<void> {
  const call = await intents.waiting(index, attempt);
  if (call?.key === key) await desk.wake({ campaign: campaign.name, index, try: attempt }, call, failure);
}

/** Ends the wait of each of these situations, whatever it waits for. */
export async function wakeAll({ desk, intents, campaign }: Pick<Bench, 'desk' | 'intents' | 'campaign'>, waiting: string, failureOf: (call: WaitingCall) => ApplicationFailure): Promise<void> {
  const slots = new Slots(WAKES_AT_ONCE);
  await Promise.all(
    parseTries(waiting).map((tried) =>
      slots.run(async () => {
        const call = await intents.waiting(tried.index, tried.try);
        if (call !== null) await desk.wake({ campaign: campaign.name, ...tried }, call, failureOf(call));
      }),
    ),
  );
}
