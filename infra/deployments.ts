import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const { TaskQueueType, VersionDrainageStatus, WorkerVersioningMode } = proto.temporal.api.enums.v1;
/** gRPC statuses NOT_FOUND and FAILED_PRECONDITION. */
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

/** A version of the program as Temporal's worker deployments know it. */
export interface DeploymentVersion {
  deployment: string;
  buildId: string;
}

/** `draining`: workflows pinned to it still run; `inactive`: it has never been current. */
export interface VersionState {
  buildId: string;
  state: 'current' | 'ramping' | 'draining' | 'drained' | 'inactive';
}

/** Every version of a deployment whose workers have polled, newest first; none where there is no such deployment. */
export async function deploymentVersions(client: Client, deployment: string): Promise<VersionState[]> {
  const { namespace } = client.options;
  const described = await client.connection.workflowService.describeWorkerDeployment({ namespace, deploymentName: deployment }).catch((error: unknown) => {
    if (statusOf(error) === NOT_FOUND) return null;
    throw error;
  });
  const { routingConfig, versionSummaries } = described?.workerDeploymentInfo ?? {};
  const current = routingConfig?.currentDeploymentVersion?.buildId;
  const ramping = routingConfig?.rampingDeploymentVersion?.buildId;
  return (versionSummaries ?? []).map(({ deploymentVersion, drainageStatus }) => {
    const buildId = deploymentVersion?.buildId ?? '';
    if (buildId === current) return { buildId, state: 'current' };
    if (buildId === ramping) return { buildId, state: 'ramping' };
    if (drainageStatus === VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED) return { buildId, state: 'drained' };
    return { buildId, state: drainageStatus === VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINING ? 'draining' : 'inactive' };
  });
}

/** What begins from now on, and every campaign, goes to this version; "": to workers without one. @throws Error with one line where no worker of it polls. */
export async function makeCurrent(client: Client, { deployment, buildId }: DeploymentVersion): Promise<void> {
  const { namespace, identity } = client.options;
  await client.connection.workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName: deployment, buildId, identity }).catch((error: unknown) => {
    const status = statusOf(error);
    if (status !== NOT_FOUND && status !== FAILED_PRECONDITION) throw error;
    const why = error instanceof Error && isGrpcServiceError(error) ? error.details : String(error);
    throw new Error(`version "${buildId}" of "${deployment}" cannot be made current (${why}): start its workers first, on every queue: \`exemplar worker --build-id ${buildId}\``, { cause: error });
  });
}

/** Who polls a task queue. */
export interface Polling {
  queue: string;
  /** Which version gets what begins, and what moves on; null: workers without one. */
  current: DeploymentVersion | null;
  /** Workers of that version poll. */
  served: boolean;
  /** Build ids of other versions whose workers poll; "": of those without one. */
  others: string[];
}

/** Looks at one task queue, of workflows or of activities. A worker that has gone counts for some minutes. */
export async function pollingOf(client: Client, queue: string, of: 'workflows' | 'activities'): Promise<Polling> {
  const { namespace } = client.options;
  const taskQueueType = of === 'workflows' ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;
  const { pollers, versioningInfo } = await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType });
  const current = versioningInfo?.currentDeploymentVersion;
  const [deployment, buildId] = [current?.deploymentName ?? '', current?.buildId ?? ''];
  const versions = (pollers ?? []).map(({ deploymentOptions: options }) =>
    options?.workerVersioningMode === WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED ? { deployment: options.deploymentName ?? '', buildId: options.buildId ?? '' } : { deployment: '', buildId: '' },
  );
  const others = versions.filter((version) => version.deployment !== deployment || version.buildId !== buildId);
  return { queue, current: buildId === '' ? null : { deployment, buildId }, served: others.length < versions.length, others: [...new Set(others.map((version) => version.buildId))] };
}

function statusOf(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}
