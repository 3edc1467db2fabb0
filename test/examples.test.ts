import { readFileSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { readCampaignSource } from '../infra/campaign-source.ts';
import { AgentSpec } from '../schemas/agent.ts';
import { CampaignFile, TrainFile } from '../schemas/campaign.ts';
import { LibraryFile } from '../schemas/library.ts';
import { SituationFile } from '../schemas/situation.ts';

const root = join(import.meta.dirname, '..');
const EXAMPLES: Record<string, z.ZodType> = {
  'demo.yaml': CampaignFile,
  'situations-campaign.yaml': CampaignFile,
  'situations.yaml': SituationFile,
  'small-model.yaml': CampaignFile,
  'train.yaml': TrainFile,
};

const filesIn = (folder: string, extension: string) => readdirSync(join(root, folder)).filter((name) => extname(name) === extension).sort();

function read<T>(path: string, schema: z.ZodType<T>): T {
  return schema.parse(parse(readFileSync(join(root, path), 'utf8')));
}

describe('agents', () => {
  test.each(filesIn('agents', '.yaml'))('%s parses and is named after its file', (file) => {
    expect(read(`agents/${file}`, AgentSpec).name).toBe(basename(file, '.yaml'));
  });
});

describe('examples', () => {
  test('each file has its schema in this test', () => {
    expect(filesIn('examples', '.yaml')).toEqual(Object.keys(EXAMPLES).sort());
  });

  test.each(Object.entries(EXAMPLES))('%s parses', (file, schema) => {
    expect(() => read(`examples/${file}`, schema)).not.toThrow();
  });

  test('the hand-written campaign finds its agents, texts and situations, none of them twice', () => {
    const { listing, agents, chapters } = readCampaignSource(join(root, 'examples/situations-campaign.yaml'));
    expect(listing.duplicates).toBe(0);
    expect(listing.situations).toHaveLength(9);
    expect(Object.keys(agents)).toHaveLength(3);
    expect(chapters).toHaveLength(6);
  });

  test('the training run reads the demo campaign', () => {
    expect(read('examples/train.yaml', TrainFile).campaign).toBe(read('examples/demo.yaml', CampaignFile).name);
  });
});

describe('situations', () => {
  const { situations } = read('examples/situations.yaml', SituationFile);

  test('every agent in agents/ meets every horizon', () => {
    const horizons = ['minutes/hours/days', 'days/weeks/months', 'months/years/decades'];
    const agents = filesIn('agents', '.yaml').map((file) => basename(file, '.yaml'));
    const pairs = situations.map(({ agent, horizon }) => `${agent} ${horizon.join('/')}`).sort();
    expect(agents).toHaveLength(3);
    expect(pairs).toEqual(agents.flatMap((agent) => horizons.map((horizon) => `${agent} ${horizon}`)).sort());
  });

  test('both tasks occur, and so does an open-ended plan at the highest level', () => {
    expect(new Set(situations.map(({ task }) => task))).toEqual(new Set(['plan', 'predict']));
    expect(situations.filter(({ task, target, horizon }) => task === 'plan' && target === null && horizon.at(-1) === 'decades')).toHaveLength(1);
  });

  test('every plan below the highest level has a target', () => {
    const aimless = situations.filter(({ task, target, horizon }) => task === 'plan' && target === null && horizon.at(-1) !== 'decades');
    expect(aimless).toEqual([]);
  });

  test('initial states say enough to plan from, in 60 to 140 words', () => {
    const lengths = situations.map(({ initial }) => initial.split(/\s+/).length);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(60);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(140);
  });
});

describe('library', () => {
  const { texts } = read('library/library.yaml', LibraryFile);

  test('lists every text in its folder', () => {
    expect(texts.map(({ file }) => file).sort()).toEqual(filesIn('library', '.md'));
  });

  test.each(texts)('$file has the listed hash and at least 2,000 words', ({ file, sha256 }) => {
    const bytes = readFileSync(join(root, 'library', file));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    expect(bytes.toString('utf8').split(/\s+/).length).toBeGreaterThanOrEqual(2000);
  });
});
