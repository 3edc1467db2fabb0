import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const Call = z.object({ idempotencyKey: z.string().nullable(), bodyHash: z.string(), status: z.int(), limit: z.string().optional() });
/** One answered request for a message; 200 is a paid one. `limit`: the rate limit that refused it unread. */
export type Call = z.infer<typeof Call>;

/**
 * Counts answered calls. With a journal, each call is a JSON line with its time (`at`, ms), on disk before the answer goes out, and an earlier journal is
 * read back: so counts outlive a kill of the server.
 */
export class Ledger {
  private readonly counts = new Map<string, Call & { times: number }>();
  private readonly bodies = new Map<string, number>();
  private readonly journal: string | null;

  constructor(journal: string | null = null) {
    this.journal = journal;
    if (journal === null || !existsSync(journal)) return;
    for (const line of readFileSync(journal, 'utf8').split('\n')) {
      const call = readLine(line);
      if (call) this.count(call);
    }
  }

  /** `taken`: tokens that count against the rate limits, for the journal alone. */
  record(call: Call, taken: { inputTokens?: number; outputTokens?: number } = {}): void {
    if (this.journal !== null) appendFileSync(this.journal, `${JSON.stringify({ at: Date.now(), ...call, ...taken })}\n`);
    this.count(call);
  }

  /** How often a body was answered, whatever the status; a rate limit's refusals do not count, so that faults do not hang on time. */
  times(bodyHash: string): number {
    return this.bodies.get(bodyHash) ?? 0;
  }

  /** True where the very call was answered before, with this status. */
  knows(call: Call): boolean {
    return this.counts.has(idOf(call));
  }

  calls(): (Call & { times: number })[] {
    return [...this.counts.values()];
  }

  private count(call: Call): void {
    const key = idOf(call);
    const known = this.counts.get(key);
    if (known) known.times += 1;
    else this.counts.set(key, { ...call, times: 1 });
    if (call.limit === undefined) this.bodies.set(call.bodyHash, this.times(call.bodyHash) + 1);
  }
}

/** null for a line that a kill cut short. */
function readLine(line: string): Call | null {
  try {
    return Call.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function idOf({ idempotencyKey, bodyHash, status, limit }: Call): string {
  return JSON.stringify([idempotencyKey, bodyHash, status, limit]);
}
