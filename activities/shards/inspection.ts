import type { z } from 'zod';
import type { FileEntry, Manifest, OutcomeCounts, PageSeal } from '../../schemas/manifest.ts';
import { DataRow, LedgerRow, SituationRow } from '../../schemas/rows.ts';
import type { Findings } from './findings.ts';
import { totalOutcomes } from './manifest.ts';
import { pairsOf } from './page-files.ts';
import { Families, IndexPages } from './places.ts';
import type { Rules } from './rules.ts';
import { splitOf } from './splits.ts';
import { checkBytes, readRows, type Located } from './verify-file.ts';
import { checkSituation } from './verify-situation.ts';
import type { VerifySource } from './verify-source.ts';
import { compareText } from './versions.ts';

/** One generation under inspection, a record batch at a time; only what must hold across pages is kept, in a few bytes a situation. */
export class Inspection {
  readonly #source: VerifySource;
  readonly #manifest: Manifest;
  readonly #rules: Rules | null;
  readonly #findings: Findings;
  readonly #pageOf = new IndexPages();
  readonly #families = new Families();

  constructor(source: VerifySource, manifest: Manifest, rules: Rules | null, findings: Findings) {
    this.#source = source;
    this.#manifest = manifest;
    this.#rules = rules;
    this.#findings = findings;
  }

  async run(): Promise<void> {
    this.#checkSums();
    for (const page of this.#manifest.pages) await this.#checkPage(page);
  }

  #checkSums(): void {
    const { pages, planned, outcomes, nanoUsd, calls, imagined, explained } = this.#manifest;
    const check = (what: string, said: number, is: number) => this.#findings.check(said === is, () => `manifest: ${what} is ${said}, the pages give ${is}`);
    const total = totalOutcomes(planned, pages);
    for (const outcome of Object.keys(total) as (keyof typeof total)[]) check(`outcomes.${outcome}`, outcomes[outcome], total[outcome]);
    const sum = Object.values(outcomes).reduce((a, b) => a + b, 0);
    this.#findings.check(sum === planned, () => `manifest: the outcomes sum to ${sum}, planned is ${planned}`);
    check('nanoUsd', nanoUsd, pages.reduce((a, page) => a + page.nanoUsd, (imagined?.nanoUsd ?? 0) + (explained?.nanoUsd ?? 0)));
    check('calls', calls, pages.reduce((a, page) => a + page.calls, (imagined?.calls ?? 0) + (explained?.calls ?? 0)));
    const numbers = pages.map((page) => page.page);
    this.#findings.check(new Set(numbers).size === numbers.length, () => 'manifest: a page stands twice');
  }

  /** Situations first: their versions pass by one situation at a time. */
  async #checkPage(page: PageSeal): Promise<void> {
    const situations = new Map<number, Located<SituationRow>>();
    const outcomes = totalOutcomes(page.situations, []);
    for (const file of page.files.filter(({ kind }) => kind === 'situations')) {
      for await (const { row, at } of this.#rows(file, SituationRow)) {
        outcomes[row.outcome] += 1;
        outcomes.waiting -= 1;
        this.#checkPlace(row, at, page.page);
        situations.set(row.situation_index, { row, at });
      }
    }
    this.#checkOutcomes(page, outcomes);

    const seen = new Set<number>();
    for (const file of page.files.filter(({ kind }) => kind === 'data')) {
      const found = { groups: 0, pairs: 0 };
      for await (const versions of runs(this.#rows(file, DataRow))) {
        this.#checkVersions(versions, situations, seen);
        const pairs = pairsOf(versions.map(({ row }) => row));
        found.groups += pairs === 0 ? 0 : 1;
        found.pairs += pairs;
      }
      this.#checkGroups(file, found);
    }
    for (const [index, situation] of situations) if (!seen.has(index)) this.#checkSituation(situation, []);
    await this.#checkLedger(page);
  }

  /** Every row of a file, in order; a record batch is in memory. */
  async *#rows<Row extends SituationRow | DataRow>(file: FileEntry, shape: z.ZodObject & z.ZodType<Row>): AsyncGenerator<Located<Row>> {
    const bytes = await checkBytes(this.#source, file, this.#findings);
    if (bytes === null) return;
    let before: Row | undefined;
    for await (const rows of readRows(file, bytes, shape, this.#findings)) {
      for (const located of rows) {
        this.#checkOrder(file, located, before);
        before = located.row;
        yield located;
      }
    }
  }

  #checkOrder(file: FileEntry, { row, at }: Located<SituationRow | DataRow>, before: SituationRow | DataRow | undefined): void {
    this.#findings.check(row.split === file.split, () => `${at}: split is ${row.split}, its file holds ${file.split ?? 'none'}`);
    this.#findings.check(before === undefined || inOrder(before, row), () => `${at}: rows must be sorted by situation_index${'branch' in row ? ', branch, revision' : ''}`);
  }

