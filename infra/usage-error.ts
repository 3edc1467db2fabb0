/** A user's mistake: printed as one line, without a trace, exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Nothing says where a service is: there are verbs that do without it. */
export class NotConfigured extends UsageError {}
