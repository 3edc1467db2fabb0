import { WorkflowNotFoundError } from '@temporalio/common';
import { writerIdentity } from '../../infra/arrow/writer.ts';
import { identifyProvider } from '../../infra/provider.ts';
import { startOnce } from '../../infra/temporal.ts';
import type { CampaignRecord } from '../../schemas/records.ts';
import { campaignWorkflowId, settingsSignal } from '../../workflows/messages.ts';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { Failure } from '../errors.ts';
import type { Session } from '../session.ts';
import { sightOf, type Since } from './sight.ts';
import { readStored } from './stored.ts';

/** Types of the workflows that a campaign begins. */
const PARTS: ReadonlySet<string> = new Set(['page', 'exemplar']);

/** Starts the campaign's workflow; false where one runs already. */
export async function startCampaign({ client, reader }: Session, campaign: CampaignRecord): Promise<boolean> {
  const { name } = campaign;
  const { outcomes, current } = await readStored(reader, campaign);
  const since: Since = { startedAt: Date.now(), endedBefore: Object.values(outcomes).reduce((a, b) => a + b, 0) };
  return await startOnce(client, 'campaign', {
    workflowId: campaignWorkflowId(name),
    args: [{ campaign: name }],
    memo: { since },
    typedSearchAttributes: [{ key: SEARCH.campaign, value: name }],
    staticSummary: `campaign ${name}: ${current.listing.count} situations, ${campaign.file.model.name}${campaign.simulated === null ? '' : ', SIMULATED'}`,
    priority: { fairnessKey: name },
  });
}

/** Tells the campaign's workflow that its settings have changed; false where none runs. */
export async function tellSettings({ client }: Session, name: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(campaignWorkflowId(name)).signal(settingsSignal);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Starts a campaign whose workflow is gone, after ending the pages and situations that outlived it; false where it runs after all. */
export async function restartCampaign(session: Session, campaign: CampaignRecord): Promise<boolean> {
  return (await endOrphans(session, campaign.name, 'its campaign starts anew from S3')) && (await startCampaign(session, campaign));
}

/** Ends the pages and situations that have outlived their campaign's workflow; false, and ends none, where that runs after all. */
export async function endOrphans({ client }: Session, name: string, why: string): Promise<boolean> {
  const orphans: { workflowId: string; runId: string }[] = [];
  for await (const { workflowId, runId, type } of client.workflow.list({ query: `ExemplarCampaign="${name}" AND ExecutionStatus="Running"` })) {
    // a training on the campaign's dataset goes on
    if (PARTS.has(type)) orphans.push({ workflowId, runId });
  }
  // another command may have started it meanwhile, and then these may be its own
  const sight = await sightOf(client, name);
  if (sight.kind === 'unreachable') throw new Failure(sight.reason);
  if (sight.kind === 'running') return false;
  for (const { workflowId, runId } of orphans) {
    await client.workflow.getHandle(workflowId, runId).terminate(why).catch((error: unknown) => {
      // it ended by itself in the meantime
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
  }
  return true;
}

/** A campaign goes on only with the provider and the writer it began with. @throws Failure naming both. */
export async function checkContinuity({ config }: Session, campaign: CampaignRecord): Promise<void> {
  const { identity } = await identifyProvider(config.model);
  if (identity !== campaign.provider) throw new Failure(`campaign "${campaign.name}" began with the model at ${campaign.provider}, and the configured one is ${identity}: its answers do not mix; set ANTHROPIC_BASE_URL to the former`);
  const writer = await writerIdentity(campaign.file.compression);
  const words = ({ version, codec }: CampaignRecord['writer']) => `${version}, ${codec}`;
  if (words(writer) !== words(campaign.writer)) throw new Failure(`campaign "${campaign.name}" began with the writer "${words(campaign.writer)}", and this program has "${words(writer)}": files would differ; use the version of exemplar that began it`);
}
