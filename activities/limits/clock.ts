/** Time as the limiter sees it, so that tests can let it pass. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls `then` once, `ms` from now; what it gives takes that back. */
  after(ms: number, then: () => void): () => void;
}

export const wallClock: Clock = {
  now: Date.now,
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
