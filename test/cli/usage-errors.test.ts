import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exemplar, exemplarLines } from './exemplar.ts';
import { writeFiles, type Change } from './files.ts';

const SOUND = writeFiles();

/** What the user typed, and the one line that comes back. */
const MISTYPED: [string, string][] = [
  ['rnu campaign.yaml', "exemplar: unknown command 'rnu' (Did you mean run?)"],
  ['--bogus', "exemplar: unknown option '--bogus'; see `exemplar --help`"],
  ['run', "exemplar: missing required argument 'file'; see `exemplar run --help`"],
  ['run a b', "exemplar: too many arguments for 'run'. Expected 1 argument but got 2; see `exemplar run --help`"],
  ['status --wtch', "exemplar: unknown option '--wtch' (Did you mean --watch?)"],
  ['library ad x', "exemplar: unknown command 'ad' (Did you mean add?)"],
  ['library add x --title t', "exemplar: required option '--licence <licence>' not specified; see `exemplar library add --help`"],
  ['library lokc', "exemplar: unknown command 'lokc' (Did you mean lock?)"],
  ['library foo', "exemplar: unknown command 'foo'; see `exemplar library --help`"],
  ['help nosuch', "exemplar: unknown command 'nosuch'; see `exemplar --help`"],
  ['preview campaign.yaml -n 0', "exemplar: option '-n, --number <n>' argument '0' is invalid. a whole number from 1 is allowed; see `exemplar preview --help`"],
  ['pull typed out --generation x', "exemplar: option '--generation <n>' argument 'x' is invalid. a whole number from 1 is allowed; see `exemplar pull --help`"],
  ['worker --queues llm,gpu', 'exemplar: option \'--queues <list>\' argument \'llm,gpu\' is invalid. "gpu" is not one of orchestrate, llm, tools, io; see `exemplar worker --help`'],
  ['worker --build-id=', "exemplar: option '--build-id <id>' argument '' is invalid. a name is needed; see `exemplar worker --help`"],
  ['deploy --deployment= v1', "exemplar: option '--deployment <name>' argument '' is invalid. a name is needed; see `exemplar deploy --help`"],
  ['deploy --unversioned v1', 'exemplar: --unversioned: give it, or a build id, not both'],
  ['sim-model --port 70000', "exemplar: option '--port <n>' argument '70000' is invalid. a whole number from 0 to 65535 is allowed; see `exemplar sim-model --help`"],
  ['sim-model --law none.json', 'exemplar: none.json: no such file'],
  ['set typed concurrence=4', 'exemplar: unknown key "concurrence"; did you mean "concurrency"? Known: concurrency, budget, stopAfter, mode'],
  ['set typed concurrency=0', 'exemplar: concurrency: a whole number from 1 to 10000, such as concurrency=16 (is "0")'],
  ['set typed stopAfter=0.2', 'exemplar: stopAfter: off, or the share of situations that may fail, from 0 to below 1, and of how many at least, such as stopAfter=0.2/20 (is "0.2")'],
  ['set typed stopAfter=1/20', 'exemplar: stopAfter: off, or the share of situations that may fail, from 0 to below 1, and of how many at least, such as stopAfter=0.2/20 (is "1/20")'],
  ['set typed budget=-1', 'exemplar: budget: a number of USD above 0, such as budget=20 (is "-1")'],
  ['set typed budget', 'exemplar: budget: a number of USD above 0, such as budget=20 (is "")'],
  ['set typed budget=20=3', 'exemplar: budget: a number of USD above 0, such as budget=20 (is "20=3")'],
  ['set typed mode=batch=', 'exemplar: mode: interactive or batch, such as mode=batch (is "batch=")'],
  ['budget cap=50=3', 'exemplar: cap: a number of USD from 0 to below 9000000, or none; such as cap=50 (is "50=3")'],
  ['explain typed 1 --budget x', 'exemplar: --budget: a number of USD above 0 and below 9000000 (is "x"); such as --budget 0.50'],
  ['merge typed@x --into both', 'exemplar: NAME: a campaign, or one of its generations as NAME@GENERATION (is "typed@x")'],
  ['logs redis', 'exemplar: SERVICE: no "redis"; known: codec, temporal, s3, sim-model, worker, trainer'],
  ['verify ./nowhere', 'exemplar: NAME|DIR: no such folder: ./nowhere'],
  ['verify campaign.yaml', 'exemplar: NAME|DIR: not a folder: campaign.yaml'],
  ['export typed out --view pref', 'exemplar: option \'--view <view>\' argument \'pref\' is invalid. did you mean "preference"? Known: preference, unpaired, stepwise, ranking, sft; see `exemplar export --help`'],
  ['export typed out', "exemplar: required option '--view <view>' not specified; see `exemplar export --help`"],
  ['export typed out --view prefrence', 'exemplar: option \'--view <view>\' argument \'prefrence\' is invalid. did you mean "preference"? Known: preference, unpaired, stepwise, ranking, sft; see `exemplar export --help`'],
  ['export typed out --view sft --max-chars 0', "exemplar: option '--max-chars <n>' argument '0' is invalid. a whole number from 1 is allowed; see `exemplar export --help`"],
  ['export typed out --view sft --pairs first', 'exemplar: --pairs: the view "sft" has no pairs; allowed with --view preference'],
  ['export typed out --view stepwise --style conversational', 'exemplar: --style: the view "stepwise" is of plain texts alone; allowed with --view preference, unpaired, ranking, sft'],
  ['export typed out --view stepwise --min-distance 2', 'exemplar: --min-distance: the view "stepwise" contrasts no plans; allowed with --view preference, unpaired, ranking'],
  ['export ./nowhere out --view sft', 'exemplar: NAME|DIR: no such folder: ./nowhere'],
  ['export . out --view sft', 'exemplar: NAME|DIR: . has no published generation'],
  ['export typed out --view sft', 'exemplar: no S3: run `exemplar up`, or set AWS_ENDPOINT_URL or AWS credentials'],
  ['init Bad_Name', 'exemplar: NAME: 3 to 63 lower-case letters, digits and dashes (is "Bad_Name")'],
  ['demo --name X', 'exemplar: --name: 3 to 63 lower-case letters, digits and dashes (is "X")'],
  ['library list elsewhere', 'exemplar: elsewhere/library.yaml: no such file'],
  ['library add missing.md . --title t --licence CC0-1.0', 'exemplar: TEXT: no such file: missing.md'],
  ['library add text.md . --title t --licence CC0-1.0', 'exemplar: TEXT: "text.md" is listed in library.yaml already; `exemplar library lock .` renews its hash'],
  ['run missing.yaml', 'exemplar: missing.yaml: no such file'],
  ['train missing.yaml', 'exemplar: missing.yaml: no such file'],
  ['sample x', "exemplar: missing required argument 'situation'; see `exemplar sample --help`"],
  ['sample x world:relief/7 -n 0', "exemplar: option '-n, --number <n>' argument '0' is invalid. a whole number from 1 is allowed; see `exemplar sample --help`"],
  ['sample x world:relief/7 --seed -1', "exemplar: option '--seed <n>' argument '-1' is invalid. a whole number from 0 is allowed; see `exemplar sample --help`"],
  ['sample x world:relief/7 --temperature 0', "exemplar: option '--temperature <t>' argument '0' is invalid. a number above 0 and up to 10 is allowed; see `exemplar sample --help`"],
  ['sample x world:relief/7 --mode wise', "exemplar: option '--mode <mode>' argument 'wise' is invalid. Allowed choices are habitual, planning; see `exemplar sample --help`"],
  ['sample x missing.yaml', 'exemplar: SITUATION: no such file: missing.yaml; a file of situations is allowed, or world:NAME/SEED'],
  ['sample x world:moon/7', 'exemplar: SITUATION: no world "moon"; known: relief, household'],
  ['sample x world:relief', 'exemplar: SITUATION: world:NAME/SEED, the seed a whole number from 0, such as world:relief/7 (is "world:relief")'],
  ['sample x world:relief/-7', 'exemplar: SITUATION: world:NAME/SEED, the seed a whole number from 0, such as world:relief/7 (is "world:relief/-7")'],
  ['sample ./nowhere world:relief/7', 'exemplar: CHECKPOINT: no such folder: ./nowhere'],
  ['sample . world:relief/7', 'exemplar: CHECKPOINT: . holds no complete checkpoint: neither state.json, nor the folder of a step with it'],
  ['sample s3://bucket world:relief/7', 'exemplar: CHECKPOINT: s3://BUCKET/checkpoints/RUN or s3://BUCKET/checkpoints/RUN/STEP (is "s3://bucket")'],
  ['sample x world:relief/7', 'exemplar: no S3: run `exemplar up`, or set AWS_ENDPOINT_URL or AWS credentials'],
  ['run text.md', 'exemplar: text.md: expected object, received string'],
  // nothing is configured and nothing runs: each verb names what it misses
  ['run campaign.yaml', 'exemplar: no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS'],
  ['status', 'exemplar: no S3: run `exemplar up`, or set AWS_ENDPOINT_URL or AWS credentials'],
  ['ui', 'exemplar: no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS'],
  ['verify typed', 'exemplar: no S3: run `exemplar up`, or set AWS_ENDPOINT_URL or AWS credentials'],
];

