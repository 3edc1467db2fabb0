/*
 * Two campaigns of different concurrency against the limits of the simulated model, through the real workers: how much of a limit
 * is used, how many calls are refused, and how the campaigns share it.
 *
 *   npm run build && node bench/limits.js           writes bench/results/limits.md and .json; about four minutes; exit 1 where a bar is missed
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { advance, openSource } from '../dist/cli/campaign/run-file.js';
import { withSession } from '../dist/cli/session.js';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { up } from '../dist/infra/dev/services.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { Law } from '../dist/schemas/law.js';
import { startSimModel } from '../dist/worlds/sim/server.js';
import { output } from './campaign.js';
import { load, machine, machineText } from './machine.js';
import { percent, table, writeResult } from './results.js';
import { down, emptyFolder, say } from './services.js';

const WARM_UP_S = 20;
const MEASURED_S = 35;
/** Each call takes half of these or longer, ms, by the law's spread. */
const LATENCY = { median: 300, sigma: 0.5 };
const BURST_S = 10;
const CAMPAIGNS = [
  { name: 'large', concurrency: 48, seed: 21 },
  { name: 'small', concurrency: 12, seed: 22 },
];
/** What each variant is bound by: the law's field, the journal's, and the limit a minute. */
const VARIANTS = /** @type {const} */ ([
  { bound: 'requests', field: 'requestsPerMinute', limit: 600 },
  { bound: 'input tokens', field: 'inputTokensPerMinute', limit: 1_200_000 },
  { bound: 'output tokens', field: 'outputTokensPerMinute', limit: 84_000 },
]);
const BARS = { used: 0.9, refused: 0.01, share: 0.4 };

/** @typedef {{ at: number, status: number, limit?: string, idempotencyKey: string | null, inputTokens?: number, outputTokens?: number }} Line */

const on = machine();
const variants = [];
for (const variant of VARIANTS) variants.push(await measure(variant));
const data = { machine: { ...on, loadAfter: load() }, warmUpS: WARM_UP_S, measuredS: MEASURED_S, latencyMs: LATENCY, burstS: BURST_S, campaigns: CAMPAIGNS, bars: BARS, variants };
writeResult('limits', report(data), data);
if (variants.some(({ holds }) => !holds)) process.exitCode = 1;

/** @param {(typeof VARIANTS)[number]} variant */
async function measure({ bound, field, limit }) {
  const dir = await emptyFolder('limits');
  mkdirSync(dir, { recursive: true });
  const journal = join(dir, 'calls.jsonl');
  const law = Law.parse({ ...JSON.parse(readFileSync(join(packageRoot, 'worlds', 'laws', 'default.json'), 'utf8')), name: `limited by ${bound}`, latencyMs: LATENCY, limits: { [field]: limit, burstS: BURST_S } });
  const sim = await startSimModel({ port: 0, law, journal });
  try {
    const { temporalAddress, uiUrl, bucket, s3Endpoint, accessKeyId, secretAccessKey } = await up({ dir, only: ['temporal', 's3', 'worker'], say, env: { ANTHROPIC_BASE_URL: sim.url, ANTHROPIC_API_KEY: 'simulated' } });
    const sources = await Promise.all(CAMPAIGNS.map(async (campaign) => await readCampaignSource(campaignFile(dir, campaign))));
    await withSession(
      async (session) => {
        for (const source of sources) {
          const changed = await openSource(session, source, output);
          await advance(session, source.file.name, output, { detach: true, changed });
        }
        // Temporal may be slow to begin
        while (callsIn(journal).length === 0) await sleep(500);
        await sleep((WARM_UP_S + MEASURED_S) * 1_000);
      },
      {
        dir,
        temporal: { address: temporalAddress, namespace: 'default', uiUrl },
        s3: { bucket, endpoint: s3Endpoint, credentials: { accessKeyId, secretAccessKey } },
        model: { apiKey: 'simulated', baseURL: sim.url },
      },
    );
    return { bound, limit, ...figures(callsIn(journal), limit, bound, sources) };
  } finally {
    await down({ dir });
    await sim.close();
  }
}

/**
 * The campaigns' calls as the model saw them; the probes that come before have no key of ours.
 * @param {string} journal
 */
function callsIn(journal) {
  if (!existsSync(journal)) return [];
  const lines = /** @type {Line[]} */ (readFileSync(journal, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)));
  return lines.filter(({ idempotencyKey }) => idempotencyKey?.startsWith('responses/'));
}

