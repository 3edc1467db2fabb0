import type { WorkerOptions } from '@temporalio/worker';
import type { DeploymentVersion } from '../infra/deployments.ts';

/**
 * Makes a worker one of a deployment's version: what is pinned to another version never reaches it. Workflows are pinned unless they
 * say otherwise. Nothing for an unversioned worker.
 */
export function versioned(version: DeploymentVersion | null): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === null) return {};
  const { deployment: deploymentName, buildId } = version;
  return { workerDeploymentOptions: { version: { deploymentName, buildId }, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' } };
}
