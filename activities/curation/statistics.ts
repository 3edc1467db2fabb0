import { isMaterial } from '../../plans/material.ts';
import { walk } from '../../plans/tree.ts';
import type { Split } from '../../schemas/campaign.ts';
import { INITIAL_ID, TARGET_ID, type Plan } from '../../schemas/plan.ts';
import type { Outcome } from '../../schemas/records.ts';
import type { DataRow, Label, SituationRow } from '../../schemas/rows.ts';
import type { Edit, Finding } from '../../schemas/wire.ts';
import { situationText } from './decontaminate.ts';
import type { Rules } from '../shards/rules.ts';
import type { Dataset } from './dataset.ts';
import type { Shingled } from './near-duplicates.ts';
import { wordShingles } from './shingles.ts';
import { Numbers, Tally, type Spread } from './tallies.ts';
import { ValuesByVersion, type VersionValue } from './values.ts';

/** Reasons told apart; further ones count as one. */
const MOST_REASONS = 10_000;
export const OTHER_REASONS = '(other reasons)';

const OF_SITUATIONS = ['split', 'task', 'agent', 'horizon', 'outcome', 'reason', 'versions', 'passes'] as const satisfies (keyof SituationRow)[];
const OF_VERSIONS = [
  'situation_id', 'situation_index', 'split', 'branch', 'revision', 'is_final', 'label', 'stance', 'level', 'initial_state', 'target_state',
  'plan_json', 'plan_text', 'critique', 'textbook', 'edits', 'distance_to_previous', 'distance_to_final', 'log_reward',
] as const satisfies (keyof DataRow)[];

/** `nodes`: how many. */
type Version = Pick<DataRow, (typeof OF_VERSIONS)[number]> & { nodes: number };

/** Revisions on main lines, by whether they changed the plan materially: beyond the campaign's tolerance. */
export interface Revisions {
  material: number;
  immaterial: number;
}

export interface Statistics {
  situations: {
    splits: [Split, number][];
    tasks: [string, number][];
    agents: [string, number][];
    horizons: [string, number][];
    /** Of those that did not converge, commonest first. */
    reasons: { outcome: Outcome; reason: string; situations: number }[];
    /** Number of versions, and how many situations have it. */
    versions: [number, number][];
    passes: [number, number][];
  };
  versions: {
    rows: number;
    /** On verification branches. */
    branched: number;
    splits: [Split, number][];
    labels: [Label, number][];
    levels: [string, number][];
    /** Of final versions. */
    stances: [string, number][];
    /** Tree edit distance, of versions that are not final. */
    toFinal: Spread | null;
    /** The same, of versions that are no drafts. */
    toPrevious: Spread | null;
    planChars: Spread | null;
    nodes: Spread | null;
  };
  /** On main lines. */
  revisions: Revisions;
  /** Edits of those revisions by kind. */
  edits: ({ op: Edit['op'] } & Revisions)[];
  /** Texts whose critiques led to those revisions, with the findings that they answer. */
  textbooks: ({ textbook: string; findings: number } & Revisions)[];
  values: VersionValue[];
}

/** What near-duplicates are looked for in. Situations without a version are not among them: no file holds their text. */
export interface Texts {
  situations: (Shingled & { split: Split })[];
  /** Final plans: what they add to their situation. */
  plans: Shingled[];
  /** Situation id -> index. */
  indexes: Map<string, number>;
}

/** Reads a generation once, a record batch at a time. Beside the counts, 4 bytes are kept for each run of words of situations and final plans. */
export async function readStatistics(dataset: Dataset): Promise<{ statistics: Statistics; texts: Texts }> {
  const rules = await dataset.rules();
  const situations = new SituationCounts();
  for await (const batch of dataset.batches<SituationRow>('situations', OF_SITUATIONS)) {
    for (const row of batch.rows(OF_SITUATIONS)) situations.add(row);
  }
  const versions = new VersionCounts(rules);
  for await (const batch of dataset.batches<DataRow>('data', [...OF_VERSIONS, 'nodes'])) {
    const nodes = batch.lengths('nodes');
    for (const [i, row] of batch.rows(OF_VERSIONS).entries()) versions.add({ ...row, nodes: nodes[i] as number });
  }
  const { texts, ...counted } = versions.result();
  return { statistics: { situations: situations.result(), ...counted }, texts };
}

class SituationCounts {
  readonly #splits = new Tally<Split>();
  readonly #tasks = new Tally<string>();
  readonly #agents = new Tally<string>();
  readonly #horizons = new Tally<string>();
  readonly #reasons = new Tally<string>();
  readonly #versions = new Numbers();
  readonly #passes = new Numbers();

  add({ split, task, agent, horizon, outcome, reason, versions, passes }: Pick<SituationRow, (typeof OF_SITUATIONS)[number]>): void {
    this.#splits.add(split);
    this.#tasks.add(task);
    this.#agents.add(agent);
    this.#horizons.add(horizon);
    this.#versions.add(versions);
    this.#passes.add(passes);
    if (outcome === 'converged') return;
    const key = `${outcome} ${reason}`;
    this.#reasons.add(this.#reasons.counts.size < MOST_REASONS || this.#reasons.counts.has(key) ? key : `${outcome} ${OTHER_REASONS}`);
  }

