import { isGrpcServiceError, WorkflowNotFoundError, type Client, type WorkflowExecutionDescription, type WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { PayloadKeyError } from '../../infra/codec/encryption.ts';
import {
  batchProgressQuery,
  batchWorkflowId,
  campaignWorkflowId,
  imagineProgressQuery,
  imagineWorkflowId,
  pageProgressQuery,
  progressQuery,
  type BatchProgress,
  type CampaignProgress,
  type ImagineProgress,
  type PageProgress,
} from '../../workflows/messages.ts';
import { NO_ANSWER, passedOverLine } from './polling.ts';

const { WorkflowExecutionStatus } = proto.temporal.api.enums.v1;

/** What Temporal says of a campaign's workflow at this moment. */
export type Sight =
  /** `progress` is null while no worker answers for the campaign or for one of its open pages; `silence` says why. */
  { kind: 'running'; progress: CampaignProgress | null; silence: string; pages: PageProgress[]; batches: BatchProgress | null; since: Since | null } | NotRunning;

/** The same of the imagination of its situations. */
export type ImagineSight = { kind: 'running'; progress: ImagineProgress | null } | NotRunning;

type NotRunning =
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
  return await look(client, campaignWorkflowId(name), async (there, handle, { memo }): Promise<Sight> => {
    const progress = await quietly(there, () => handle.query(progressQuery));
    const openPages = progress?.openPages ?? [];
    const pages = await Promise.all(openPages.map((id) => pageProgress(there, id)));
    const silentPage = openPages.find((_, i) => pages[i] === null);
    const batches = progress?.batched === true ? await quietly(there, () => there.workflow.getHandle(batchWorkflowId(name)).query(batchProgressQuery)) : null;
    const since = (memo?.['since'] as Since | undefined) ?? null;
    if (progress !== null && silentPage === undefined) return { kind: 'running', progress, silence: '', batches, pages: pages.filter((page) => page !== null && page !== 'not begun'), since };
    const passedOver = await quietly(there, () => passedOverLine(there));
    return { kind: 'running', progress: null, silence: passedOver ?? (silentPage === undefined ? NO_ANSWER : `${silentPage} does not answer yet; these numbers are from S3`), batches, pages: [], since };
  });
}

/** Looks once at the imagination of a campaign's situations. */
export async function imagineSightOf(client: Client | string, name: string): Promise<ImagineSight> {
  return await look(client, imagineWorkflowId(name), async (there, handle): Promise<ImagineSight> => ({ kind: 'running', progress: await quietly(there, () => handle.query(imagineProgressQuery)) }));
}

async function look<Running>(
  client: Client | string,
  workflowId: string,
  running: (client: Client, handle: WorkflowHandle, description: WorkflowExecutionDescription) => Promise<Running>,
): Promise<Running | NotRunning> {
  if (typeof client === 'string') return { kind: 'unreachable', reason: client };
  const handle = client.workflow.getHandle(workflowId);
  try {
    const description = await client.withDeadline(Date.now() + DESCRIBE_MS, () => handle.describe());
    const { status } = description;
    return status.name === 'RUNNING' ? await running(client, handle, description) : { kind: 'ended', status: status.name };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'absent' };
    const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
    if (isGrpcServiceError(cause)) return { kind: 'unreachable', reason: `Temporal does not answer (${cause.details || cause.message})` };
    // what S3 holds, and whether the workflow has ended, can be seen without the key
    if (error instanceof PayloadKeyError) return (await endedWithoutKey(client, workflowId)) ?? { kind: 'unreachable', reason: error.message };
    throw error;
  }
}

async function endedWithoutKey({ workflowService, options }: Client, workflowId: string): Promise<NotRunning | null> {
  const { workflowExecutionInfo } = await workflowService.describeWorkflowExecution({ namespace: options.namespace, execution: { workflowId } });
  const status = String(WorkflowExecutionStatus[workflowExecutionInfo?.status ?? 0]).replace('WORKFLOW_EXECUTION_STATUS_', '');
  return status === 'RUNNING' ? null : { kind: 'ended', status };
}

/** null where nobody answers: what the page has done is not known then, and not nothing. */
async function pageProgress(client: Client, id: string): Promise<PageProgress | 'not begun' | null> {
  return await quietly(client, () =>
    client.workflow.getHandle(id).query(pageProgressQuery).catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return 'not begun';
      throw error;
    }),
  );
}

/** null for a query that nobody answers, or whose handler is not set yet. */
export async function quietly<T>(client: Client, query: () => Promise<T>): Promise<T | null> {
  try {
    return await client.withDeadline(Date.now() + QUERY_MS, query);
  } catch {
    return null;
  }
}
