/*
 * What the prompt cache saves: dollars of a campaign with long texts, beside what a perfect cache would have cost and what none would.
 *
 *   npm run build && node bench/cost.js             writes bench/results/cost.md and .json; exit 1 above 1.10 times the floor
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPrices } from '../dist/activities/prices.js';
import { readCampaignSource } from '../dist/infra/campaign-source.js';
import { packageRoot } from '../dist/infra/package-root.js';
import { readFileAs } from '../dist/infra/read-file.js';
import { sha256Hex } from '../dist/schemas/canonical.js';
import { LibraryFile } from '../dist/schemas/library.js';
import { outcomesOf, runCampaign } from './campaign.js';
import { readLedger } from './ledger.js';
import { load, machine, machineText } from './machine.js';
import { table, writeResult } from './results.js';
import { down, emptyFolder, withServices } from './services.js';

const TEXT_TOKENS = 20_000;
/** The simulated model counts four characters a token. */
const CHARS_A_TOKEN = 4;
/** Least tokens of answers: a plan's, a critique's. */
const LENGTHS = { draft: 1_500, revise: 1_500, critique: 400 };
const BAR = 1.1;
const MODEL = 'claude-sonnet-4-6';

const on = machine();
const dir = await emptyFolder('cost');
try {
  mkdirSync(dir, { recursive: true });
  const law = join(dir, 'law.json');
  writeFileSync(law, JSON.stringify({ ...JSON.parse(readFileSync(join(packageRoot, 'worlds', 'laws', 'default.json'), 'utf8')), name: 'wordy', lengths: LENGTHS }));
  await withServices({ dir, law }, async (session) => {
    const source = await readCampaignSource(campaignFile());
    const { view, wallS, checks } = await runCampaign(session, source);
    const ledger = await readLedger(session.store, view.name);
    const data = { machine: { ...on, loadAfter: load() }, simulated: view.simulated, texts: source.chapters.length, textTokens: TEXT_TOKENS, lengths: LENGTHS, outcomes: outcomesOf(view), checks, wallS, bill: billOf(ledger) };
    writeResult('cost', report(data), data);
    if (data.bill.spent > BAR * data.bill.floor) process.exitCode = 1;
  });
} finally {
  await down({ dir });
}

/** The library's texts, each repeated until it is long, and a campaign over all of them. */
function campaignFile() {
  const folder = join(dir, 'campaign');
  mkdirSync(folder, { recursive: true });
  const { texts } = readFileAs(join(packageRoot, 'library', 'library.yaml'), LibraryFile);
  const long = texts.map(({ file, title, licence }) => {
    const text = readFileSync(join(packageRoot, 'library', file), 'utf8');
    const repeated = text.repeat(Math.ceil((TEXT_TOKENS * CHARS_A_TOKEN) / text.length)).slice(0, TEXT_TOKENS * CHARS_A_TOKEN);
    writeFileSync(join(folder, file), repeated);
    return { file, title, licence, sha256: sha256Hex(repeated) };
  });
  writeFileSync(join(folder, 'library.yaml'), JSON.stringify({ texts: long }));
  const path = join(folder, 'campaign.yaml');
  const campaign = {
    name: 'cost',
    model: { name: MODEL },
    situations: { from: 'world', world: 'relief', count: 200, seed: 11 },
    agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
    library: { path: '.', chapterTokens: 2 * TEXT_TOKENS },
    actor: { alternatives: 1 },
    concurrency: 32,
    pageSize: 100,
  };
  writeFileSync(path, JSON.stringify(campaign));
  return path;
}

/**
 * Dollars of every call as the provider counted its tokens: as billed; with each prefix written once and read from then on (the run
 * is shorter than a prefix lives without use, so that no time window ends); and with every token at the plain price.
 * @param {import('./ledger.js').LedgerRow[]} ledger
 */
