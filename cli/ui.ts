import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { Failure } from './errors.ts';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'ui [name]', "address of the Temporal UI, on the campaign's page; opened where there is a display").action(async (name: string | undefined, options: { json?: boolean }) => {
    const { configured } = await import('./environment.ts');
    const { uiUrlOf } = await import('./campaign/view.ts');
    const { temporal } = configured();
    const { uiUrl, namespace } = temporal;
    if (uiUrl === null || uiUrl === '') throw new Failure('the address of the Temporal UI is not known: set TEMPORAL_UI_URL, or run `exemplar up` for a local one');
    if (name !== undefined) await requireKnown(name);
    const url = name === undefined ? `${uiUrl.replace(/\/$/, '')}/namespaces/${namespace}/workflows` : (uiUrlOf(temporal, name) as string);
    new Output(options).result({ url }, url);
    if (options.json !== true && process.stdout.isTTY) open(url);
  });
}

/** @throws UsageError where there is no such campaign, nor situations that are imagined for one. */
async function requireKnown(name: string): Promise<void> {
  const { withOutlook } = await import('./session.ts');
  const { viewImagination } = await import('./campaign/imagining.ts');
  const { requireCampaign } = await import('./datasets.ts');
  await withOutlook(async (outlook) => {
    if ((await viewImagination(outlook, name)) === null) await requireCampaign(outlook.store, name);
  });
}

/** Opens the address, if there is anything to open it with; the address has been printed in any case. */
function open(url: string): void {
  const mac = process.platform === 'darwin';
  if (!mac && process.env['DISPLAY'] === undefined && process.env['WAYLAND_DISPLAY'] === undefined) return;
  const opener = spawn(mac ? 'open' : 'xdg-open', [url], { detached: true, stdio: 'ignore' });
  opener.once('error', () => undefined);
  opener.unref();
}