describe('what is mistyped', () => {
  let said: Awaited<ReturnType<typeof exemplarLines>>;
  beforeAll(async () => {
    said = await exemplarLines(MISTYPED.map(([line]) => ({ args: line.split(' '), cwd: SOUND })));
  });

  test.each(MISTYPED.map((each, i) => [...each, i] as const))('`exemplar %s` is a usage error of one line', (_, expected, i) => {
    expect(said[i]).toEqual({ code: 2, stdout: '', stderr: `${expected}\n` });
  });
});

test('variables that stand in for options count as not set where they are empty', async () => {
  expect((await exemplar(['worker'], { cwd: SOUND, env: { EXEMPLAR_SLOTS: '', EXEMPLAR_BUILD_ID: '', EXEMPLAR_DEPLOYMENT: '' } })).stderr).toBe('exemplar: no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS\n');
});

test('they are read from .env too, and the environment goes before it', async () => {
  const cwd = writeFiles();
  writeFileSync(join(cwd, '.env'), 'EXEMPLAR_SLOTS=many\n');
  expect((await exemplar(['worker'], { cwd })).stderr).toContain('"many" is not a whole number from 1 to 10000');
  expect((await exemplar(['worker'], { cwd, env: { EXEMPLAR_SLOTS: '4' } })).stderr).toBe('exemplar: no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS\n');
  expect((await exemplar(['worker'], { cwd, env: { EXEMPLAR_SLOTS: '' } })).stderr).toBe('exemplar: no Temporal server: run `exemplar up`, or set TEMPORAL_ADDRESS\n');
});

