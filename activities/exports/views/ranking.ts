import { z } from 'zod';
import { Label } from '../../../schemas/rows.ts';
import type { ExportedVersion } from '../source.ts';
import { answered, asked, SITUATION_SHAPE, situationColumns, textShape, tooLong, type Drop, type Scene, type Told, type View } from './view.ts';

export const ranking: View = {
  about:
    'One row a converged situation, with its versions in the order in which they were made, the final one last: for listwise losses, GFlowNets, and pairs of your own. ' +
    'All lists of a row have one item a version.',
  shape: (style) =>
    z.strictObject({
      prompt: textShape(style),
      completions: z.array(textShape(style)),
      labels: z.array(Label.exclude(['none'])),
      ranks: z.array(z.int()),
      distances: z.array(z.number()),
      log_rewards: z.array(z.number().nullable()),
      branches: z.array(z.string()),
      revision_numbers: z.array(z.int()),
      ...SITUATION_SHAPE,
    }),
  notes: {
    prompt: 'what is asked',
    completions: 'the versions; verification branches first, then the main line from the draft to the final version',
    labels: '`positive`, `negative` or `equivalent`',
    ranks: '0 for the final version and equivalent ones; negatives from 1, by `distances`, equal ones alike. Only that 0 comes before all others is verified; the order among negatives is a proxy',
    distances: 'tree edit distance to the final version',
    log_rewards: 'exact values in nats where a simulated world knows them, else null',
    branches: '`main`, or the verification branch',
    revision_numbers: 'number of versions between each one and the draft',
  },

  *candidates(told, scene) {
    const { options: { style }, prompt } = scene;
    const kept: ExportedVersion[] = [];
    const seen = new Set<string>();
    for (const version of told.versions) {
      const left = leftOut(version, told, seen, scene);
      if (left !== null) {
        yield { versions: [version], left };
        continue;
      }
      kept.push(version);
      seen.add(scene.completion(version));
    }
    if (!kept.includes(told.positive) || kept.every(({ row }) => row.label !== 'negative')) {
      yield { versions: kept, drop: kept.includes(told.positive) ? 'noNegative' : 'tooLong' };
      return;
    }
    const row = {
      prompt: asked(prompt, style),
      completions: kept.map((version) => answered(scene.completion(version), style)),
      labels: kept.map((version) => version.row.label),
      ranks: ranksOf(kept),
      distances: kept.map((version) => version.row.distance_to_final),
      log_rewards: kept.map((version) => version.row.log_reward),
      branches: kept.map((version) => version.row.branch),
      revision_numbers: kept.map((version) => version.row.revision),
      ...situationColumns(told),
    };
    yield { versions: kept, row };
  },
};

/** Of versions that read the same, the positive or the first stays. */
function leftOut(version: ExportedVersion, { positive }: Told, seen: ReadonlySet<string>, { options, prompt, completion }: Scene): Drop | null {
  const text = completion(version);
  if (tooLong(prompt, [text], options)) return 'tooLong';
  if (version === positive) return null;
  if (text === completion(positive)) return 'sameText';
  if (version.row.label === 'negative' && version.row.distance_to_final < options.minDistance) return 'tooClose';
  return seen.has(text) ? 'repeated' : null;
}

function ranksOf(versions: readonly ExportedVersion[]): number[] {
  const distances = [...new Set(versions.filter(({ row }) => row.label === 'negative').map(({ row }) => row.distance_to_final))].sort((a, b) => a - b);
  return versions.map(({ row }) => (row.label === 'negative' ? 1 + distances.indexOf(row.distance_to_final) : 0));
}
