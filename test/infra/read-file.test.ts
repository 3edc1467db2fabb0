import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
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

function file(text: string | Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'file-')), 'campaign.yaml');
  writeFileSync(path, text);
  return path;
}

test('a good file gets its defaults', () => {
  const campaign = readFileAs(file(GOOD), CampaignFile);
  expect(campaign.actor).toEqual({ maxPasses: 6, alternatives: 2, maxReopen: 2, tolerance: 0.05, hazardPolicy: 'exclude-existential-adversaries' });
  expect(campaign.pageSize).toBe(256);
});

function refusalOf(text: string | Uint8Array): string {
  try {
    readFileAs(file(text), CampaignFile);
    return 'not refused';
  } catch (error) {
    return (error as Error).message;
  }
}

test.each([
  ['an unknown key', `${GOOD}concurency: 4`, /unknown key "concurency"; did you mean "concurrency"\?/],
  ['an unknown nested key', GOOD.replace('count: 3', 'count: 3, sed: 1'), /unknown key "situations\.sed"; did you mean "seed"\? Known: from, world, count, seed/],
  ['an unknown key of a defaulted part', `${GOOD}actor: { maxPass: 3 }`, /unknown key "actor\.maxPass"; did you mean "maxPasses"\?/],
  ['a wrong type', GOOD.replace('count: 3', 'count: three'), /situations\.count: expected number, received string \(is "three"\)/],
  ['a missing field', GOOD.replace('agents: [a.yaml]', ''), /agents: missing; expected array/],
  ['a bad name', GOOD.replace('name: demo', 'name: De'), /name: 3 to 63 lower-case letters/],
  ['shares that do not sum to 1', `${GOOD}splits: { train: 0.5, validation: 0.1, test: 0.1 }`, /splits: train, validation and test must sum to 1/],
  ['a misspelt choice of a source', GOOD.replace('from: world', 'form: world'), /unknown key "situations\.form"; did you mean "from"\?/],
  ['a misspelt key that is required', GOOD.replace('agents:', 'agnets:'), /unknown key "agnets"; did you mean "agents"\?/],
  ['text that is not YAML', 'a: [', /not YAML/],
])('%s is refused in one line', (_name, text, message) => {
  const refusal = refusalOf(text);
  expect(refusal).toMatch(message);
  expect(refusal).not.toContain('\n');
});

const MCP = 'mcp, allow, timeoutS, maxBytes';
const ENTRY = 'tools.0: an entry is { builtin } or { mcp, allow } with command or url';