/** A fault in a file, and what `run` says of it. */
const MISWRITTEN: [string, Change, string][] = [
  [
    'an unknown key gets the nearest known one',
    { campaign: (file) => ({ ...file, concurency: 4 }) },
    'campaign.yaml: unknown key "concurency"; did you mean "concurrency"? Known: name, model, situations, agents, library, tools, actor, concurrency, budget, stopAfter, pageSize, splits, seed, sample, patience, compression',
  ],
  [
    'an unknown key inside a part gets its path',
    { campaign: (file) => ({ ...file, actor: { maxPass: 3 } }) },
    'campaign.yaml: unknown key "actor.maxPass"; did you mean "maxPasses"? Known: maxPasses, alternatives, maxReopen, tolerance, hazardPolicy',
  ],
  ['a value of the wrong type', { campaign: (file) => ({ ...file, concurrency: 'many' }) }, 'campaign.yaml: concurrency: expected number, received string (is "many")'],
  ['a name with capitals', { campaign: (file) => ({ ...file, name: 'Demo' }) }, 'campaign.yaml: name: 3 to 63 lower-case letters, digits and dashes (is "Demo")'],
  ['splits that do not sum to 1', { campaign: (file) => ({ ...file, splits: { train: 0.5, validation: 0, test: 0 } }) }, 'campaign.yaml: splits: train, validation and test must sum to 1'],
  ['a share of failures beyond all', { campaign: (file) => ({ ...file, stopAfter: { failedShare: 1, minSample: 5 } }) }, 'campaign.yaml: stopAfter.failedShare: the share of ended situations that may fail, from 0 to below 1 (is 1)'],
  ['a sample that is no number', { campaign: (file) => ({ ...file, stopAfter: { failedShare: 0.2, minSample: 'some' } }) }, 'campaign.yaml: stopAfter.minSample: of how many ended situations at least, a whole number from 1 (is "some")'],
  ['a sample that is left out', { campaign: (file) => ({ ...file, stopAfter: { failedShare: 0.2 } }) }, 'campaign.yaml: stopAfter.minSample: of how many ended situations at least, a whole number from 1'],
  ['when to stop, in the words of `set`', { campaign: (file) => ({ ...file, stopAfter: 'off' }) }, 'campaign.yaml: stopAfter: failedShare and minSample, such as {failedShare: 0.2, minSample: 20}, or left out (is "off")'],
  ['no agents', { campaign: ({ agents: _, ...file }) => file }, 'campaign.yaml: agents: missing; expected array'],
  ['an agent file that is missing', { campaign: (file) => ({ ...file, agents: ['nobody.yaml'] }) }, 'campaign.yaml: agents.0: no such file: <folder>/nobody.yaml'],
  ['a library that is missing', { campaign: (file) => ({ ...file, library: { path: 'nowhere' } }) }, 'campaign.yaml: library.path: no such file: <folder>/nowhere'],
  ['a key that belongs into a part', { campaign: (file) => ({ ...file, hazardPolicy: 'none' }) }, 'campaign.yaml: unknown key "hazardPolicy"; did you mean "actor.hazardPolicy"? Known: name,'],
  ['a unit nobody knows', { agent: (agent) => ({ ...agent, operating: [{ quantity: 'speed', min: 0, max: 1, unit: 'knots' }] }) }, '<folder>/agent.yaml: operating.0.unit: Invalid option: expected one of "1"|'],
  ['a range the wrong way round', { agent: (agent) => ({ ...agent, operating: [{ quantity: 'speed', min: 2, max: 1, unit: 'm/s' }] }) }, '<folder>/agent.yaml: operating.0.min: min must not exceed max (is 2)'],
  ['a situation for an agent that is not listed', { situation: (situation) => ({ ...situation, agent: 'other' }) }, 'campaign.yaml: agents: a situation is for "other", which is not listed; listed: tester'],
  [
    'a horizon with a gap',
    { situation: (situation) => ({ ...situation, horizon: 'hours/months' }) },
    '<folder>/situations.yaml: situations.0.horizon: levels must be adjacent and finest first, such as minutes/hours/days; the levels are seconds, minutes, hours, days, weeks, months, years, decades (is "hours/months")',
  ],
  ['a text that is missing', { library: (text) => ({ ...text, file: 'gone.md' }) }, '<folder>/library.yaml: texts.0.file: "gone.md" does not exist in <folder>'],
  ['a text with another hash', { library: (text) => ({ ...text, sha256: '0'.repeat(64) }) }, '<folder>/library.yaml: texts.0.sha256: "text.md" has '],
  ['a text outside the library', { library: (text) => ({ ...text, file: '../../etc/hostname' }) }, '<folder>/library.yaml: texts.0.file: "../../etc/hostname" '],
];

