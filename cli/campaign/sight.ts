import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { campaignWorkflowId, pageProgressQuery, progressQuery, type CampaignProgress, type PageProgress } from '../../workflows/messages.ts';

/** What Temporal says of a campaign's workflow at this moment. */
export type Sight =
  /** `progress` is null while no worker answers. */
  | { kind: 'running'; progress: CampaignProgress | null; pages: PageProgress[]; since: Since | null }
  /** `status` is Temporal's: COMPLETED, FAILED, TERMINATED, ... */
  | { kind: 'ended'; status: string }
  | { kind: 'absent' }
  | { kind: 'unreachable'; reason: string };

/** Where this run of the campaign began, for its rate: kept in the workflow's memo, which outlives continue-as-new. */
export interface Since {
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Situations that had ended by then. */
  endedBefore: number;
}

/** A worker that polls answers at once; one that is away must not hold the display up. */
const QUERY_MS = 2_000;
const DESCRIBE_MS = 10_000;

/** Looks once; a server or worker that does not answer is part of the answer. Instead of a client, why there is none. */
export async function sightOf(client: Client | string, name: string): Promise<Sight> {
  if (typeof client === 'string') return { kind: 'unreachable', reason: client };
  const handle = client.workflow.getHandle(campaignWorkflowId(name));
  try {
    const { status, memo } = await client.withDeadline(Date.now() + DESCRIBE_MS, () => handle.describe());
    if (status.name !== 'RUNNING') return { kind: 'ended', status: status.name };
    const progress = await quietly(client, () => handle.query(progressQuery));
    const pages = await Promise.all(
      (progress?.openPages ?? []).map((id) => quietly(client, () => client.workflow.getHandle(id).query(pageProgressQuery))),
    );
    return { kind: 'running', progress, pages: pages.filter((page) => page !== null), since: (memo?.['since'] as Since | undefined) ?? null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'absent' };
    const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
    if (isGrpcServiceError(cause)) return { kind: 'unreachable', reason: `Temporal does not answer (${cause.details || cause.message})` };
    throw error;
  }
}

/** null for a query that nobody answers, or whose handler is not set yet. */
async function quietly<T>(client: Client, query: () => Promise<T>): Promise<T | null> {
  try {
    return await client.withDeadline(Date.now() + QUERY_MS, query);
  } catch {
    return null;
  }
}
