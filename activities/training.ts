import type { TrainFile } from '../schemas/campaign.ts';

/** What the Python activity on queue `gpu-train` takes (trainer/exemplar_trainer/worker.py). */
export interface TrainInput extends TrainFile {
  /** `s3://<bucket>/datasets/<campaign>`. */
  uri: string;
  /** `s3://<bucket>/checkpoints/<name>`. */
  checkpoints: string;
}

/** How well held-out finals rank above their earlier versions; null where the split is empty. */
export interface Ranking {
  pairAccuracy: number | null;
  pairs: number;
  /** 95 % interval of pairAccuracy. */
  interval: [number, number] | null;
  chance: number | null;
  top1: number | null;
  top1Chance: number | null;
  situations: number;
  /** What "the plan with more nodes is better" alone would get. */
  longerFirst: number | null;
  note: string | null;
}

export interface TrainResult {
  run: string;
  generation: number;
  step: number;
  loss: number;
  checkpoint: string;
  device: string;
  train: Ranking;
  validation: Ranking;
  test: Ranking;
}

export interface TrainActivities {
  train(input: TrainInput): Promise<TrainResult>;
}