  /** Earlier generations do not count them. */
  #checkGroups(file: FileEntry, found: { groups: number; pairs: number }): void {
    for (const count of ['groups', 'pairs'] as const) {
      const said = file[count];
      if (said !== undefined) this.#findings.check(said === found[count], () => `${file.key}: has ${found[count]} ${count}, the manifest says ${said}`);
    }
  }

  #checkVersions(versions: Located<DataRow>[], situations: ReadonlyMap<number, Located<SituationRow>>, seen: Set<number>): void {
    const [{ row, at }] = versions as [Located<DataRow>];
    const index = row.situation_index;
    const situation = situations.get(index);
    if (situation === undefined) {
      for (const each of versions) this.#findings.check(false, () => `${each.at}: situation ${index} has no row under situations/`);
      return;
    }
    this.#findings.checks += versions.length;
    if (this.#findings.check(!seen.has(index), () => `${at}: versions of situation ${index} stand apart from its others`)) this.#checkSituation(situation, versions);
    seen.add(index);
  }

  #checkSituation(situation: Located<SituationRow>, versions: Located<DataRow>[]): void {
    const index = situation.row.situation_index;
    for (const { row, at } of versions) this.#checkSource(row, at);
    checkSituation(situation, versions, this.#rules?.tolerance(index) ?? null, this.#findings);
  }

  async #checkLedger(page: PageSeal): Promise<void> {
    for (const file of page.files) {
      if (file.kind !== 'ledger') continue;
      const bytes = await checkBytes(this.#source, file, this.#findings);
      if (bytes === null) continue;
      let [calls, nanoUsd] = [0, 0n];
      for await (const rows of readRows(file, bytes, LedgerRow, this.#findings)) {
        calls += rows.length;
        for (const { row } of rows) nanoUsd += row.nano_usd ?? 0n;
      }
      this.#findings.check(calls === page.calls, () => `${file.key}: has ${calls} calls, the manifest says ${page.calls} for page ${page.page}`);
      this.#findings.check(Number(nanoUsd) === page.nanoUsd, () => `${file.key}: sums to ${nanoUsd} nano-dollars, the manifest says ${page.nanoUsd} for page ${page.page}`);
    }
  }

  #checkOutcomes(page: PageSeal, found: OutcomeCounts): void {
    for (const outcome of Object.keys(found) as (keyof typeof found)[]) {
      const said = page.outcomes[outcome];
      this.#findings.check(said === found[outcome], () => `manifest: page ${page.page} says ${said} ${outcome}, its situations files give ${found[outcome]}`);
    }
  }

  /** A version names the campaign that it was made in. */
  #checkSource(row: DataRow, at: string): void {
    const campaign = this.#rules?.campaign(row.situation_index) ?? this.#manifest.campaign;
    this.#findings.check(row.campaign === campaign, () => `${at}: campaign is ${row.campaign}, it must be ${campaign}`);
  }

  /** An index stands once, a family in one split, and in the one that its hash gives. */
  #checkPlace(row: SituationRow, at: string, page: number): void {
    const twin = this.#pageOf.place(row.situation_index, page);
    this.#findings.check(twin === null, () => `${at}: situation ${row.situation_index} stands on page ${twin} too`);
    const family = this.#families.place(row.root_id, row.split, page);
    this.#findings.check(family.split === row.split, () => `${at}: root ${row.root_id} is in ${row.split}, and in ${family.split} on page ${family.page}`);
    if (this.#rules === null) return;
    const split = splitOf(row.root_id, this.#rules.splits, this.#rules.seed);
    this.#findings.check(row.split === split, () => `${at}: split is ${row.split}; the campaign's seed and shares give ${split}`);
  }
}

/** Rows that follow each other and are of one situation. */
async function* runs(rows: AsyncIterable<Located<DataRow>>): AsyncGenerator<Located<DataRow>[]> {
  let run: Located<DataRow>[] = [];
  for await (const each of rows) {
    if (run.length > 0 && run[0]?.row.situation_index !== each.row.situation_index) {
      yield run;
      run = [];
    }
    run.push(each);
  }
  if (run.length > 0) yield run;
}

function inOrder(a: SituationRow | DataRow, b: SituationRow | DataRow): boolean {
  if (a.situation_index !== b.situation_index) return a.situation_index < b.situation_index;
  if (!('branch' in a) || !('branch' in b)) return false;
  return (compareText(a.branch, b.branch) || a.revision - b.revision) < 0;
}