  result(): Statistics['situations'] {
    const reasons = this.#reasons.commonest().map(([key, situations]) => {
      const at = key.indexOf(' ');
      return { outcome: key.slice(0, at) as Outcome, reason: key.slice(at + 1), situations };
    });
    return {
      splits: this.#splits.commonest(),
      tasks: this.#tasks.commonest(),
      agents: this.#agents.commonest(),
      horizons: this.#horizons.commonest(),
      reasons,
      versions: this.#versions.histogram(),
      passes: this.#passes.histogram(),
    };
  }
}

class VersionCounts {
  readonly #rules: Rules;
  #rows = 0;
  #branched = 0;
  readonly #splits = new Tally<Split>();
  readonly #labels = new Tally<Label>();
  readonly #levels = new Tally<string>();
  readonly #stances = new Tally<string>();
  readonly #toFinal = new Numbers();
  readonly #toPrevious = new Numbers();
  readonly #planChars = new Numbers();
  readonly #nodes = new Numbers();
  readonly #revisions: Revisions = { material: 0, immaterial: 0 };
  readonly #edits = new Map<Edit['op'], Revisions>();
  readonly #textbooks = new Map<string, Revisions & { findings: number }>();
  readonly #values = new ValuesByVersion();
  readonly #texts: Texts = { situations: [], plans: [], indexes: new Map() };
  /** The version before on the main line at hand. */
  #before: { index: number; planJson: string } | null = null;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  add(row: Version): void {
    this.#rows += 1;
    this.#splits.add(row.split);
    this.#labels.add(row.label);
    this.#levels.add(row.level);
    this.#planChars.add(row.plan_text.length);
    this.#nodes.add(row.nodes);
    if (!row.is_final) this.#toFinal.add(row.distance_to_final);
    if (row.revision > 0) this.#toPrevious.add(row.distance_to_previous);
    this.#values.add(row);
    if (row.branch === 'main') this.#addRevision(row);
    else this.#branched += 1;
    if (row.is_final) this.#addFinal(row);
  }

  /** Rows of a main line follow each other by revision. */
  #addRevision({ situation_index: index, plan_json: planJson, edits, textbook, critique }: Version): void {
    const before = this.#before?.index === index ? this.#before.planJson : null;
    this.#before = { index, planJson };
    if (before === null || edits === '[]') return;
    const kind = isMaterial(planOf(before), planOf(planJson), this.#rules.tolerance(index) ?? 0) ? 'material' : 'immaterial';
    this.#revisions[kind] += 1;
    for (const { op } of JSON.parse(edits) as Edit[]) entry(this.#edits, op, () => ({ material: 0, immaterial: 0 }))[kind] += 1;
    if (textbook === null) return;
    const text = entry(this.#textbooks, textbook, () => ({ material: 0, immaterial: 0, findings: 0 }));
    text[kind] += 1;
    text.findings += critique === null ? 0 : (JSON.parse(critique) as Finding[]).length;
  }

  #addFinal({ situation_id: id, situation_index, split, stance, initial_state: initial, target_state: target, plan_json }: Version): void {
    this.#stances.add(stance);
    this.#texts.indexes.set(id, situation_index);
    this.#texts.situations.push({ id, split, shingles: wordShingles(situationText({ initial, target })) });
    const own = [...walk(planOf(plan_json))].flatMap(({ node }) => (node.id === INITIAL_ID || node.id === TARGET_ID ? [] : [node.text]));
    this.#texts.plans.push({ id, shingles: wordShingles(own.join('\n')) });
  }

  result(): Omit<Statistics, 'situations'> & { texts: Texts } {
    const commonest = <Counts extends Revisions>(map: Map<string, Counts>) => [...map].sort(([, a], [, b]) => b.material + b.immaterial - a.material - a.immaterial);
    return {
      versions: {
        rows: this.#rows,
        branched: this.#branched,
        splits: this.#splits.commonest(),
        labels: this.#labels.commonest(),
        levels: this.#levels.commonest(),
        stances: this.#stances.commonest(),
        toFinal: this.#toFinal.spread(),
        toPrevious: this.#toPrevious.spread(),
        planChars: this.#planChars.spread(),
        nodes: this.#nodes.spread(),
      },
      revisions: this.#revisions,
      edits: commonest(this.#edits).map(([op, counts]) => ({ op: op as Edit['op'], ...counts })),
      textbooks: commonest(this.#textbooks).map(([textbook, counts]) => ({ textbook, ...counts })),
      values: this.#values.list(),
      texts: this.#texts,
    };
  }
}

function planOf(json: string): Plan {
  return JSON.parse(json) as Plan;
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, fresh: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = fresh()));
  return value;
}
