import { expect, test } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { exchangeText, readExchange } from '../../../cli/show/exchange.ts';
import { readShown } from '../../../cli/show/situation.ts';
import { canonicalJson } from '../../../schemas/canonical.ts';
import type { StepRecord } from '../../../schemas/records.ts';
import { noFindings } from '../../fakes/stage-model.ts';
import { cast, play, store, useStage } from '../../harness/stage.ts';

useStage();

test('a step that called tools is shown with each call and what the tool answered, in order', async () => {
  const asks = (id: string, name: string, expression: string) => ({ id, name, input: { expression } });
  const played = await play(
    cast({
      critique: ({ toolAnswers }) => {
        if (toolAnswers.length === 0) return { text: '', stop: 'tools', toolCalls: [asks('t1', 'compute', '1/3 + 1/6'), asks('t2', 'oracle', 'tomorrow')] };
        return toolAnswers.length === 2 ? { text: 'Once more.', stop: 'tools', toolCalls: [asks('t3', 'compute', '6 * 7')] } : noFindings;
      },
    }),
    { texts: 1, actor: { alternatives: 0 }, file: { tools: [{ builtin: 'compute' }] } },
  );
  const reader = new CampaignReader(store);
  const campaign = await reader.campaign(played.campaign);
  const exchange = await readExchange(reader, campaign, await readShown(reader, campaign, '0'), 'p1.t1.critique');
  expect(exchange.exact).toBe(true);
  expect(exchange.answers.map(({ toolAnswers }) => toolAnswers.map((answer) => answer?.error))).toEqual([[false, true], [false], []]);
  const text = exchangeText(exchange);
  const answers = text.slice(text.indexOf('--- answer 1 of 3'));
  expect(answers).not.toMatch(/^$/m);
  const inOrder = ['--- answer 1 of 3', '--- it calls compute', '"1/3 + 1/6"', '--- compute answers', '1/2', '--- it calls oracle', '"tomorrow"', '--- oracle fails', 'there is no tool "oracle"', '--- answer 2 of 3', 'Once more.', '--- it calls compute', '"6 * 7"', '--- compute answers', '42', '--- answer 3 of 3', '"findings"'];
  let at = 0;
  for (const part of inOrder) {
    const next = answers.indexOf(part, at);
    expect(next, `${part} in ${answers.slice(at)}`).toBeGreaterThanOrEqual(at);
    at = next + part.length;
  }
});

test('tools asked for beyond the last turn are shown as not run', async () => {
  let asked = 0;
  const played = await play(cast({ critique: () => ({ text: '', stop: 'tools', toolCalls: [{ id: `t${++asked}`, name: 'compute', input: { expression: `1 + ${asked}` } }] }) }), { texts: 1, file: { tools: [{ builtin: 'compute' }] } });
  const reader = new CampaignReader(store);
  const campaign = await reader.campaign(played.campaign);
  const exchange = await readExchange(reader, campaign, await readShown(reader, campaign, '0'), null);
  expect(exchange.answers.map(({ toolAnswers }) => toolAnswers.map((answer) => answer?.headline ?? null))).toEqual([[expect.any(String)], [expect.any(String)], [expect.any(String)], [null], [null], [null]]);
  expect(exchangeText(exchange).match(/^--- compute was not run$/gm)).toHaveLength(3);
});

test('a step that asked no model says so in a line', async () => {
  const played = await play(cast({}), { texts: 1, actor: { alternatives: 0 } });
  const reader = new CampaignReader(store);
  const campaign = await reader.campaign(played.campaign);
  const shown = await readShown(reader, campaign, '0');
  const critique: StepRecord = { ...(played.steps.at(-1) as StepRecord), previous: played.outcome.log, path: 'f1.critique', headline: '1 finding', calls: [], tools: [] };
  const outcome = { ...played.outcome, log: await reader.save(canonicalJson(critique)) };
  await expect(readExchange(reader, campaign, { ...shown, outcome }, 'f1.critique')).rejects.toThrow('--raw: step "f1.critique" made no model call (1 finding); steps that did: draft, p1.t1.critique');
});
