import { expect, test } from 'vitest';
import { CorruptData } from '../../activities/failures.ts';
import { TurnedAway } from '../../activities/limits/turned-away.ts';
import { Outages } from '../../activities/outages.ts';

/** A minute, ms. */
const MINUTE = 60_000;

function listening() {
  const told: string[] = [];
  const clock = { ms: 0 };
  const outages = new Outages((campaign, reason) => Promise.resolve(void told.push(`${campaign}: ${reason}`)), () => clock.ms);
  const fails = (what?: string, error = new Error('away')) => outages.watch('c', () => Promise.reject(error), what).catch(() => undefined);
  const passes = (what?: string) => outages.watch('c', () => Promise.resolve(), what);
  return { told, fails, passes, outages, clock };
}

test('a campaign is told of the third failure in a row, once, and of the first success after it', async () => {
  const { told, fails, passes } = listening();
  await fails();
  await fails();
  await passes();
  await fails();
  await fails();
  expect(told.splice(0)).toEqual(['c: ']);
  await fails();
  await fails();
  expect(told).toEqual(['c: Model.Unavailable: away']);
  await passes();
  await passes();
  expect(told).toEqual(['c: Model.Unavailable: away', 'c: ']);
});

test('a worker takes back with its first success what one before it may have told', async () => {
  const { told, passes } = listening();
  await passes();
  await passes('tool map');
  expect(told).toEqual(['c: ']);
});

test('as long as calls fail, a campaign is told again every minute', async () => {
  const { told, fails, clock } = listening();
  for (let half = 0; half < 8; half++) {
    clock.ms = (half * MINUTE) / 2;
    await fails();
  }
  // from the third failure on: after 1, 2 and 3 minutes
  expect(told).toEqual(Array.from({ length: 3 }, () => 'c: Model.Unavailable: away'));
});

test('a failure that retrying cannot mend is no outage', async () => {
  const { told, fails } = listening();
  for (let i = 0; i < 3; i++) await fails('model', new CorruptData('x'));
  expect(told).toEqual([]);
});

test('answers of the model neither hide that a tool is out of reach nor take back that it was', async () => {
  const { told, fails, passes } = listening();
  for (let i = 0; i < 3; i++) {
    await fails('tool map', new Error('no map'));
    await passes();
  }
  expect(told).toEqual(['c: ', 'c: Model.Unavailable: no map']);
  for (let i = 0; i < 3; i++) await fails();
  await passes();
  expect(told.slice(2)).toEqual(['c: Model.Unavailable: away', 'c: Model.Unavailable: no map']);
  await passes('tool map');
  expect(told.at(-1)).toBe('c: ');
});

test('a campaign whose calls wait for a limit is told at once, and an outage meanwhile is another matter', async () => {
  const { told, fails, passes, outages } = listening();
  outages.held('c', 'rate limit: 60 requests a minute');
  await passes();
  expect(told).toEqual(['c: rate limit: 60 requests a minute']);
  for (let i = 0; i < 3; i++) await fails();
  await passes();
  outages.held('c', '');
  expect(told.slice(1)).toEqual(['c: Model.Unavailable: away', 'c: rate limit: 60 requests a minute', 'c: ']);
});

test('that a worker shuts down is no outage', async () => {
  const { told, fails } = listening();
  for (let i = 0; i < 5; i++) await fails(undefined, new TurnedAway());
  expect(told).toEqual([]);
});

test('what is on its way when a worker ends is waited for', async () => {
  let arrive = () => {};
  const outages = new Outages(() => new Promise((resolve) => (arrive = resolve)));
  outages.passed('c');
  let said = false;
  const waiting = outages.said().then(() => (said = true));
  await new Promise(setImmediate);
  expect(said).toBe(false);
  arrive();
  await waiting;
  await expect(outages.said()).resolves.toBeUndefined();
});