describe('what is miswritten', () => {
  const folders = MISWRITTEN.map(([, change]) => writeFiles(change));
  let said: Awaited<ReturnType<typeof exemplarLines>>;
  beforeAll(async () => {
    said = await exemplarLines(folders.map((cwd) => ({ args: ['run', 'campaign.yaml'], cwd })));
  });

  test.each(MISWRITTEN.map((each, i) => [...each, i] as const))('%s is named in one line', (_, __, expected, i) => {
    const { code, stdout, stderr } = said[i] ?? {};
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const line = stderr?.replaceAll(folders[i] ?? '', '<folder>');
    expect(line).toMatch(/^exemplar: [^\n]*\n$/);
    expect(line?.slice('exemplar: '.length)).toContain(expected);
  });
});

test.concurrent.for([
  ['ANTHROPIC_BASE_URL', '127.0.0.1:8000', 'check', 'scheme, host and port, such as http://127.0.0.1:8000 (is "127.0.0.1:8000")'],
  ['ANTHROPIC_BASE_URL', 'localhost:8000', 'check', 'scheme, host and port, such as http://127.0.0.1:8000 (is "localhost:8000")'],
  ['AWS_ENDPOINT_URL', '127.0.0.1:7070', 'status', 'scheme, host and port, such as http://127.0.0.1:8000 (is "127.0.0.1:7070")'],
  ['TEMPORAL_CONFIG_FILE', '/nope', 'ui', 'no such file: /nope'],
] as const)('%s=%s is refused by its name', async ([name, value, verb, expected]) => {
  const { code, stdout, stderr } = await exemplar(verb === 'check' ? ['check', 'campaign.yaml'] : [verb], { cwd: SOUND, env: { [name]: value } });
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain(`${name}: ${expected}`);
});

