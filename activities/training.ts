import type { TrainFile } from '../schemas/training.ts';

/** What the Python activity on queue `gpu-train` takes: `TrainConfig` of trainer/exemplar_trainer/config.py. */
export interface TrainConfig extends Omit<TrainFile, 'wait' | 'startFrom'> {
  /** `s3://<bucket>/checkpoints/<run>[/<step>]`. Absent in histories of earlier versions. */
  startFrom?: string | null;
  /** `s3://<bucket>/datasets/<campaign>`. */
  uri: string;
  /** `s3://<bucket>/checkpoints/<name>`. */
  checkpoints: string;
}

/** What the training workflow takes. */
export interface TrainInput extends TrainConfig {
  /** Wait for a generation that is not published yet. Absent in histories of earlier versions. */
  wait?: boolean;
}

/** How well finals of a split are known, and ranked above their earlier versions; null where the split is empty. */
export interface Ranking {
  /** Mean -log p of a final plan, nats. */
  nats: number | null;
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
  /** How many conditions, texts of final plans and their explanations were too long for the actor, and lost their ends. Absent in results of earlier versions. */
  cut?: { conditions: number; texts: number; explanations: number };
  note: string | null;
}

export interface TrainResult {
  run: string;
  generation: number;
  /** Law hash of the simulated model that wrote the plans, or null. */
  simulated: string | null;
  /** The last one taken. */
  step: number;
  /** Of that step. */
  loss: number;
  /** Of the step that was best on the validation split. */
  checkpoint: string;
  device: string;
  train: Ranking;
  validation: Ranking;
  test: Ranking;
}

export interface TrainActivities {
  train(input: TrainConfig): Promise<TrainResult>;
}
