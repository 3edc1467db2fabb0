import type { Capabilities, Support } from '../../infra/capabilities.ts';
import type { Provider } from '../../infra/provider.ts';
import { count, counted } from '../figures.ts';

/** Who answered the call of one token, and what its usage counts. */
export function modelLine({ model, usage }: Capabilities, provider: Provider): string {
  const who = provider.simulated === null ? `at ${provider.origin}` : `SIMULATED (law ${provider.simulated.slice(0, 12)})`;
  return `${model} ${who} answers a call of one token; ${usageLine(usage)}`;
}

function usageLine({ input, output, cache }: Capabilities['usage']): string {
  if (!input || !output) return `its usage has no count of ${[...(input ? [] : ['input']), ...(output ? [] : ['output'])].join(' or ')} tokens: what a call costs is unknown, and the budget books each at its reservation`;
  return cache ? 'its usage counts input, output and cache' : 'its usage has no cache fields: what the cache saves is unknown';
}

/** What the server can do, a line each. */
export function capabilityLines({ structured, promptCache, tokenCounting, batches, limits, contextTokens }: Capabilities): { what: string; says: string }[] {
  return [
    { what: 'structured output', says: ROUTES[structured] },
    { what: 'prompt cache', says: CACHE[promptCache] },
    { what: 'token counting', says: COUNTING[tokenCounting] },
    { what: 'batches', says: batches },
    { what: 'limits', says: limitsLine(limits) },
    { what: 'context', says: contextTokens === null ? 'not stated' : counted(contextTokens, 'token') },
  ];
}

const ROUTES: Record<Capabilities['structured'], string> = {
  schema: 'by JSON Schema',
  tool: 'by a forced tool call (the server has no structured output)',
  text: 'by words alone: expect repairs (the server takes neither a schema nor a forced tool call)',
};

const CACHE: Record<Support, string> = {
  yes: 'yes',
  no: 'no: of two equal calls the second read nothing from it; `estimate` without a cache is the one to go by',
  unknown: 'unknown: `estimate` without a cache is the one to go by',
};

const COUNTING: Record<Support, string> = {
  yes: 'yes',
  no: 'no: chapters are reserved by their bytes, which bound their tokens from above',
  unknown: 'unknown',
};

function limitsLine({ requests, tokens, inputTokens, outputTokens }: Capabilities['limits']): string {
  const a = (limit: number | null, noun: string) => (limit === null ? [] : [`${count(limit)} ${noun} a minute`]);
  const ofTokens = [...a(inputTokens, 'input tokens'), ...a(outputTokens, 'output tokens'), ...(inputTokens === null ? a(tokens, 'tokens') : [])];
  return `${requests === null ? 'requests a minute not stated' : `${count(requests)} requests a minute`}, ${ofTokens.length === 0 ? 'tokens a minute not stated' : ofTokens.join(', ')}`;
}
