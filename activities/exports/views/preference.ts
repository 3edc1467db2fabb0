import { z } from 'zod';
import { isMaterial } from '../../../plans/material.ts';
import { nodesApart } from '../../../plans/standing.ts';
import { Stance } from '../../../schemas/plan.ts';
import type { ExportedVersion } from '../source.ts';
import { answered, asked, objection, SITUATION_SHAPE, situationColumns, textShape, tooLong, type Drop, type Scene, type Told, type View } from './view.ts';

/** A better and a worse version. `distance` in tree edits; `drop` where the worse one is not known to be worse. */
interface Pair {
  chosen: ExportedVersion;
  rejected: ExportedVersion;
  distance: number;
  drop?: Drop;
}

export const preference: View = {
  about: 'One row a pair of versions of a plan, the better one `chosen`: the preference format of TRL, with an explicit prompt, as DPO and reward training read it.',
  shape: (style) =>
    z.strictObject({
      prompt: textShape(style),
      chosen: textShape(style),
      rejected: textShape(style),
      branch: z.string(),
      chosen_revision: z.int(),
      rejected_revision: z.int(),
      chosen_label: z.enum(['positive', 'negative']),
      distance: z.number(),
      chosen_stance: Stance,
      rejected_stance: Stance,
      chosen_log_reward: z.number().nullable(),
      rejected_log_reward: z.number().nullable(),
      textbook: z.string().nullable(),
      chapter: z.string().nullable(),
      ...SITUATION_SHAPE,
    }),
  notes: {
    prompt: 'what is asked',
    chosen: 'the better version',
    rejected: 'the worse version',
    branch: '`main`, or the verification branch of the rejected version',
    chosen_revision: 'number of versions between the chosen one and the draft',
    rejected_revision: 'the same of the rejected one; 0 is the draft',
    chosen_label: '`positive` for the verified final version, `negative` for one that was revised again (only with --pairs adjacent)',
    distance: 'tree edit distance between the two plans; 0 where they differ in numbers alone',
    chosen_stance: '`pursue`, `palliate` or `decline`',
    rejected_stance: 'the same of the rejected version',
    chosen_log_reward: 'exact value in nats where a simulated world knows it, else null',
    rejected_log_reward: 'the same of the rejected version',
    textbook: 'text whose critique the rejected version was revised for, or null',
    chapter: 'its chapter, or null',
  },

  *candidates(told, scene) {
    const { options: { pairs, style }, prompt } = scene;
    const seen = new Set<string>();
    for (const pair of PAIRERS[pairs](told, scene)) {
      const { chosen, rejected, distance } = pair;
      const [better, worse] = [scene.completion(chosen), scene.completion(rejected)];
      const text = JSON.stringify([better, worse]);
      const drop = pair.drop ?? (seen.has(text) ? 'repeated' : unfit(better, worse, distance, scene));
      const versions = [chosen, rejected];
      if (drop !== null) {
        yield { versions, drop };
        continue;
      }
      seen.add(text);
      const row = {
        prompt: asked(prompt, style),
        chosen: answered(better, style),
        rejected: answered(worse, style),
        branch: rejected.row.branch,
        chosen_revision: chosen.row.revision,
        rejected_revision: rejected.row.revision,
        chosen_label: chosen.row.label,
        distance,
        chosen_stance: chosen.row.stance,
        rejected_stance: rejected.row.stance,
        chosen_log_reward: chosen.row.log_reward,
        rejected_log_reward: rejected.row.log_reward,
        ...objection(rejected, told.versions),
        ...situationColumns(told),
      };
      yield { versions, row };
    }
  },
};

function unfit(better: string, worse: string, distance: number, { options, prompt }: Scene): Drop | null {
  if (better === worse) return 'sameText';
  if (distance < options.minDistance) return 'tooClose';
  return tooLong(prompt, [better, worse], options) ? 'tooLong' : null;
}

const PAIRERS: Record<Scene['options']['pairs'], (told: Told, scene: Scene) => Iterable<Pair>> = { all: againstFinal, first: draftAgainstFinal, adjacent: neighbours };

function* againstFinal({ positive, versions }: Told): Generator<Pair> {
  for (const version of versions) if (version.row.label === 'negative') yield { chosen: positive, rejected: version, distance: version.row.distance_to_final };
}

function* draftAgainstFinal({ positive, versions }: Told): Generator<Pair> {
  const draft = versions.find(({ row }) => row.branch === 'main' && row.revision === 0);
  if (draft?.row.label === 'negative') yield { chosen: positive, rejected: draft, distance: draft.row.distance_to_final };
}

/**
 * Each negative against the version that it was revised to. Where that is the final one, or not materially different from it, the final one is
 * chosen. Where it is a negative itself, nothing has verified it: it must differ materially and be closer to the final version, by tree
 * distance, then by the nodes that differ. What follows an equivalent version was a step away from the final one, and is never chosen.
 */
function* neighbours({ positive, versions }: Told, { tolerance }: Scene): Generator<Pair> {
  for (const rejected of versions) {
    if (rejected.row.label !== 'negative') continue;
    const next = versions.find(({ row }) => row.branch === rejected.row.branch && row.revision === rejected.row.revision + 1);
    if (next === undefined) continue;
    if (next.row.label !== 'negative') {
      yield { chosen: positive, rejected, distance: rejected.row.distance_to_final };
      continue;
    }
    const pair = { chosen: next, rejected, distance: next.row.distance_to_previous };
    if (!isMaterial(rejected.plan, next.plan, tolerance)) yield { ...pair, drop: 'immaterial' };
    else if (!isCloser(next, rejected, positive, tolerance)) yield { ...pair, drop: 'notCloser' };
    else yield pair;
  }
}

function isCloser(later: ExportedVersion, earlier: ExportedVersion, { plan, row }: ExportedVersion, tolerance: number): boolean {
  if (later.row.distance_to_final !== earlier.row.distance_to_final) return later.row.distance_to_final < earlier.row.distance_to_final;
  const apart = (version: ExportedVersion) => nodesApart(version.plan, plan, tolerance) + (version.row.stance === row.stance ? 0 : 1);
  return apart(later) < apart(earlier);
}
