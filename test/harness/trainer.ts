import { Context } from '@temporalio/activity';
import { CancelledFailure, type ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { Ranking, TrainConfig, TrainResult } from '../../activities/training.ts';
import type { TrainingStep } from '../../cli/training/training-progress.ts';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import type { PayloadKeys } from '../../infra/codec/payload-keys.ts';
import { QUEUES } from '../../workflows/messages.ts';
import type { Engine } from './engine.ts';

const BEAT_MS = 20;

const RANKING: Ranking = { nats: 41.5, pairAccuracy: 0.75, pairs: 8, interval: [0.4, 0.9], chance: 0.5, top1: 0.5, top1Chance: 0.3, situations: 4, longerFirst: 0.5, cut: { conditions: 0, texts: 0, explanations: 0 }, note: null };

export function resultOf({ name }: TrainConfig): TrainResult {
  return { run: name, generation: 1, simulated: null, step: 20, loss: 0.5, checkpoint: `s3://b/checkpoints/${name}/00000020`, device: 'cpu', train: RANKING, validation: RANKING, test: RANKING };
}

/** One attempt of the activity, which goes on until the test or a cancellation ends it. */
export interface Training {
  config: TrainConfig;
  /** Resolves when it has heard of a cancellation. */
  cancelled: Promise<void>;
  /** Ends it: by its result, or by a failure. */
  end(failure?: ApplicationFailure): void;
  /** Puts the checkpoint that a cancelled one ends with. */
  putCheckpoint(): void;
}

/** Stands in for the Python worker on queue `gpu-train`: the test says how each training ends. */
export class StandInTrainer {
  /** What it beats with. */
  step: TrainingStep = { step: 7, steps: 20, epoch: 0, loss: 1.25, checkpoint: null, tokensPerS: 100 };
  readonly #begun: Training[] = [];
  readonly #waiting: ((training: Training) => void)[] = [];
  #stop: () => Promise<void> = () => Promise.resolve();

  static async start({ namespace }: Engine, keys: PayloadKeys | null = null): Promise<StandInTrainer> {
    const trainer = new StandInTrainer();
    const connection = await NativeConnection.connect({ address: inject('services').temporalAddress });
    const activities = { train: (config: TrainConfig) => trainer.#train(config) };
    const worker = await Worker.create({ connection, namespace, dataConverter: dataConverterOf(keys), taskQueue: QUEUES.train, activities, maxHeartbeatThrottleInterval: BEAT_MS, defaultHeartbeatThrottleInterval: BEAT_MS });
    const running = worker.run();
    trainer.#stop = async () => {
      worker.shutdown();
      await running;
      await connection.close();
    };
    return trainer;
  }

  /** The next training that begins, or has begun and was not asked for yet. */
  next(): Promise<Training> {
    const begun = this.#begun.shift();
    return begun === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(begun);
  }

  /** How many have begun that nobody asked for. */
  get unasked(): number {
    return this.#begun.length;
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async #train(config: TrainConfig): Promise<TrainResult> {
    const context = Context.current();
    const beats = setInterval(() => context.heartbeat(this.step), BEAT_MS);
    const cancelled = context.cancelled.catch(() => undefined);
    try {
      return await new Promise((resolve, reject) => {
        const training: Training = {
          config,
          cancelled,
          end: (failure) => (failure === undefined ? resolve(resultOf(config)) : reject(failure)),
          putCheckpoint: () => void cancelled.then(() => reject(new CancelledFailure('cancelled'))),
        };
        const asking = this.#waiting.shift();
        if (asking === undefined) this.#begun.push(training);
        else asking(training);
      });
    } finally {
      clearInterval(beats);
    }
  }
}
