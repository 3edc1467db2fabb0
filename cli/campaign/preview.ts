import { WorkflowFailedError } from '@temporalio/client';
import { durationMs } from '../../activities/durations.ts';
import { readBudget } from '../../activities/budget.ts';
import { grantEstimate } from '../../activities/pricing.ts';
import { campaignSpending } from '../../activities/spending.ts';
import { writerIdentity } from '../../infra/arrow/writer.ts';
import { checkProvider, fingerprintParts, type CampaignSource } from '../../infra/campaign-source.ts';
import { openCampaign } from '../../infra/campaign-opening.ts';
import { identifyProvider, probeStructured } from '../../infra/provider.ts';
import { ensureSearchAttributes, startOnce } from '../../infra/temporal.ts';
import { anthropicCounter } from '../../infra/token-counter.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import type { ExemplarInput } from '../../workflows/exemplar.ts';
import { situationWorkflowId, type ActorInput, type ExemplarResult } from '../../workflows/messages.ts';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { EXIT } from '../errors.ts';
import { counted, dollars, usdOf } from '../figures.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';
import { readShown, shownText } from '../show/situation.ts';
import { closeBeside, drawBeside } from './beside.ts';
import { previewName } from './preview-name.ts';
import { withFirstSituations } from './situations.ts';
import { simulatedLine } from './table.ts';

/** Runs the first situations under a hidden name that changes with the file, seals nothing, and shows their versions. Returns the exit code. */
export async function previewFile(session: Session, whole: CampaignSource, number: number, output: Output): Promise<number> {
  const provider = await identifyProvider(session.config.model);
  checkProvider(whole, provider, (await readBudget(session.store)).cap !== null);
  const { structured } = await probeStructured(session.config.model, provider, whole.file.model.name);
  const parts = fingerprintParts(whole, provider, structured, await writerIdentity(whole.file.compression));
  const { situations } = whole.file;
  const count = situations.from === 'imagine' ? Math.min(number, situations.count) : whole.listing.situations.length;
  const name = previewName(whole.file, parts, count);
  const source = await withFirstSituations(session, whole, { name, number }, output);
  if (source === null) return detached(whole, name, output);
  const { campaign } = await openCampaign(session.store, source, provider, structured, anthropicCounter(session.config.model));
  await ensureSearchAttributes(session.client);
  const shown = Math.min(number, source.listing.situations.length);
  output.say(`preview of ${counted(shown, 'situation')} of ${whole.file.name}; nothing is written to its dataset`);
  const indexes = Array.from({ length: shown }, (_, i) => i);
  const spending = () => campaignSpending(session.reader, campaign, [], shown);
  const [spent, own] = [await spending(), provider.simulated !== null || whole.file.budget === undefined ? null : Math.round(whole.file.budget * 1e9)];
  const total = await drawBeside(session.store, name, { spent, least: spent, most: own === null ? null : Math.max(own, spent) });
  const allowance = total === null ? null : Math.floor((total - spent) / shown);
  const results = await Promise.all(indexes.map((index) => runSituation(session, campaign, index, allowance, output)));
  if (total !== null) await closeBeside(session.store, name, await spending());
  const details = await Promise.all(indexes.map((index) => readShown(session.reader, campaign, String(index))));
  const usd = usdOf(results.reduce((sum, result) => sum + (result?.cost ?? 0), 0));
  const text = [
    ...details.map((detail) => shownText(detail)),
    [`${counted(results.reduce((sum, result) => sum + (result?.calls ?? 0), 0), 'call')}, ${dollars(usd)}; \`exemplar run ${source.path}\` reuses them`, ...simulatedLine(provider.simulated)].join('\n'),
  ];
  output.result({ campaign: whole.file.name, preview: name, simulated: provider.simulated, usd, situations: details }, text.join('\n\n'));
  return results.some((result) => result === null || result.outcome === 'failed' || result.outcome === 'over-budget') ? EXIT.failed : EXIT.ok;
}

function detached({ path, file }: CampaignSource, preview: string, output: Output): number {
  output.say(`detached: the first situations of ${file.name} are being imagined; \`exemplar preview ${path}\` follows`);
  output.result({ campaign: file.name, preview, detached: true }, '');
  return EXIT.ok;
}

/** null where the situation's workflow broke off: its share of the budget was used up. */
async function runSituation({ client }: Session, campaign: CampaignRecord, index: number, allowance: number | null, output: Output): Promise<ExemplarResult | null> {
  const { file, name } = campaign;
  const actor: ActorInput = {
    campaign: name,
    chapters: campaign.chapters.length,
    maxPasses: campaign.actor.maxPasses,
    alternatives: campaign.actor.alternatives,
    maxReopen: campaign.actor.maxReopen,
    patienceMs: durationMs(file.patience),
    firstGrant: grantEstimate(campaign),
    ...(file.library.select === 'routed' ? { routed: true } : {}),
  };
  // no page answers for money under this name: a situation that needs more than its share breaks off
  const input: ExemplarInput = { actor, index, try: 0, page: `exemplar/${name}/no-page`, allowance, held: false };
  const workflowId = situationWorkflowId(name, index, 0);
  await startOnce(client, 'exemplar', {
    workflowId,
    args: [input],
    typedSearchAttributes: [{ key: SEARCH.campaign, value: name }],
    staticSummary: `preview of situation ${index}`,
  });
  try {
    const result = (await client.workflow.getHandle(workflowId).result()) as ExemplarResult;
    output.say(`situation ${index}: ${result.outcome ?? 'cancelled'}, ${counted(result.calls, 'call')}`);
    return result;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    output.say(`situation ${index}: broke off: ${error.cause?.message ?? error.message}`);
    return null;
  }
}
