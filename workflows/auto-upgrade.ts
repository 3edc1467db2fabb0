import { setWorkflowOptions, workflowInfo, type Workflow } from '@temporalio/workflow';

/**
 * For a workflow that may run for weeks, and whose histories replay on every later version: it moves on to the current version, and what it
 * begins from then on begins there.
 */
export function movesOn(workflow: Workflow): void {
  // the server refuses a behaviour from a worker without a version, whose deployment has an empty name
  setWorkflowOptions(() => ((workflowInfo().currentDeploymentVersion?.deploymentName ?? '') === '' ? {} : { versioningBehavior: 'AUTO_UPGRADE' }), workflow);
}
