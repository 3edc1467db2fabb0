import { readFileSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { readCampaignSource } from '../infra/campaign-source.ts';
import { AgentSpec } from '../schemas/agent.ts';
import { CampaignFile } from '../schemas/campaign.ts';
import { LibraryFile } from '../schemas/library.ts';
import { SituationFile } from '../schemas/situation.ts';
import { TrainFile } from '../schemas/training.ts';

const root = join(import.meta.dirname, '..');
const EXAMPLES: Record<string, z.ZodType> = {
  'demo.yaml': CampaignFile,
  'finer.yaml': CampaignFile,
  'household.yaml': CampaignFile,
  'imagined.yaml': CampaignFile,
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

  test('the hand-written campaign finds its agents and situations, none of them twice', async () => {
    const { listing, agents } = await readCampaignSource(join(root, 'examples/situations-campaign.yaml'));
    expect(listing.duplicates).toBe(0);
    expect(listing.situations).toHaveLength(24);
    expect(Object.keys(agents)).toHaveLength(3);
  });

  test('the demo and the hand-written campaign read the six core texts of the library', async () => {
    const { texts } = read('library/library.yaml', LibraryFile);
    const core = texts.filter(({ tags }) => tags.includes('core')).map(({ title }) => title);
    for (const file of ['demo.yaml', 'situations-campaign.yaml']) {
      const { chapters } = await readCampaignSource(join(root, 'examples', file));
      expect(chapters.map(({ title }) => title)).toEqual(core);
    }
  });

  test('the training run reads the demo campaign', () => {
    expect(read('examples/train.yaml', TrainFile).campaign).toBe(read('examples/demo.yaml', CampaignFile).name);
  });
});

describe('situations', () => {
  const { situations } = read('examples/situations.yaml', SituationFile);

  test('every agent in agents/ meets every horizon two or three times', () => {
    const horizons = ['minutes/hours/days', 'days/weeks/months', 'months/years/decades'];
    const agents = filesIn('agents', '.yaml').map((file) => basename(file, '.yaml'));
    const pairs = situations.map(({ agent, horizon }) => `${agent} ${horizon.join('/')}`);
    expect(agents).toHaveLength(3);
    expect([...new Set(pairs)].sort()).toEqual(agents.flatMap((agent) => horizons.map((horizon) => `${agent} ${horizon}`)).sort());
    for (const pair of pairs) expect([2, 3]).toContain(pairs.filter((other) => other === pair).length);
  });

  test('seven are predictions, by every agent and at every horizon; three plans at the highest level are open-ended, one for each agent', () => {
    const predictions = situations.filter(({ task }) => task === 'predict');
    expect(predictions).toHaveLength(7);
    expect(new Set(predictions.map(({ agent }) => agent)).size).toBe(3);
    expect(new Set(predictions.map(({ horizon }) => horizon.join('/'))).size).toBe(3);
    const openEnded = situations.filter(({ task, target, horizon }) => task === 'plan' && target === null && horizon.at(-1) === 'decades');
    expect(openEnded.map(({ agent }) => agent).sort()).toEqual(['field-rover', 'greenhouse-tender', 'household-robot']);
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

  test.each(texts)('$file has the listed hash, 2,000 to 3,010 words, its listed title and chapters', ({ file, title, sha256 }) => {
    const bytes = readFileSync(join(root, 'library', file));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    const text = bytes.toString('utf8');
    const words = text.split(/\s+/).length;
    expect(words).toBeGreaterThanOrEqual(2000);
    expect(words).toBeLessThanOrEqual(3010);
    expect(text.split('\n')[0]).toBe(`# ${title}`);
    expect(text.match(/^## /gm)?.length ?? 0).toBeGreaterThanOrEqual(6);
  });

  test('each text has two to four tags and the licence of the folder, and six are of the core', () => {
    for (const { tags, licence } of texts) {
      expect(new Set(tags).size).toBe(tags.length);
      expect([2, 3, 4]).toContain(tags.length);
      expect(licence).toBe('CC-BY-4.0');
    }
    expect(texts.filter(({ tags }) => tags.includes('core')).map(({ file }) => file)).toEqual([
      'rationality.md',
      'ethics.md',
      'safety-engineering.md',
      'everyday-physics.md',
      'planning-under-scarcity.md',
      'law-and-rights.md',
    ]);
  });
});
