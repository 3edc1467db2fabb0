import { z } from 'zod';
import { Stance } from '../../../schemas/plan.ts';
import type { ExportedVersion } from '../source.ts';
import { answered, asked, objection, SITUATION_SHAPE, situationColumns, textShape, tooLong, type Drop, type Scene, type View } from './view.ts';

export const unpaired: View = {
  about: 'One row a version: the unpaired preference format of TRL, as KTO reads it. `label` is true for the verified final version and false for one that differs materially from it.',
  shape: (style) =>
    z.strictObject({
      prompt: textShape(style),
      completion: textShape(style),
      label: z.boolean(),
      branch: z.string(),
      revision: z.int(),
      distance_to_final: z.number(),
      stance: Stance,
      log_reward: z.number().nullable(),
      textbook: z.string().nullable(),
      chapter: z.string().nullable(),
      ...SITUATION_SHAPE,
    }),
  notes: {
    prompt: 'what is asked',
    completion: 'the version',
    label: 'true: verified and final; false: differs materially from the final one',
    branch: '`main`, or the verification branch',
    revision: 'number of versions between this one and the draft; the draft has 0',
    distance_to_final: 'tree edit distance to the final version; 0 where they differ in numbers alone',
    stance: '`pursue`, `palliate` or `decline`',
    log_reward: 'exact value in nats where a simulated world knows it, else null',
    textbook: 'text whose critique the version was revised for, or null',
    chapter: 'its chapter, or null',
  },

  *candidates(told, scene) {
    const { style } = scene.options;
    const seen = new Set<string>();
    for (const version of told.versions) {
      const { row } = version;
      if (row.label === 'equivalent') continue;
      const text = scene.completion(version);
      const drop = unfit(version, text, told.positive, seen, scene);
      if (drop !== null) {
        yield { versions: [version], drop };
        continue;
      }
      seen.add(text);
      const own = {
        prompt: asked(scene.prompt, style),
        completion: answered(text, style),
        label: row.label === 'positive',
        branch: row.branch,
        revision: row.revision,
        distance_to_final: row.distance_to_final,
        stance: row.stance,
        log_reward: row.log_reward,
        ...objection(version, told.versions),
        ...situationColumns(told),
      };
      yield { versions: [version], row: own };
    }
  },
};

function unfit(version: ExportedVersion, text: string, positive: ExportedVersion, seen: ReadonlySet<string>, { options, prompt, completion }: Scene): Drop | null {
  if (version !== positive) {
    if (text === completion(positive)) return 'sameText';
    if (version.row.distance_to_final < options.minDistance) return 'tooClose';
  }
  if (tooLong(prompt, [text], options)) return 'tooLong';
  return seen.has(text) ? 'repeated' : null;
}
