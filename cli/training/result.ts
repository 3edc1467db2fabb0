import type { Ranking, TrainResult } from '../../activities/training.ts';
import { count, counted } from '../figures.ts';
import { columns } from '../output.ts';

const HEAD = ['  SPLIT', 'NATS A PLAN', 'PAIRS RIGHT', '95 %', 'CHANCE', 'LONGER FIRST', 'PAIRS', 'BEST FIRST', 'CHANCE', 'SITUATIONS'];

/** What the trained actor makes of final plans, and how well it ranks them above earlier versions, split by split, beside chance. */
export function trainingText(result: TrainResult): string {
  const splits = [['train', result.train], ['validation', result.validation], ['test', result.test]] as const;
  const notes = splits.flatMap(([split, { note, cut }]) => [note, cutText(cut)].flatMap((each) => (each === null ? [] : [`  ${split}: ${each}`])));
  return [
    `training ${result.run}: ${count(result.step)} steps on ${result.device}, generation ${result.generation}, last loss ${result.loss.toFixed(4)}`,
    columns([HEAD, ...splits.map(([split, ranking]) => row(split, ranking))], HEAD.map((_, i) => i).slice(1)),
    '  nats a plan: mean -log p of final versions; pairs: a final and an earlier version, ranked by log p - log p_draft (by log p after imitation)',
    ...notes,
    `checkpoint   ${result.checkpoint}`,
  ].join('\n');
}

function row(split: string, { nats, pairAccuracy, interval, chance, longerFirst, pairs, top1, top1Chance, situations }: Ranking): string[] {
  return [
    `  ${split}`,
    nats === null ? '-' : nats.toFixed(2),
    percent(pairAccuracy),
    interval === null ? '-' : `${(100 * interval[0]).toFixed(1)}..${(100 * interval[1]).toFixed(1)}`,
    percent(chance),
    percent(longerFirst),
    count(pairs),
    percent(top1),
    percent(top1Chance),
    count(situations),
  ];
}

/** What of a split the actor could not read or write whole. */
function cutText(cut: Ranking['cut']): string | null {
  if (cut === undefined) return null;
  const { conditions, texts, explanations } = cut;
  if (conditions + texts + explanations === 0) return null;
  return `${counted(conditions, 'condition')}, ${counted(texts, 'text')} of final plans and ${counted(explanations, 'explanation')} are too long for the actor, and lost their ends.`;
}

const percent = (share: number | null) => (share === null ? '-' : `${(100 * share).toFixed(1)} %`);
