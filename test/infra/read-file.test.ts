import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFileAs } from '../../infra/read-file.ts';
import { AgentSpec } from '../../schemas/agent.ts';
import { CampaignFile } from '../../schemas/campaign.ts';

const GOOD = `
name: demo
model: { name: claude-sonnet-4-6 }
situations: { from: world, world: relief, count: 3 }
agents: [a.yaml]
library: { path: lib }
`;

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'file-')), 'campaign.yaml');
  writeFileSync(path, text);
  return path;
}

test('a good file gets its defaults', () => {
  const campaign = readFileAs(file(GOOD), CampaignFile);
  expect(campaign.actor).toEqual({ maxPasses: 6, alternatives: 2, maxReopen: 2, tolerance: 0.05, hazardPolicy: 'exclude-existential-adversaries' });
  expect(campaign.pageSize).toBe(256);
});

test.each([
  ['an unknown key', `${GOOD}concurency: 4`, /unknown key "concurency"; did you mean "concurrency"\?/],
  ['an unknown nested key', GOOD.replace('count: 3', 'count: 3, sed: 1'), /unknown key "situations\.sed"; did you mean "seed"\? Known: from, world, count, seed/],
  ['an unknown key of a defaulted part', `${GOOD}actor: { maxPass: 3 }`, /unknown key "actor\.maxPass"; did you mean "maxPasses"\?/],
  ['a wrong type', GOOD.replace('count: 3', 'count: three'), /situations\.count: expected number, received string \(is "three"\)/],
  ['a missing field', GOOD.replace('agents: [a.yaml]', ''), /agents: expected array/],
  ['a bad name', GOOD.replace('name: demo', 'name: De'), /name: 3 to 63 lower-case letters/],
  ['shares that do not sum to 1', `${GOOD}splits: { train: 0.5, validation: 0.1, test: 0.1 }`, /splits: train, validation and test must sum to 1/],
  ['text that is not YAML', 'a: [', /not YAML/],
])('%s is refused in one line', (_name, text, message) => {
  let refusal = '';
  try {
    readFileAs(file(text), CampaignFile);
  } catch (error) {
    refusal = (error as Error).message;
  }
  expect(refusal).toMatch(message);
  expect(refusal).not.toContain('\n');
});

test('an alias bomb is refused', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${Array(10).fill(`*${'abcdefgh'[i]}`).join(', ')}]`)].join('\n');
  expect(() => readFileAs(file(bomb), CampaignFile)).toThrow(/not YAML/);
});

test('a wrong unit is refused with the units allowed', () => {
  const agent = { name: 'a', description: 'd', body: { sensors: [], actuators: [], powerW: 1, massKg: 1 }, operating: [{ quantity: 't', min: 0, max: 1, unit: 'parsec' }], needs: [], duties: [] };
  expect(() => readFileAs(file(JSON.stringify(agent)), AgentSpec)).toThrow(/operating\.0\.unit: .*"degC".*\(is "parsec"\)/);
});

test('a missing file is refused', () => {
  expect(() => readFileAs('/nowhere/campaign.yaml', CampaignFile)).toThrow('/nowhere/campaign.yaml: no such file');
});
