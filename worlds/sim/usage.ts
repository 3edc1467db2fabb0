import { contentHash, sha256Hex } from '../../schemas/canonical.ts';
import { blockText, type CacheControl, type CountTokensRequest } from './request.ts';

/** Characters that make one token, near enough. */
const CHARS_PER_TOKEN = 4;
/** Shorter prefixes are not cached. */
const LEAST_CACHED_TOKENS = 1024;
/** Blocks before a breakpoint at which an earlier entry is looked for. */
const LOOK_BACK = 20;
const TTL_MS = { '5m': 5 * 60_000, '1h': 60 * 60_000 };

export interface InputUsage {
  input_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
}

export function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

/** Tokens of everything in a request, whatever of it is cached. */
export function inputTokens(request: CountTokensRequest): number {
  return prefixes(request).at(-1)?.tokens ?? 0;
}

interface Prefix {
  /** Hash of everything up to the end of this block. */
  hash: string;
  tokens: number;
  mark: CacheControl | null;
}

/** The request as one sequence (tools, system, messages), each block with all that precedes it. The model and the answer's format come first. */
function prefixes(request: CountTokensRequest): Prefix[] {
  const { tools, system, messages, cache_control: last } = request;
  const blocks = [
    ...tools.map(({ cache_control: mark, ...tool }) => ({ text: JSON.stringify(tool), kind: 'tool', mark })),
    ...system.map(({ text, cache_control: mark }) => ({ text, kind: 'system', mark })),
    ...messages.flatMap(({ role, content }, turn) => content.map((block) => ({ text: blockText(block), kind: `${turn} ${role}`, mark: block.cache_control }))),
  ];
  let hash = contentHash([request.model, request.output_config?.format ?? null, request.tool_choice ?? null]);
  let tokens = 0;
  return blocks.map(({ text, kind, mark }, i) => {
    hash = sha256Hex(`${hash}\n${kind}\n${text}`);
    tokens += tokensOf(text);
    return { hash, tokens, mark: mark ?? (i === blocks.length - 1 ? (last ?? null) : null) };
  });
}

/** A request before it is answered. */
export interface Arrival {
  /** Tokens of the input that the cache does not hold. */
  uncachedTokens: number;
  /** Called when the answer begins: stores what the request writes, which nobody can read before. */
  begin(): InputUsage;
}

/** The service's prompt cache: an entry is the hash of a whole prefix, so that only equal beginnings are read. */
export class PromptCache {
  private readonly entries = new Map<string, { expires: number; ttl: number }>();
  private readonly now: () => number;

  /** `now`: milliseconds. */
  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  /** What a request that arrives now can read. */
  arrive(request: CountTokensRequest): Arrival {
    this.forget();
    const all = prefixes(request);
    const marks = all.flatMap(({ mark }, i) => (mark ? [i] : []));
    const known = this.longestKnown(all, marks);
    const read = known?.tokens ?? 0;
    return { uncachedTokens: (all.at(-1)?.tokens ?? 0) - read, begin: () => this.begin(all, marks, known) };
  }

  private begin(all: Prefix[], marks: number[], known: Prefix | null): InputUsage {
    const entry = known === null ? undefined : this.entries.get(known.hash);
    if (entry !== undefined) entry.expires = this.now() + entry.ttl;
    const written = { '5m': 0, '1h': 0 };
    const read = known?.tokens ?? 0;
    let done = read;
    for (const i of marks) {
      const { hash, tokens, mark } = all[i] as Prefix;
      if (tokens < LEAST_CACHED_TOKENS) continue;
      const ttl = mark?.ttl ?? '5m';
      this.entries.set(hash, { ttl: TTL_MS[ttl], expires: this.now() + TTL_MS[ttl] });
      written[ttl] += Math.max(0, tokens - done);
      done = Math.max(done, tokens);
    }
    return {
      input_tokens: (all.at(-1)?.tokens ?? 0) - done,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written['5m'] + written['1h'],
      cache_creation: { ephemeral_5m_input_tokens: written['5m'], ephemeral_1h_input_tokens: written['1h'] },
    };
  }

  private longestKnown(all: Prefix[], marks: number[]): Prefix | null {
    for (const mark of marks.toReversed()) {
      for (let i = mark; i >= Math.max(0, mark - LOOK_BACK); i--) {
        const prefix = all[i] as Prefix;
        if (this.entries.has(prefix.hash)) return prefix;
      }
    }
    return null;
  }

  private forget(): void {
    for (const [hash, { expires }] of this.entries) if (expires <= this.now()) this.entries.delete(hash);
  }
}
