import type { Spread } from '../../activities/curation/tallies.ts';
import { simulatedLine } from '../campaign/table.ts';
import { valuesText } from '../demo/values.ts';
import { count, counted, dollars, percent } from '../figures.ts';
import { columns } from '../output.ts';
import type { Curation, Duplicates } from './curation.ts';

/** Rows of a list that are printed; --json has them all. */
const SHOWN = 8;
/** Characters of a reason that are printed. */
const LONGEST = 100;

/** What a dataset holds, as tables. */
export function curationText(curation: Curation): string {
  const { campaign, generation, model, simulated, situations, versions, revisions } = curation;
  const sections = [
    [`${campaign}, generation ${generation}: ${counted(situations.splits.reduce((sum, [, n]) => sum + n, 0), 'situation')}, ${counted(versions.rows, 'version')}, model ${model}`, ...simulatedLine(simulated)],
    outcomes(curation),
    situations.reasons.length === 0 ? [] : ['why situations did not converge', table(['OUTCOME', 'SITUATIONS', 'REASON'], firstOf(situations.reasons).map(({ outcome, reason, situations: n }) => [outcome, count(n), cut(reason)]), [1]), ...more(situations.reasons)],
    [
      'what there is',
      columns([
        ...counts('splits', situations.splits),
        ...counts('tasks', situations.tasks),
        ...counts('agents', situations.agents),
        ...counts('horizons', situations.horizons),
        ...counts('versions a situation', situations.versions),
        ...counts('passes a situation', situations.passes),
        ...counts('labels', versions.labels),
        ...counts('levels', versions.levels),
        ...counts('stances of finals', versions.stances),
        ...(versions.branched === 0 ? [] : [['  on verification branches', counted(versions.branched, 'version')]]),
      ]),
    ],
    spreads(curation),
    revisions.material + revisions.immaterial === 0
      ? []
      : [
          `${counted(revisions.material + revisions.immaterial, 'revision')} on main lines: ${count(revisions.material)} material, ${count(revisions.immaterial)} not`,
          table(['EDIT', 'IN MATERIAL ONES', 'IN OTHERS'], curation.edits.map(({ op, material, immaterial }) => [op, count(material), count(immaterial)]), [1, 2]),
          ...(curation.textbooks.length === 0 ? [] : [table(['CRITIC', 'MATERIAL', 'OTHERS', 'FINDINGS'], firstOf(curation.textbooks).map(({ textbook, material, immaterial, findings }) => [textbook, count(material), count(immaterial), count(findings)]), [1, 2, 3]), ...more(curation.textbooks)]),
        ],
    curation.values.length === 0 ? [] : [valuesText(curation.values)],
    alike(curation),
  ];
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n');
}

function outcomes({ planned, duplicates, outcomes: found, calls, usd, prices, simulated }: Curation): string[] {
  const { overBudget, waiting, ...ended } = found;
  const rows = Object.entries({ planned, ...ended, 'over-budget': overBudget, waiting }).map(([what, n]) => [`  ${what}`, count(n), planned === 0 ? '' : percent(n / planned)]);
  const at = prices === null ? '' : ` at ${prices.source === null ? 'prices of the campaign file' : `prices of ${prices.date ?? ''}, ${prices.source}`}`;
  return [
    columns(rows, [1, 2]),
    ...(duplicates === 0 ? [] : [`  (and ${counted(duplicates, 'duplicate')} dropped)`]),
    `${counted(calls, 'call')}, ${dollars(usd)}${at}${simulated === null ? '' : ' (nothing was spent)'}${found.converged === 0 ? '' : `; ${dollars(usd / found.converged)} a converged situation`}`,
  ];
}

function spreads({ versions: { toFinal, toPrevious, planChars, nodes } }: Curation): string[] {
  const row = (what: string, spread: Spread | null) => (spread === null ? [] : [[what, count(spread.n), spread.mean.toFixed(1), ...[spread.least, spread.tenth, spread.median, spread.ninetieth, spread.most].map(count)]]);
  const rows = [...row('tree distance to final', toFinal), ...row('tree distance to previous', toPrevious), ...row('characters of a plan', planChars), ...row('nodes of a plan', nodes)];
  return rows.length === 0 ? [] : [table(['', 'VERSIONS', 'MEAN', 'LEAST', '10 %', 'MEDIAN', '90 %', 'MOST'], rows, [1, 2, 3, 4, 5, 6, 7])];
}

function alike({ nearDuplicates: { similarity, withoutText, situations, plans }, contamination }: Curation): string[] {
  const line = (what: string, { compared, nearDuplicates, examples }: Duplicates) => `  ${count(nearDuplicates)} of ${counted(compared, what)}${examples.length === 0 ? '' : `: ${examples.map(pair).join(', ')}`}`;
  const { heldOut, heldOutSituations, trainSituations, contaminated, examples } = contamination;
  return [
    `near-duplicates of an earlier one, by a similarity of ${similarity} or more (situation of situation, similarity)`,
    line('situation', situations),
    line('final plan', plans),
    ...(withoutText === 0 ? [] : [`  (${counted(withoutText, 'situation')} without a plan ${withoutText === 1 ? 'is' : 'are'} not compared: no file holds their text)`]),
    `contamination: ${count(contaminated)} of ${counted(trainSituations, 'training situation')} resemble one of ${count(heldOutSituations)} held out (${heldOut})${examples.length === 0 ? '' : `: ${examples.map(pair).join(', ')}`}`,
  ];
}

function pair({ situation, of, similarity }: { situation: number; of: number | string; similarity: number }): string {
  return `${situation} of ${typeof of === 'number' ? of : of.slice(0, 12)} ${similarity.toFixed(2)}`;
}

function counts(what: string, entries: readonly (readonly [string | number, number])[]): string[][] {
  return entries.length === 0 ? [] : [[`  ${what}`, [...firstOf(entries).map(([key, n]) => `${key}: ${count(n)}`), ...more(entries).map((line) => line.trim())].join(', ')]];
}

function table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  return columns([head, ...rows].map(([first = '', ...others]) => [`  ${first}`, ...others]), right);
}

function firstOf<T>(list: readonly T[]): readonly T[] {
  return list.slice(0, SHOWN);
}

function more(list: readonly unknown[]): string[] {
  return list.length <= SHOWN ? [] : [`  ... and ${count(list.length - SHOWN)} more (--json)`];
}

function cut(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}
