import { SingleBar } from 'cli-progress';
import type { Output } from '../output.ts';

/** What the trainer reports with its heartbeats. */
export interface TrainingStep {
  step: number;
  steps: number;
  epoch: number;
  loss: number;
  /** Last durable checkpoint, or empty. */
  checkpoint: string | null;
  tokensPerS: number;
}

export interface TrainingProgress {
  update(step: TrainingStep): void;
  /** Said once each. */
  notice(line: string): void;
  stop(): void;
}

/** Without a terminal, at most a line for each of this many parts of the run. */
const PARTS = 10;

/** A bar on a terminal, else a line for every tenth of the run. */
export function openTrainingProgress(output: Output): TrainingProgress {
  const said = new Set<string>();
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: 'training [{bar}] {value}/{total} loss {loss}', barsize: 24, barCompleteChar: '=', barIncompleteChar: ' ', stream: process.stderr, hideCursor: true, linewrap: false, gracefulExit: false })
    : null;
  let started = false;
  let part = -1;
  return {
    update({ step, steps, loss }) {
      if (bar === null) {
        const now = Math.floor((PARTS * step) / steps);
        if (now > part) output.say(`training ${step}/${steps}: loss ${loss.toFixed(4)}`);
        part = Math.max(part, now);
        return;
      }
      if (!started) bar.start(steps, step, { loss: loss.toFixed(4) });
      started = true;
      bar.update(step, { loss: loss.toFixed(4) });
    },
    notice(line) {
      if (!said.has(line)) output.say(line);
      said.add(line);
    },
    stop: () => bar?.stop(),
  };
}
