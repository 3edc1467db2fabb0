import { durationMs } from '../../activities/durations.ts';
import { spentExplaining } from '../../activities/spending.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { StepRecord, type CampaignRecord } from '../../schemas/records.ts';
import type { ExplainInput } from '../../workflows/explain.ts';
import { explainWorkflowId } from '../../workflows/messages.ts';
import { closeBeside, drawBeside } from '../campaign/beside.ts';
import { checkContinuity } from '../campaign/launch.ts';
import { requireCampaign } from '../datasets.ts';
import { dollars, usdOf } from '../figures.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';
import { explaining } from './explaining.ts';
import { explanationText, findVersion, readShown } from './situation.ts';

/** More than a call costs: what one to a simulated model holds of the cap, nano-dollars, so that campaigns keep the rest. */
const SIMULATED_MOST = 5e9;

/**
 * Has a version explained anew and prints both explanations; where it is being explained already, waits for that.
 * @throws UsageError for a version that is not there, or a missing budget; Failure where the campaign's model is another one.
 */
export async function explainVersion(session: Session, name: string, which: string, options: { revision?: string; budget?: number }, output: Output): Promise<void> {
  const { store, reader, client } = session;
  const campaign = await requireCampaign(store, name);
  const given = allowanceOf(campaign, options.budget);
  const shown = await readShown(reader, campaign, which);
  const { outcome, situation } = shown;
  if (outcome === null || outcome.log === null) throw new UsageError(`SITUATION: situation ${situation.index} has no versions yet`);
  const version = findVersion(shown, options.revision ?? String(shown.versions.filter(({ branch }) => branch === 'main').length - 1));
  await checkContinuity(session, campaign);
  const spender = `${name}/explain`;
  const { nanoUsd: spent } = await spentExplaining(reader, name);
  const total = await drawBeside(store, spender, { spent, least: spent + (given ?? 1), most: given === null ? null : spent + given, asked: spent + SIMULATED_MOST });
  const allowance = total === null ? null : total - spent;
  const input: ExplainInput = { campaign: name, index: situation.index, try: outcome.try, version: version.record, log: version.record, allowance, patienceMs: durationMs(campaign.file.patience) };
  const workflowId = explainWorkflowId(name, situation.index, version.record.slice(0, 12));
  const { log, charged, cost } = await explaining(client, workflowId, input).finally(async () => {
    if (total !== null) await closeBeside(store, spender, (await spentExplaining(reader, name)).nanoUsd);
  });
  const made = StepRecord.parse(JSON.parse(await reader.text(log))).version;
  const explanation = made?.explanation ?? version.explanation;
  output.result(
    { situation, revision: version.revision, branch: version.branch, explanation, own: version.explanation, record: log, usd: usdOf(cost), usdNew: usdOf(charged) },
    [`${which}, version ${version.revision}@${version.branch}, explained anew (${charged === 0 ? 'paid for before' : dollars(usdOf(charged))}):`, explanationText(explanation), 'its own explanation:', explanationText(version.explanation)].join('\n'),
  );
}

/** Int nano-dollars; null: no cap. */
function allowanceOf({ simulated }: CampaignRecord, budget: number | undefined): number | null {
  if (budget === undefined && simulated === null) throw new UsageError('--budget: required, because the model is not simulated; such as --budget 0.50');
  return budget ?? null;
}
