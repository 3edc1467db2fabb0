import { z } from 'zod';
import { isMaterial } from '../../../plans/material.ts';
import { standing } from '../../../plans/standing.ts';
import { INITIAL_ID, Stance, TARGET_ID, type Plan } from '../../../schemas/plan.ts';
import type { Finding } from '../../../schemas/wire.ts';
import { planSteps, type Step } from '../completion.ts';
import type { ExportedVersion } from '../source.ts';
import { SITUATION_SHAPE, situationColumns, tooLong, type Scene, type Told, type View } from './view.ts';

export const stepwise: View = {
  about:
    'One row a version, its plan cut into steps: the stepwise supervision format of TRL, for process reward models. The steps are the lines of the plan, the stance first; joined by line breaks they are ' +
    'the plan. States that repeat the initial or the target state of the prompt are no steps. A step is `true` if it stands, not materially changed, in the verified final version and no later critique that led to a material revision ' +
    'named it; of the stance, if it is the final one. Each step is judged by itself: a true one may follow a false one.',
  shape: () =>
    z.strictObject({
      prompt: z.string(),
      completions: z.array(z.string()),
      labels: z.array(z.boolean()),
      nodes: z.array(z.string()),
      version_label: z.enum(['positive', 'negative']),
      branch: z.string(),
      revision: z.int(),
      distance_to_final: z.number(),
      stance: Stance,
      log_reward: z.number().nullable(),
      ...SITUATION_SHAPE,
    }),
  notes: {
    prompt: 'what is asked',
    completions: 'the steps, in the order of the plan',
    labels: 'one a step: does it stand?',
    nodes: 'the node of each step by its id in the data of the campaign, where they are not counted anew; "" for the stance',
    version_label: '`positive` for the final version, whose steps are all true; else `negative`',
    branch: '`main`, or the verification branch',
    revision: 'number of versions between this one and the draft; the draft has 0',
    distance_to_final: 'tree edit distance to the final version',
    stance: '`pursue`, `palliate` or `decline`',
    log_reward: 'exact value in nats where a simulated world knows it, else null',
  },

  *candidates(told, scene) {
    const seen = new Set<string>();
    for (const version of told.versions) {
      const { row, plan } = version;
      if (row.label === 'equivalent') continue;
      const steps = planSteps(plan).filter(({ node }) => node === null || !repeatsPrompt(node, version));
      const completions = steps.map(({ text }) => text);
      const text = completions.join('\n');
      const versions = [version];
      // of versions that read the same, the first has been through the most critiques
      if (seen.has(text)) yield { versions, drop: 'repeated' };
      else if (tooLong(scene.prompt, [text], scene.options)) yield { versions, drop: 'tooLong' };
      else {
        seen.add(text);
        const own = {
          prompt: scene.prompt,
          completions,
          labels: judge(steps, version, told, scene),
          nodes: steps.map(({ node }) => node ?? ''),
          version_label: row.label,
          branch: row.branch,
          revision: row.revision,
          distance_to_final: row.distance_to_final,
          stance: row.stance,
          log_reward: row.log_reward,
          ...situationColumns(told),
        };
        yield { versions, row: own };
      }
    }
  },
};

function repeatsPrompt(id: string, { row, plan }: ExportedVersion): boolean {
  const text = plan.nodes.find((node) => node.id === id)?.text;
  return (id === INITIAL_ID && text === row.initial_state) || (id === TARGET_ID && text === row.target_state);
}

function judge(steps: readonly Step[], version: ExportedVersion, { positive, versions }: Told, { tolerance }: Scene): boolean[] {
  if (version === positive) return steps.map(() => true);
  const right = standing(version.plan, positive.plan, tolerance);
  for (const id of faulted(version, versions, tolerance)) right.delete(id);
  return steps.map(({ node }) => (node === null ? version.row.stance === positive.row.stance : right.has(node)));
}

/** Nodes of a version that a critique of it, or of a later version on its line that still held them as they are, found fault with. */
function faulted(version: ExportedVersion, versions: readonly ExportedVersion[], tolerance: number): Set<string> {
  const ids = new Set<string>();
  const line = versions.filter(({ row }) => row.branch === version.row.branch && row.revision >= version.row.revision);
  for (const [i, { plan, row }] of line.entries()) {
    const before: Plan | undefined = line[i - 1]?.plan;
    if (before === undefined || row.critique === null || !isMaterial(before, plan, tolerance)) continue;
    const unchanged = standing(version.plan, before, tolerance);
    for (const { node, severity } of JSON.parse(row.critique) as Finding[]) if (severity !== 'none' && unchanged.has(node)) ids.add(node);
  }
  return ids;
}