test('the folder of local state, and the profile of credentials, may be named in .env too', async () => {
  const cwd = writeFiles();
  const elsewhere = writeFiles();
  mkdirSync(join(elsewhere, 'logs'));
  writeFileSync(join(elsewhere, 'logs', 'worker.log'), 'a line of the worker\n');
  writeFileSync(join(cwd, 'credentials'), '[mine]\naws_access_key_id = id\naws_secret_access_key = key\n');
  writeFileSync(join(cwd, '.env'), `EXEMPLAR_DIR=${elsewhere}\nAWS_PROFILE=mine\nAWS_SHARED_CREDENTIALS_FILE=${join(cwd, 'credentials')}\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n`);
  expect((await exemplar(['logs', 'worker'], { cwd })).stdout).toContain('a line of the worker');
  expect((await exemplar(['status'], { cwd })).stderr).toContain('connection refused');
});

test('under --json a usage error is also one object on stdout', async () => {
  const { code, stdout, stderr } = await exemplar(['run', 'missing.yaml', '--json'], { cwd: SOUND });
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({ error: { message: 'missing.yaml: no such file', exitCode: 2 } });
  expect(stderr).toBe('exemplar: missing.yaml: no such file\n');
});

test('logs cannot be followed as one object', async () => {
  const { code, stderr } = await exemplar(['logs', '-f', '--json'], { cwd: SOUND });
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'exemplar: --follow: not with --json, which prints one object\n' });
});

test('EXEMPLAR_DEBUG=1 prints the trace', async () => {
  const { stderr } = await exemplar(['run', 'missing.yaml'], { cwd: SOUND, env: { EXEMPLAR_DEBUG: '1' } });
  expect(stderr).toContain('    at ');
});

test('a usage error leaves nothing behind', () => {
  expect(existsSync(join(SOUND, '.exemplar'))).toBe(false);
});
