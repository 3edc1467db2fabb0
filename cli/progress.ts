import { SingleBar } from 'cli-progress';
import { endedOf, whyText, type CampaignView } from './campaign/view.ts';
import { count, dollars, duration } from './figures.ts';
import type { Output } from './output.ts';

/** Without a terminal, a line is printed at most this often, and only where something has changed. */
const LINE_EVERY_MS = 5_000;

export interface Progress {
  update(view: CampaignView): void;
  stop(): void;
}

/** How far something has come. */
export interface Reading {
  name: string;
  done: number;
  of: number;
  summary: string;
  /** The summary without what the clock alone changes. */
  steady: string;
}

export interface Meter {
  show(reading: Reading): void;
  stop(): void;
}

/** A bar on a terminal, else lines on stderr. */
export function openMeter(output: Output): Meter {
  return process.stderr.isTTY ? bar() : lines(output);
}

/** A meter of a campaign's situations. */
export function openProgress(output: Output): Progress {
  const meter = openMeter(output);
  return {
    update: (view) => meter.show({ name: view.name, done: endedOf(view), of: view.planned, summary: summary(view), steady: summary({ ...view, perHour: null, etaS: null }, false) }),
    stop: () => meter.stop(),
  };
}

/** What has happened so far, in a line: `12 converged, 1 failed, 8 running, 3 waiting | 345 calls, $0.0012 | ETA 20 s`. */
export function summary(view: CampaignView, timed = true): string {
  const { converged, unconverged, refused, failed, overBudget, running, waiting } = view;
  const parts = Object.entries({ converged, unconverged, refused, failed, 'over budget': overBudget, running, waiting });
  const state = parts.filter(([, n]) => n > 0).map(([what, n]) => `${count(n)} ${what}`).join(', ');
  const pace = view.perHour === null ? [] : [`${view.perHour.toFixed(view.perHour < 10 ? 1 : 0)}/h`];
  const eta = view.etaS === null ? [] : [`ETA ${duration(view.etaS)}`];
  const why = view.why === '' ? [] : [whyText(view, timed)];
  const phase = view.state === 'running' || view.state === 'done' ? [] : [view.state];
  return [...phase, state, `${count(view.calls)} calls, ${dollars(view.usd)}`, ...pace, ...eta, ...why].join(' | ');
}

function bar(): Meter {
  const single = new SingleBar({
    format: '{name} [{bar}] {value}/{total} {summary}',
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    stream: process.stderr,
    hideCursor: true,
    linewrap: false,
    gracefulExit: false,
  });
  let started = false;
  return {
    show({ name, done, of, summary }) {
      if (!started) single.start(of, done, { name, summary });
      started = true;
      single.setTotal(of);
      single.update(done, { name, summary });
    },
    stop: () => single.stop(),
  };
}

function lines(output: Output): Meter {
  let last = '';
  let at = 0;
  let pending: string | null = null;
  const print = (line: string) => {
    output.say(line);
    last = line;
    at = Date.now();
    pending = null;
  };
  return {
    show({ name, done, of, steady }) {
      const line = `${name} ${done}/${of}: ${steady}`;
      if (line === last) return;
      if (Date.now() - at >= LINE_EVERY_MS) print(line);
      else pending = line;
    },
    stop() {
      if (pending !== null) print(pending);
    },
  };
}
