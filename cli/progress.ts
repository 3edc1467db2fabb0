import { SingleBar } from 'cli-progress';
import { endedOf, type CampaignView } from './campaign/view.ts';
import { count, dollars, duration } from './figures.ts';
import type { Output } from './output.ts';

/** Without a terminal, a line is printed at most this often, and only where something has changed. */
const LINE_EVERY_MS = 5_000;

export interface Progress {
  update(view: CampaignView): void;
  stop(): void;
}

/** A bar on a terminal, else lines on stderr. */
export function openProgress(output: Output): Progress {
  return process.stderr.isTTY ? bar() : lines(output);
}

/** What has happened so far, in a line: `12 converged, 1 failed, 8 running, 3 waiting | 345 calls, $0.0012 | ETA 20 s`. */
export function summary(view: CampaignView): string {
  const { converged, unconverged, refused, failed, overBudget, running, waiting } = view;
  const parts = Object.entries({ converged, unconverged, refused, failed, 'over budget': overBudget, running, waiting });
  const state = parts.filter(([, n]) => n > 0).map(([what, n]) => `${count(n)} ${what}`).join(', ');
  const pace = view.perHour === null ? [] : [`${view.perHour.toFixed(view.perHour < 10 ? 1 : 0)}/h`];
  const eta = view.etaS === null ? [] : [`ETA ${duration(view.etaS)}`];
  const why = view.why === '' ? [] : [view.why];
  const phase = view.state === 'running' || view.state === 'done' ? [] : [view.state];
  return [...phase, state, `${count(view.calls)} calls, ${dollars(view.usd)}`, ...pace, ...eta, ...why].join(' | ');
}

function bar(): Progress {
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
    update(view) {
      const payload = { name: view.name, summary: summary(view) };
      if (!started) single.start(view.planned, endedOf(view), payload);
      started = true;
      single.setTotal(view.planned);
      single.update(endedOf(view), payload);
    },
    stop: () => single.stop(),
  };
}

function lines(output: Output): Progress {
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
    update(view) {
      const line = `${view.name} ${endedOf(view)}/${view.planned}: ${summary({ ...view, perHour: null, etaS: null })}`;
      if (line === last) return;
      if (Date.now() - at >= LINE_EVERY_MS) print(line);
      else pending = line;
    },
    stop() {
      if (pending !== null) print(pending);
    },
  };
}