/** @param {string} dir @param {(typeof CAMPAIGNS)[number]} campaign */
function campaignFile(dir, { name, concurrency, seed }) {
  const path = join(dir, `${name}.yaml`);
  const file = {
    name,
    model: { name: 'claude-sonnet-4-6' },
    situations: { from: 'world', world: 'relief', count: 400, seed },
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: join(packageRoot, 'library'), select: 'tags', tags: ['core'] },
    actor: { alternatives: 1 },
    concurrency,
    pageSize: 100,
  };
  writeFileSync(path, JSON.stringify(file));
  return path;
}

/**
 * Time counts from the first call.
 * @param {Line[]} calls
 * @param {number} limit
 * @param {string} bound
 * @param {import('../infra/campaign-source.ts').CampaignSource[]} sources
 */
function figures(calls, limit, bound, sources) {
  const began = Math.min(...calls.map(({ at }) => at));
  const within = (/** @type {number} */ from, /** @type {number} */ to) => calls.filter(({ at }) => at >= began + from * 1_000 && at < began + to * 1_000);
  const warming = within(0, WARM_UP_S);
  const measured = within(WARM_UP_S, WARM_UP_S + MEASURED_S);
  const minutes = MEASURED_S / 60;
  const taken = (/** @type {Line} */ line) => (bound === 'requests' ? 1 : bound === 'input tokens' ? (line.inputTokens ?? 0) : (line.outputTokens ?? 0));
  const sum = (/** @type {Line[]} */ some) => some.filter(({ status }) => status === 200).reduce((total, line) => total + taken(line), 0);
  const refusals = (/** @type {Line[]} */ some) => ({ calls: some.length, refused: some.filter((line) => line.limit !== undefined).length });
  const all = sum(measured);
  const shares = sources.map(({ file, listing }) => {
    const ids = new Set(listing.situations.map(({ id }) => id));
    const own = measured.filter(({ idempotencyKey }) => ids.has(idempotencyKey?.split('/')[3]?.split('.')[0] ?? ''));
    return { campaign: file.name, concurrency: file.concurrency, calls: own.length, ofLimit: sum(own) / (limit * minutes), ofAnswered: sum(own) / all };
  });
  const used = all / (limit * minutes);
  const after = refusals(measured);
  const fair = 1 / sources.length;
  const holds = used >= BARS.used && after.refused <= BARS.refused * after.calls && shares.every(({ ofAnswered }) => ofAnswered >= BARS.share * fair);
  return { used, answeredPerMinute: sum(measured) / minutes, warmUp: refusals(warming), after, shares, holds };
}

/** @param {any} data */
function report({ machine: m, latencyMs, burstS, warmUpS, measuredS, variants: all }) {
  const share = (/** @type {any} */ { calls, refused }) => `${refused} of ${calls} (${percent(calls === 0 ? 0 : refused / calls)})`;
  return [
    '# Meeting a rate limit',
    '',
    '`npm run build && node bench/limits.js` wrote this page.',
    '',
    `**Simulated.** The model is simulated, by its default law but slower (lognormal, median ${latencyMs.median} ms, σ ${latencyMs.sigma}), and keeps one limit a variant: a token bucket that fills continuously and holds ${burstS} s of the limit, as the service says that it does. Everything else is real: HTTP, the SDK, the workers, Temporal, S3. Two campaigns of ${CAMPAIGNS.map(({ concurrency }) => concurrency).join(' and of ')} situations at once run against it side by side. Counted from the model's own journal: ${warmUpS} s of warming up from the first call, then ${measuredS} s.`,
    '',
    machineText(m, m.loadAfter),
    '',
    ...table(
      ['bound by', 'limit a minute', 'used a minute', 'of the limit', 'refused while warming up', 'refused after', 'holds'],
      all.map((/** @type {any} */ v) => [v.bound, v.limit, Math.round(v.answeredPerMinute), percent(v.used), share(v.warmUp), share(v.after), v.holds ? 'yes' : '**no**']),
    ),
    '',
    `Bars: at least ${percent(BARS.used)} of the limit used and at most ${percent(BARS.refused)} of calls refused after warming up; no campaign below ${percent(BARS.share)} of its half.`,
    '',
    '## How the campaigns share it',
    '',
    ...table(
      ['bound by', 'campaign', 'situations at once', 'calls', 'of the limit', 'of what was answered'],
      all.flatMap((/** @type {any} */ v) => v.shares.map((/** @type {any} */ s) => [v.bound, s.campaign, s.concurrency, s.calls, percent(s.ofLimit), percent(s.ofAnswered)])),
    ),
    '',
    'Two processes that know nothing of each other, servers that tell nothing of their limits, or the wrong ones, are in `test/activities/limits/limiter.test.ts`.',
  ];
}
