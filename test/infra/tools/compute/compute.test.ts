import { afterAll, expect, test } from 'vitest';
import { computeTool } from '../../../../infra/tools/compute/compute.ts';
import { CONTEXT } from '../context.ts';

const { tool, close } = computeTool();
afterAll(close);
const compute = async (expression: unknown) => await tool.run({ expression }, CONTEXT);

test('the answer has the result, and the headline the question too', async () => {
  expect(await compute('3 kWh / 250 W to h')).toEqual({ text: '12 h', error: false, headline: 'compute: 3 kWh / 250 W to h = 12 h' });
  expect((await compute('r = sqrt(2)')).headline).toBe('compute: sqrt(2) ≈ 1.4142135623731');
});

test('a wrong question is an answer that says so', async () => {
  expect(await compute('1 m + 1 s')).toMatchObject({ error: true, text: 'Units do not match' });
  expect(await tool.run({ sum: '1' }, CONTEXT)).toMatchObject({ error: true });
});

test.each([
  ['f(n) = f(n + 1)\nf(1)', /call stack/],
  ['f(n) = n > 0 ? f(n - 1) + f(n - 1) : 1\nf(60)', /^took longer than 2 s$/],
  ['bernoulli(100000)', /^took longer than 2 s$/],
])('%s is ended', async (endless, why) => {
  expect(await compute(endless)).toMatchObject({ error: true, text: expect.stringMatching(why) as string });
  expect(await compute('1 + 1')).toMatchObject({ error: false, text: '2' });
});

test.each(['zeros(100000, 100000)', 'a = ones(3000, 3000); b = concat(a, a, a, a); concat(b, b, b, b)', '1:1000000000', '2^(2^(2^(2^(2^2))))'])(
  '%s does not take the process with it',
  async (bomb) => {
    const before = process.memoryUsage().rss;
    expect(await compute(bomb)).toMatchObject({ error: true });
    expect(process.memoryUsage().rss - before).toBeLessThan(700 << 20);
    expect(await compute('1 + 1')).toMatchObject({ error: false, text: '2' });
  },
);

test('a long answer is cut off', async () => {
  const { text, error } = await compute('ones(300, 300) / 7');
  expect(error).toBe(false);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(8_000);
});

test('an aborted call ends with the reason of its signal', async () => {
  const abort = new AbortController();
  const call = tool.run({ expression: 'bernoulli(100000)' }, { ...CONTEXT, signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
});