function billOf(ledger) {
  const price = /** @type {import('../schemas/campaign.ts').Price} */ (readPrices().models[MODEL]);
  const usd = { in: price.inputPerMTok / 1e6, out: price.outputPerMTok / 1e6, read: price.cacheReadPerMTok / 1e6, write: price.cacheWritePerMTok / 1e6 };
  const written = new Map();
  const bill = { calls: ledger.length, inputTokens: 0, readTokens: 0, writtenTokens: 0, outputTokens: 0, prefixes: 0, spent: 0, floor: 0, uncached: 0, planTokens: 0, critiqueTokens: 0 };
  const lengths = { plan: /** @type {number[]} */ ([]), critique: /** @type {number[]} */ ([]) };
  for (const row of ledger) {
    const { input_tokens: fresh, output_tokens: output, cache_read_tokens: read, cache_write_tokens: write } = row;
    if (fresh === null || output === null || read === null || write === null) throw new Error(`${row.step}: the simulated model counts every token`);
    // texts are named by their place in the step's path; steps without one have the rules alone before the breakpoint
    const prefix = /\.(t\d+)\./.exec(row.step)?.[1] ?? row.step.replace(/^.*\./, '');
    const known = written.has(prefix);
    written.set(prefix, read + write);
    bill.inputTokens += fresh;
    bill.readTokens += read;
    bill.writtenTokens += write;
    bill.outputTokens += output;
    bill.spent += Number(row.nano_usd) / 1e9;
    bill.floor += fresh * usd.in + (read + write) * (known ? usd.read : usd.write) + output * usd.out;
    bill.uncached += (fresh + read + write) * usd.in + output * usd.out;
    if (row.step === 'draft' || row.step.endsWith('.revise')) lengths.plan.push(output);
    if (row.step.endsWith('.critique')) lengths.critique.push(output);
  }
  const mean = (/** @type {number[]} */ list) => Math.round(list.reduce((sum, each) => sum + each, 0) / list.length);
  return { ...bill, prefixes: written.size, planTokens: mean(lengths.plan), critiqueTokens: mean(lengths.critique) };
}

/** @param {any} data */
function report({ machine: m, simulated, texts, textTokens, outcomes, checks, wallS, bill }) {
  const dollars = (/** @type {number} */ usd) => `$${usd.toFixed(2)}`;
  return [
    '# What the prompt cache saves',
    '',
    '`npm run build && node bench/cost.js` wrote this page.',
    '',
    `**Simulated.** ${texts} texts of ${textTokens.toLocaleString('en-US')} tokens, ${outcomes.planned} situations of the relief world, concurrency 32, default law (run's hash \`${simulated.slice(0, 12)}\`) with answers lengthened. The simulated model bills as the provider documents: a prefix is read only where an equal one was written before and has not lapsed; list prices of ${MODEL}. Answers of drafts and revisions have ${bill.planTokens.toLocaleString('en-US')} tokens on average, critiques ${bill.critiqueTokens.toLocaleString('en-US')}.`,
    '',
    machineText(m, m.loadAfter),
    '',
    ...table(
      ['what', 'value'],
      [
        ['calls', bill.calls],
        ['input tokens at the plain price', bill.inputTokens],
        ['input tokens read from the cache', bill.readTokens],
        ['input tokens written to the cache', bill.writtenTokens],
        ['output tokens', bill.outputTokens],
        ['different prefixes', bill.prefixes],
        ['**billed**', dollars(bill.spent)],
        ['floor: each prefix written once, then read', dollars(bill.floor)],
        ['no cache: all input at the plain price', dollars(bill.uncached)],
        ['**billed / floor** (bar: 1.10)', (bill.spent / bill.floor).toFixed(4)],
        ['**no cache / billed**', (bill.uncached / bill.spent).toFixed(2)],
        ['wall time', `${wallS} s`],
      ],
    ),
    '',
    `Outcomes: ${Object.entries(outcomes).map(([what, n]) => `${what} ${n}`).join(', ')}. \`exemplar verify\` made ${checks.toLocaleString('en-US')} checks, and all hold.`,
  ];
}
