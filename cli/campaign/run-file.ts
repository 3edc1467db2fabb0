import { readBudget } from '../../activities/budget.ts';
import { readImagined } from '../../activities/imagined.ts';
import { checkProvider, type CampaignSource } from '../../infra/campaign-source.ts';
import { openCampaign } from '../../infra/campaign-opening.ts';
import { identifyProvider, probeStructured } from '../../infra/provider.ts';
import { anthropicCounter } from '../../infra/token-counter.ts';
import { ensureSearchAttributes } from '../../infra/temporal.ts';
import { EXIT } from '../errors.ts';
import { counted } from '../figures.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';
import { followCampaign, type Followed } from './follow.ts';
import { capLine } from './cap.ts';
import { imaginedFields, imaginedLine } from './imagine.ts';
import { restartCampaign, tellSettings } from './launch.ts';
import { sightOf } from './sight.ts';
import { withSituations } from './situations.ts';
import { readStored } from './stored.ts';
import { exitCodeOf, outcomeTable, readTokens } from './table.ts';
import { uiUrlOf, viewCampaign } from './view.ts';

/** Runs a campaign file to the end, or starts it only. Returns the exit code. */
export async function runFile(session: Session, source: CampaignSource, output: Output, detach: boolean): Promise<number> {
  const { name } = source.file;
  const full = await withSituations(session, source, output);
  if (full === null) {
    output.say(`detached: the situations of ${name} are being imagined; \`exemplar run ${source.path}\` follows and then begins the campaign`);
    output.result({ name, detached: true, imagined: null }, '');
    return EXIT.ok;
  }
  const changed = await openSource(session, full, output);
  return await goOn(session, name, output, { detach, changed });
}

/** Writes the file's campaign to S3, or finds or extends it there. True where its settings are newer than a running workflow knows. */
export async function openSource(session: Session, source: CampaignSource, output: Output): Promise<boolean> {
  const { name, model } = source.file;
  const provider = await identifyProvider(session.config.model);
  const budget = await readBudget(session.store);
  checkProvider(source, provider, budget.cap !== null);
  const { structured } = await probeStructured(session.config.model, provider, model.name);
  const { how } = await openCampaign(session.store, source, provider, structured, anthropicCounter(session.config.model));
  const what = { new: 'new campaign', attached: 'campaign', extended: 'extended campaign' }[how];
  output.say(`${what} ${name}: ${counted(source.listing.situations.length, 'situation')}, model ${model.name}${provider.simulated === null ? ` at ${provider.origin}` : ', SIMULATED'}`);
  if (budget.cap !== null) output.say(capLine(budget));
  return how === 'extended';
}

/** Goes on with a campaign that S3 holds, and prints its end. Returns the exit code. */
export async function goOn(session: Session, name: string, output: Output, how: { detach: boolean; changed: boolean }): Promise<number> {
  const { view, detached } = await advance(session, name, output, how);
  const imagined = await readImagined(session.store, name);
  const more = { detached, ...(imagined === null ? {} : { imagined: imaginedFields(imagined) }) };
  if (detached) {
    output.say(`detached: campaign ${name} goes on; \`exemplar status ${name} --watch\` shows it, \`exemplar pause ${name}\` holds it`);
    output.result({ ...view, ...more, tokens: null }, '');
    return EXIT.ok;
  }
  const tokens = await readTokens(session.store, name);
  output.result({ ...view, ...more, tokens }, [outcomeTable(view, tokens), ...(imagined === null ? [] : [imaginedLine(imagined)])].join('\n'));
  return exitCodeOf(view);
}

/** Makes sure that a campaign's workflow runs if there is anything left to do, and follows it to the end. */
export async function advance(session: Session, name: string, output: Output, { detach, changed }: { detach: boolean; changed: boolean }): Promise<Followed> {
  await ensureSearchAttributes(session.client);
  const campaign = await session.reader.campaign(name);
  const seen = (await sightOf(session.client, name)).kind === 'running';
  const running = seen && (!changed || (await tellSettings(session, name)));
  if (!running) {
    const { complete, current } = await readStored(session.reader, campaign);
    if (!complete && current.state === 'cancelled') output.say(`campaign ${name} was cancelled: \`exemplar resume ${name}\` goes on`);
    if (complete || current.state === 'cancelled') return { view: await viewCampaign(session, name), detached: false };
    await restartCampaign(session, campaign);
  }
  const ui = uiUrlOf(session.config.temporal, name);
  if (ui !== null) output.say(`Temporal UI: ${ui}`);
  if (detach) return { view: await viewCampaign(session, name), detached: true };
  return await followCampaign(session, name, output, changed && running);
}
