import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isSimilar, meanDistance, shinglesOf } from '../../../activities/diversity.ts';
import { situationsOf } from '../../../activities/imagine.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import { readFileAs } from '../../../infra/read-file.ts';
import { buildDraft } from '../../../plans/build.ts';
import { AgentSpec } from '../../../schemas/agent.ts';
import type { Cell } from '../../../schemas/imagined.ts';
import { IMAGINE_JSON_SCHEMA } from '../../../schemas/json-schema.ts';
import type { Law } from '../../../schemas/law.ts';
import type { Horizon } from '../../../schemas/levels.ts';
import { StepBlock } from '../../../schemas/prompt.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import { DraftOutput, ImagineOutput } from '../../../schemas/wire.ts';
import { placedInWorld } from '../../../worlds/known.ts';
import { relief } from '../../../worlds/relief/index.ts';
import { answer } from '../../../worlds/sim/answer.ts';
import { parseMessages } from '../../../worlds/sim/request.ts';
import { block, lawNamed, request } from './prompts.ts';

const AGENT = readFileAs(join(packageRoot, 'agents', 'field-rover.yaml'), AgentSpec);

interface Asked {
  agent?: string;
  task?: Cell['task'];
  horizon?: Horizon;
  count?: number;
  others?: string[];
  variation?: number;
}

const cellOf = ({ agent = relief.agent, task = 'plan', horizon = ['hours', 'days'] }: Asked): Cell => ({ agent, domain: 'supplies', horizon, stakes: 'high', task });

function imagined(asked: Asked = {}, law: Law = lawNamed('default', { repeat: 0 })): SituationContent[] {
  const { agent, horizon, ...cell } = cellOf(asked);
  const { count = 5, others = [], variation = 0 } = asked;
  const body: MessageCreateParamsNonStreaming = {
    model: 'claude-test',
    max_tokens: 8_000,
    system: [{ type: 'text', text: 'Rules.' }],
    messages: [
      {
        role: 'user',
        content: [
          block({ agent: { ...AGENT, name: agent } }),
          block({ imagine: { ...cell, horizon: horizon.join('/'), count, variation, others } }),
          block(StepBlock.parse({ step: { kind: 'imagine', instructions: 'Imagine.' } })),
        ],
      },
    ],
    output_config: { format: { type: 'json_schema', schema: IMAGINE_JSON_SCHEMA } },
  };
  const { content } = answer(parseMessages(body), law);
  if (content.kind !== 'text') throw new Error('no text');
  return situationsOf(ImagineOutput.parse(JSON.parse(content.text)), cellOf(asked), count);
}

const texts = (situations: SituationContent[]) => situations.map(({ initial, target }) => shinglesOf(`${initial} ${target ?? ''}`));

describe('the simulated model, asked to imagine', () => {
  test('gives as many situations as are asked for, of the cell, and the same when asked the same', () => {
    expect(imagined({ count: 7 })).toHaveLength(7);
    expect(imagined()).toEqual(imagined());
    expect(imagined({ variation: 1 })).not.toEqual(imagined());
  });

  test.each<[string, Horizon]>([['hours/days', ['hours', 'days']], ['minutes/hours/days', ['minutes', 'hours', 'days']], ['days', ['days']]])(
    'for the agent of a world and the horizon %s writes what the world knows again by its words, and can then plan it',
    (_, horizon) => {
      for (const situation of imagined({ horizon })) {
        expect(situation.world).toBeNull();
        expect(placedInWorld(situation)?.world?.name).toBe(relief.name);
        const { content } = answer(parseMessages(request({ kind: 'draft', situation })), lawNamed('default'));
        if (content.kind !== 'text') throw new Error('no text');
        expect(() => buildDraft(DraftOutput.parse(JSON.parse(content.text)), situation)).not.toThrow();
      }
    },
  );

  test.each<[string, Asked]>([['another agent', { agent: 'somebody' }], ['a prediction', { task: 'predict' }]])('for %s writes sketches that belong to no world', (_, asked) => {
    const situations = imagined(asked);
    expect(situations.map(placedInWorld)).toEqual([null, null, null, null, null]);
    expect(situations.every(({ target }) => (target === null) === (asked.task === 'predict'))).toBe(true);
  });

  test.each<[string, Asked]>([['worlds', {}], ['sketches', { agent: 'somebody' }]])('varies: situations of %s resemble each other seldom', (_, asked) => {
    const all = texts(Array.from({ length: 12 }, (_each, variation) => imagined({ ...asked, variation })).flat());
    expect(meanDistance(all)).toBeGreaterThan(0.6);
    const pairs = all.flatMap((a, i) => all.slice(i + 1).map((b) => isSimilar(a, b, 0.6)));
    expect(pairs.filter(Boolean).length / pairs.length).toBeLessThan(0.02);
  });

  test('repeats earlier ones nearly word for word by the law\'s rate', () => {
    const others = imagined({ count: 3 }).map(({ initial }) => initial);
    const rate = (repeat: number) => {
      const all = Array.from({ length: 60 }, (_, variation) => imagined({ agent: 'somebody', others, variation, count: 5 }, lawNamed('default', { repeat }))).map((situations) => [...others, ...situations.map(({ initial }) => initial)]);
      return all.reduce((sum, initials) => sum + initials.length - new Set(initials).size, 0) / (60 * 5);
    };
    expect(rate(0)).toBe(0);
    // four standard errors of 0.026
    expect(Math.abs(rate(0.3) - 0.3)).toBeLessThan(0.11);
    expect(rate(1)).toBe(1);
  });
});
