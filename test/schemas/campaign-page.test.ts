import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { packageRoot } from '../../infra/package-root.ts';
import { AgentSpec } from '../../schemas/agent.ts';
import { CampaignFile } from '../../schemas/campaign.ts';
import { LEVELS } from '../../schemas/levels.ts';

interface Def {
  innerType?: { def: Def };
  in?: { def: Def };
  out?: { def: Def };
  shape?: Record<string, { def: Def }>;
  options?: { def: Def }[];
}

/** Names of all fields of a schema, at whatever depth. */
function namesIn({ innerType, in: before, out, shape, options }: Def): string[] {
  const inner = [innerType, before, out, ...(options ?? [])].flatMap((schema) => (schema === undefined ? [] : namesIn(schema.def)));
  return [...inner, ...Object.entries(shape ?? {}).flatMap(([name, schema]) => [name, ...namesIn(schema.def)])];
}

const page = readFileSync(`${packageRoot}/docs/campaign-file.md`, 'utf8');
const named = new Set([...page.matchAll(/`([\w.]+)`/g)].flatMap(([, words]) => (words as string).split('.')));

test.each([
  ['campaign', CampaignFile],
  ['agent', AgentSpec],
])('every field of a %s file stands on the page', (_, { def }) => {
  const { tools: __, ...shape } = (def as unknown as Required<Def>).shape;
  const missing = namesIn({ shape }).filter((name) => !named.has(name));
  expect(missing).toEqual([]);
  expect(namesIn({ shape }).length).toBeGreaterThan(8);
});

test('defaults on the page are those of the schema', () => {
  const file = CampaignFile.parse({ name: 'abc', model: { name: 'm' }, situations: { from: 'world', world: 'relief', count: 1 }, agents: ['a'], library: { path: 'l' } });
  const rows = new Map([...page.matchAll(/^\| `([\w.]+)` \| `?([^|`]*)`? \|/gm)].map(([, name, value]) => [name as string, (value as string).trim()]));
  const told = ['model.maxOutputTokens', 'model.cacheTtl', 'library.select', 'library.chapterTokens', 'actor.maxPasses', 'actor.alternatives', 'actor.maxReopen', 'actor.tolerance', 'actor.hazardPolicy', 'concurrency', 'pageSize', 'seed', 'sample', 'patience', 'compression'];
  const values = told.map((path) => String(path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], file)));
  expect(told.map((path) => rows.get(path))).toEqual(values);
  for (const level of LEVELS) expect(page).toContain(level);
});