test.each([
  ['{ builtin: computer }', `tools.0.builtin: Invalid discriminator value. Expected 'compute' | 'knowledge' | 'world' (is "computer")`],
  ['{ bultin: compute }', 'unknown key "tools.0.bultin"; did you mean "builtin"?'],
  ['{ builtin: compute, timeoutS: 5 }', 'unknown key "tools.0.timeoutS"; did you mean "builtin"? Known: builtin'],
  ['{ builtin: knowledge, endpiont: "https://a.org" }', 'unknown key "tools.0.endpiont"; did you mean "endpoint"? Known: builtin, endpoint, timeoutS, maxBytes'],
  ['{ builtin: knowledge, endpoint: "http://a.org" }', 'tools.0.endpoint: https, or http on this machine (is "http://a.org")'],
  ['{ mcp: a, comand: [b] }', `unknown key "tools.0.comand"; did you mean "command"? Known: ${MCP}, command, env`],
  ['{ mcp: a, ulr: "https://a.org", allow: [b] }', `unknown key "tools.0.ulr"; did you mean "url"? Known: ${MCP}, url, headers`],
  ['{ mcp: a, command: [b], alow: [c] }', `unknown key "tools.0.alow"; did you mean "allow"? Known: ${MCP}, command, env`],
  ['{ mcp: a, command: [b] }', 'tools.0.allow: missing; expected array'],
  ['{ mcp: a, command: b, allow: [c] }', 'tools.0.command: expected array, received string (is "b")'],
  ['{ mcp: a, command: [b], allow: [c], env: ["T=1"] }', 'tools.0.env.0: the name of an environment variable; its value never stands in the file (is "T=1")'],
  ['{ mcp: a, command: [b], allow: [c], headers: { a: B } }', `unknown key "tools.0.headers"; did you mean "allow"? Known: ${MCP}, command, env`],
  ['{ mcp: a, url: "http://a.org", allow: [c] }', 'tools.0.url: https, or http on this machine (is "http://a.org")'],
  ['{ mcp: a, url: 5, timeoutS: 900 }', 'tools.0.allow: missing; expected array'],
  ['{ mcp: a, url: "https://a.org", allow: [c], timeoutS: 900 }', 'tools.0.timeoutS: Too big: expected number to be <=600 (is 900)'],
  ['{ mcp: A, command: [b], allow: [c] }', 'tools.0.mcp: up to 16 lower-case letters and digits (is "A")'],
  ['{ mcp: a, allow: [c] }', 'tools.0: an MCP server has either command, which starts it, or url, where it is'],
  ['{ mcp: a, allow: [c], command: [b], url: "https://a.org" }', 'tools.0: an MCP server has either command, which starts it, or url, where it is'],
  ['{ builtin: compute, mcp: a, command: [b], allow: [c] }', ENTRY],
  ['{}', ENTRY],
  ['compute', `${ENTRY} (is "compute")`],
  ['[]', ENTRY],
])('the tool %s is refused by the field that is wrong', (tool, message) => {
  const refusal = refusalOf(`${GOOD}tools: [${tool}]\n`);
  expect(refusal.slice(refusal.indexOf('campaign.yaml: ') + 'campaign.yaml: '.length)).toContain(message);
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

test.each([
  ['a byte that begins no character', Buffer.concat([Buffer.from('name: "é'), Buffer.from([0xff]), Buffer.from('"')]), 'not UTF-8 text at byte 9; save it as UTF-8'],
  ['Latin-1', Buffer.from('name: caf\u00e9 a', 'latin1'), 'not UTF-8 text at byte 10; save it as UTF-8'],
  ['a character that is cut off', Buffer.from('name: é').subarray(0, 7), 'not UTF-8 text at byte 7; save it as UTF-8'],
])('%s is refused with its place', (_name, bytes, message) => {
  expect(refusalOf(bytes)).toContain(message);
});

test('a byte order mark is passed over', () => {
  expect(readFileAs(file(`\uFEFF${GOOD}`), CampaignFile).name).toBe('demo');
});

test('lists within lists without end are refused in one line', () => {
  for (const text of ['['.repeat(100_000), `name: ${'['.repeat(20_000)}${']'.repeat(20_000)}`, `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`]) {
    const refusal = refusalOf(text);
    expect(refusal).toMatch(/: /);
    expect(refusal.length).toBeLessThan(400);
    expect(refusal).not.toMatch(/\n|call stack/);
  }
});

test.each(['name: twice', 'name : twice', '"name": twice', "'name': twice"])('a key that stands twice is refused by its name: %j', (again) => {
  const [key = ''] = again.split(/ ?:/);
  expect(refusalOf(`${GOOD}${again}\n`)).toContain(`not YAML: the key ${key} stands twice in one map, again at line ${GOOD.split('\n').length}, column 1; give it once`);
});

test('so is one in a map on one line, and in JSON', () => {
  expect(refusalOf(GOOD.replace('count: 3', 'count: 3, count: 4'))).toContain('the key count stands twice in one map');
  expect(refusalOf('{ "name": "a",\n  "name": "b" }')).toContain('the key "name" stands twice in one map, again at line 2, column 3');
});

test.each(['__proto__', 'constructor', 'prototype', 'toString'])('the key "%s" is unknown like any other, and changes no object', (key) => {
  expect(refusalOf(`${GOOD}${key}: { polluted: true }`)).toContain(`unknown key "${key}"`);
  expect(refusalOf(GOOD.replace('count: 3', `count: 3, ${key}: { polluted: true }`))).toContain(`unknown key "situations.${key}"`);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('a huge file is refused by its size, and a folder or a device is no file', () => {
  const path = file('');
  truncateSync(path, 65 * 2 ** 20);
  expect(() => readFileAs(path, CampaignFile)).toThrow(`${path}: has 68157440 bytes; at most 67108864 are allowed`);
  expect(() => readFileAs(tmpdir(), CampaignFile)).toThrow(`${tmpdir()}: not a file`);
  expect(() => readFileAs('/dev/zero', CampaignFile)).toThrow('/dev/zero: not a file');
});
