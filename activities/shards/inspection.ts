import type { FileEntry, Manifest, PageSeal } from '../../schemas/manifest.ts';
import { DataRow, LedgerRow, SituationRow } from '../../schemas/rows.ts';
import type { Findings } from './findings.ts';
import { totalOutcomes } from './manifest.ts';
import { pairsOf } from './page-files.ts';
import type { Rules } from './rules.ts';
import { splitOf } from './splits.ts';
import { checkBytes, readRows, type Located } from './verify-file.ts';
import { checkSituation } from './verify-situation.ts';
import type { VerifySource } from './verify-source.ts';
import { compareText } from './versions.ts';

/** One generation under inspection, page by page; only what must hold across pages is kept. */
export class Inspection {
  readonly #source: VerifySource;
  readonly #manifest: Manifest;
  readonly #rules: Rules | null;
  readonly #findings: Findings;
  readonly #situationAt = new Map<number, string>();
  readonly #splitOfRoot = new Map<string, Located<string>>();

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

  async #checkPage(page: PageSeal): Promise<void> {
    const situations: Located<SituationRow>[] = [];
    const versions: Located<DataRow>[] = [];
    for (const file of page.files) {
      const bytes = await checkBytes(this.#source, file, this.#findings);
      if (bytes === null) continue;
      if (file.kind === 'situations') situations.push(...this.#checkOrder(file, await readRows(file, bytes, SituationRow, this.#findings)));
      else if (file.kind === 'data') versions.push(...this.#checkGroups(file, this.#checkOrder(file, await readRows(file, bytes, DataRow, this.#findings))));
      else this.#checkLedger(page, file, await readRows(file, bytes, LedgerRow, this.#findings));
    }
    this.#checkOutcomes(page, situations);
    const versionsOf = byIndex(versions);
    for (const situation of situations) {
      this.#checkPlace(situation);
      for (const { row, at } of versionsOf.get(situation.row.situation_index) ?? []) this.#checkSource(row, at);
      checkSituation(situation, versionsOf.get(situation.row.situation_index) ?? [], this.#rules?.tolerance(situation.row.situation_index) ?? null, this.#findings);
    }
    const known = new Set(situations.map(({ row }) => row.situation_index));
    for (const { row, at } of versions) this.#findings.check(known.has(row.situation_index), () => `${at}: situation ${row.situation_index} has no row under situations/`);
  }

  #checkOrder<Row extends SituationRow | DataRow>(file: FileEntry, rows: Located<Row>[]): Located<Row>[] {
    for (const [i, { row, at }] of rows.entries()) {
      this.#findings.check(row.split === file.split, () => `${at}: split is ${row.split}, its file holds ${file.split ?? 'none'}`);
      const before = rows[i - 1]?.row;
      this.#findings.check(before === undefined || inOrder(before, row), () => `${at}: rows must be sorted by situation_index${'branch' in row ? ', branch, revision' : ''}`);
    }
    return rows;
  }

  /** Earlier generations do not count them. */
  #checkGroups(file: FileEntry, versions: Located<DataRow>[]): Located<DataRow>[] {
    const pairs = [...byIndex(versions).values()].map((group) => pairsOf(group.map(({ row }) => row)));
    const found = { groups: pairs.filter((n) => n > 0).length, pairs: pairs.reduce((sum, n) => sum + n, 0) };
    for (const count of ['groups', 'pairs'] as const) {
      const said = file[count];
      if (said !== undefined) this.#findings.check(said === found[count], () => `${file.key}: has ${found[count]} ${count}, the manifest says ${said}`);
    }
    return versions;
  }

  #checkLedger(page: PageSeal, file: FileEntry, rows: Located<LedgerRow>[]): void {
    const nanoUsd = Number(rows.reduce((sum, { row }) => sum + (row.nano_usd ?? 0n), 0n));
    this.#findings.check(rows.length === page.calls, () => `${file.key}: has ${rows.length} calls, the manifest says ${page.calls} for page ${page.page}`);
    this.#findings.check(nanoUsd === page.nanoUsd, () => `${file.key}: sums to ${nanoUsd} nano-dollars, the manifest says ${page.nanoUsd} for page ${page.page}`);
  }

  #checkOutcomes(page: PageSeal, situations: Located<SituationRow>[]): void {
    const found = totalOutcomes(page.situations, []);
    for (const { row } of situations) {
      found[row.outcome] += 1;
      found.waiting -= 1;
    }
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
  #checkPlace({ row, at }: Located<SituationRow>): void {
    const twin = this.#situationAt.get(row.situation_index);
    this.#findings.check(twin === undefined, () => `${at}: situation ${row.situation_index} stands at ${twin ?? ''} too`);
    this.#situationAt.set(row.situation_index, at);
    const family = this.#splitOfRoot.get(row.root_id) ?? { row: row.split, at };
    this.#splitOfRoot.set(row.root_id, family);
    this.#findings.check(family.row === row.split, () => `${at}: root ${row.root_id} is in ${row.split}, and in ${family.row} at ${family.at}`);
    if (this.#rules === null) return;
    const split = splitOf(row.root_id, this.#rules.splits, this.#rules.seed);
    this.#findings.check(row.split === split, () => `${at}: split is ${row.split}; the campaign's seed and shares give ${split}`);
  }
}

function byIndex(versions: readonly Located<DataRow>[]): Map<number, Located<DataRow>[]> {
  const groups = new Map<number, Located<DataRow>[]>();
  for (const version of versions) {
    const group = groups.get(version.row.situation_index);
    if (group === undefined) groups.set(version.row.situation_index, [version]);
    else group.push(version);
  }
  return groups;
}

function inOrder(a: SituationRow | DataRow, b: SituationRow | DataRow): boolean {
  if (a.situation_index !== b.situation_index) return a.situation_index < b.situation_index;
  if (!('branch' in a) || !('branch' in b)) return false;
  return (compareText(a.branch, b.branch) || a.revision - b.revision) < 0;
}
