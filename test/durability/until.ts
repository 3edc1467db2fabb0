import { setTimeout as sleep } from 'node:timers/promises';

/** How long anything may take: a lost worker is noticed by missing heartbeats alone. */
const LIMIT_MS = 120_000;
const EVERY_MS = 20;

/** Polls; what is waited for stands in the error. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, limitMs = LIMIT_MS): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it never came about that ${what}`);
    await sleep(EVERY_MS);
  }
}

/** The promise's value, or an error that says what did not come about. */
export async function inTime<T>(promise: Promise<T>, what: string, limitMs = LIMIT_MS): Promise<T> {
  const given = new AbortController();
  const late = sleep(limitMs, undefined, { signal: given.signal }).then(() => {
    throw new Error(`it never came about that ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    given.abort();
    late.catch(() => undefined);
  }
}
