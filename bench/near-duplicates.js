/*
 * How do time and memory of the search for near-duplicates grow with the texts? Situations of both worlds, which share most of their words:
 * the hard case. Beside it, what cutting the same texts into runs of words takes.
 *
 *   npm run build && node bench/near-duplicates.js [--texts 10000,30000,100000]     writes bench/results/near-duplicates.md and .json
 */
import { parseArgs } from 'node:util';
import { nearDuplicatesAmong } from '../dist/activities/curation/near-duplicates.js';
import { NEAR_DUPLICATE } from '../dist/activities/curation/neighbours.js';
import { wordShingles } from '../dist/activities/curation/shingles.js';
import { situationText } from '../dist/activities/curation/decontaminate.js';
import { worldNamed } from '../dist/worlds/index.js';
import { load, machine, machineText } from './machine.js';
import { table, writeResult } from './results.js';

const { values } = parseArgs({ options: { texts: { type: 'string', default: '10000,30000,100000' } } });
const on = machine();

const cpuS = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
/** @template T @param {() => T} work @returns {[T, number]} */
const timed = (work) => {
  const began = cpuS();
  const result = work();
  return [result, Math.round(10 * (cpuS() - began)) / 10];
};

const runs = values.texts.split(',').map(Number).map((count) => {
  process.stderr.write(`${count} texts\n`);
  const texts = Array.from({ length: count }, (_, i) => situationText(worldNamed(i % 2 === 0 ? 'relief' : 'household').situation(i >> 1)));
  const [shingled, cutS] = timed(() => texts.map((text, i) => ({ id: String(i), shingles: wordShingles(text) })));
  const [found, searchS] = timed(() => nearDuplicatesAmong(shingled));
  const runsOfWords = Math.round(shingled.reduce((sum, { shingles }) => sum + shingles.length, 0) / count);
  return { count, runsOfWords, found: found.length, cutS, searchS, peakMiB: Math.round(process.resourceUsage().maxRSS / 1024) };
});

writeResult(
  'near-duplicates',
  [
    '# How does the search for near-duplicates grow?',
    '',
    `\`npm run build && node bench/near-duplicates.js${values.texts === '10000,30000,100000' ? '' : ` --texts ${values.texts}`}\` wrote this page.`,
    '',
    `Situations of the two simulated worlds, no model's: they follow templates and share most of their words, so that rare runs are few and candidates many. From a similarity of ${NEAR_DUPLICATE} on a text counts as a near-duplicate. The search is exact (\`test/activities/curation/\`). *Search : cut* is of CPU times; memory is the process's peak, its texts included.`,
    '',
    machineText(on, load()).replace(', which the model, the workers, Temporal and S3 all share', ''),
    '',
    ...table(['texts', 'runs of words each', 'near-duplicates', 'cut, CPU s', 'search, CPU s', 'search : cut', 'peak RSS, MiB'], runs.map(({ count, runsOfWords, found, cutS, searchS, peakMiB }) => [count, runsOfWords, found, cutS, searchS, (searchS / cutS).toFixed(1), peakMiB])),
  ],
  { machine: on, runs },
);
