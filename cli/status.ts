import type { Command } from 'commander';
import type { ImaginingView } from './campaign/imagining.ts';
import type { CampaignView } from './campaign/view.ts';
import type { MergedView } from './datasets/merged.ts';
import { count, dollars, duration, short } from './figures.ts';
import { columns, Output, verb } from './output.ts';
import { trainingNamed } from './training/name.ts';
import type { Outlook } from './session.ts';

interface StatusOptions {
  json?: boolean;
  watch?: boolean;
}

export function register(program: Command): void {
  verb(program, 'status [name]', 'state, outcomes, calls, cost, rate and ETA of one campaign, or of all; or, as train/RUN, where a training stands')
    .option('--watch', 'show it until it ends; Ctrl-C stops showing')
    .action(async (name: string | undefined, options: StatusOptions) => {
      const output = new Output(options);
      const run = trainingNamed(name ?? '');
      if (run !== null) {
        const { withSession } = await import('./session.ts');
        const { showTraining } = await import('./training/change.ts');
        return await withSession((session) => showTraining(session, run, output, options.watch === true));
      }
      const { withOutlook } = await import('./session.ts');
      await withOutlook((outlook) => (name === undefined ? all(outlook, output) : one(outlook, name, output, options.watch === true)));
    });
}

async function one(outlook: Outlook, name: string, output: Output, watch: boolean): Promise<void> {
  const { showImagination } = await import('./campaign/imagining.ts');
  if (await showImagination(outlook, name, output, watch)) return;
  const { requireCampaign } = await import('./datasets.ts');
  const { viewCampaign } = await import('./campaign/view.ts');
  const { outcomeTable, readTokens } = await import('./campaign/table.ts');
  const { client, store } = outlook;
  const { kindOf } = await import('./campaign/list.ts');
  const { showMerged } = await import('./datasets/merged.ts');
  if ((await kindOf(store, name)) === 'merged') return showMerged(store, name, output);
  await requireCampaign(store, name);
  let view = await viewCampaign(outlook, name);
  if (watch && typeof client !== 'string' && (view.state === 'running' || view.state === 'paused' || view.state === 'cancelling')) {
    const { followCampaign } = await import('./campaign/follow.ts');
    ({ view } = await followCampaign({ ...outlook, client }, name, output));
  }
  const tokens = await readTokens(store, name);
  const pace = view.perHour === null ? '' : `\nrate         ${view.perHour.toFixed(1)} situations an hour${view.etaS === null ? '' : `, ETA ${duration(view.etaS)}`}`;
  output.result({ ...view, tokens }, outcomeTable(view, tokens) + pace);
}

async function all({ store, ...outlook }: Outlook, output: Output): Promise<void> {
  const { viewCampaign, whyText } = await import('./campaign/view.ts');
  const { listCampaigns } = await import('./campaign/list.ts');
  const { viewImagination } = await import('./campaign/imagining.ts');
  const views: CampaignView[] = [];
  const imagining: ImaginingView[] = [];
  const { begun, imagined, merged: mergedNames, deleting } = await listCampaigns(store);
  for (const name of begun) views.push(await viewCampaign({ ...outlook, store }, name));
  for (const name of imagined) {
    const view = await viewImagination({ ...outlook, store }, name);
    if (view !== null) imagining.push(view);
  }
  const head = ['NAME', 'STATE', 'PLANNED', 'CONV', 'UNCONV', 'REFUSED', 'FAILED', 'OVER-B', 'RUNNING', 'WAITING', 'CALLS', 'USD', '/H', 'ETA'];
  const rows = views.map((view) => [
    `${view.name}${view.simulated === null ? '' : ' (sim)'}`,
    view.state,
    ...[view.planned, view.converged, view.unconverged, view.refused, view.failed, view.overBudget, view.running, view.waiting].map(count),
    short(view.calls),
    dollars(view.usd),
    view.perHour === null ? '-' : view.perHour.toFixed(0),
    view.etaS === null ? '-' : duration(view.etaS),
  ]);
  for (const { name, state, planned, calls, usd } of imagining) {
    rows.push([name, state, planned === null ? '-' : count(planned), ...Array<string>(7).fill('-'), calls === null ? '-' : short(calls), usd === null ? '-' : dollars(usd), '-', '-']);
  }
  const { mergedLine, viewMerged } = await import('./datasets/merged.ts');
  const merged: MergedView[] = [];
  for (const name of mergedNames) merged.push(await viewMerged(store, name));
  const whys = [...views, ...imagining].filter(({ why }) => why !== '').map((view) => `${view.name}: ${whyText(view)}`);
  const table = columns([head, ...rows], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  const others = [...merged.map(mergedLine), ...deleting.map((name) => `${name}: is being deleted; \`exemplar delete ${name}\` goes on`)];
  output.result({ campaigns: views, imagining, merged, deleting }, [...(rows.length === 0 ? [`no campaigns in ${store.describe()}`] : [table]), ...whys, ...others].join('\n'));
}
