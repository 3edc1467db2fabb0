import { expect, test } from 'vitest';
import { capabilityLines, modelLine } from '../../../cli/campaign/capability-lines.ts';
import type { Capabilities } from '../../../infra/capabilities.ts';

const SILENT: Capabilities = {
  model: 'm',
  structured: 'tool',
  promptCache: 'unknown',
  tokenCounting: 'no',
  batches: 'unknown',
  usage: { input: false, output: true, cache: false },
  limits: { requests: null, tokens: null, inputTokens: null, outputTokens: null },
  contextTokens: null,
  outputTokens: null,
};
const PROVIDER = { identity: 'origin:http://a', simulated: null, origin: 'http://a' };
const says = (capabilities: Capabilities) => Object.fromEntries(capabilityLines(capabilities).map((line) => [line.what, line.says]));

test('what a server does not state is said to be unstated or unknown', () => {
  expect(says(SILENT)).toMatchObject({ limits: 'requests a minute not stated, tokens a minute not stated', context: 'not stated', batches: 'unknown' });
  expect(says(SILENT)['prompt cache']).toMatch(/^unknown/);
  expect(Object.values(says(SILENT)).join(' ')).not.toMatch(/\b0\b/);
});

test('limits of input and output are named apart, and together where the server counts them so', () => {
  expect(says({ ...SILENT, limits: { requests: 50, tokens: 38_000, inputTokens: 30_000, outputTokens: 8_000 } })['limits']).toBe('50 requests a minute, 30,000 input tokens a minute, 8,000 output tokens a minute');
  expect(says({ ...SILENT, limits: { requests: 50, tokens: 38_000, inputTokens: null, outputTokens: null } })['limits']).toBe('50 requests a minute, 38,000 tokens a minute');
});

test('missing counts are named with what the budget does about them', () => {
  expect(modelLine(SILENT, PROVIDER)).toBe('m at http://a answers a call of one token; its usage has no count of input tokens: what a call costs is unknown, and the budget books each at its reservation');
  expect(modelLine({ ...SILENT, usage: { input: true, output: true, cache: false } }, PROVIDER)).toMatch(/no cache fields: what the cache saves is unknown$/);
  expect(modelLine(SILENT, { ...PROVIDER, simulated: '0123456789abcdef' })).toMatch(/^m SIMULATED \(law 0123456789ab\) answers/);
});
