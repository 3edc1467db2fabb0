import type { Client } from '@temporalio/client';
import { pollingOf, type Polling } from '../../infra/deployments.ts';
import { QUEUES } from '../../workflows/messages.ts';

export const NO_ANSWER = 'no worker answers: `exemplar up` or `exemplar worker` starts one';

/** What is said where workers poll the queue of workflows, but none of the version that gets their tasks; null where there are none such. */
export async function passedOverLine(client: Client): Promise<string | null> {
  return versionLine([await pollingOf(client, QUEUES.orchestrate, 'workflows')]);
}

/** Whether workers poll every queue that a campaign needs, in a line. */
export async function pollingLine(client: Client): Promise<string> {
  const queues = [await pollingOf(client, QUEUES.orchestrate, 'workflows'), ...(await Promise.all([QUEUES.llm, QUEUES.tools, QUEUES.io].map((queue) => pollingOf(client, queue, 'activities'))))];
  const idle = queues.filter(({ served }) => !served);
  if (idle.length === 0) return 'workers poll every queue';
  return versionLine(idle) ?? `no worker polls ${names(idle)} yet: \`exemplar up\` or \`exemplar worker\` starts one`;
}

/** What is said of queues that workers poll, but none of the version that gets their tasks; null where there is no such queue. */
export function versionLine(queues: readonly Polling[]): string | null {
  const passed = queues.filter(({ served, others }) => !served && others.length > 0);
  const [first] = passed;
  if (first === undefined) return null;
  const others = first.others.map((buildId) => (buildId === '' ? 'without a version' : `of ${buildId}`)).join(' and ');
  const back = `\`exemplar deploy ${first.others[0] === '' ? '--unversioned' : first.others[0]}\` makes those current`;
  if (first.current === null) return `only workers ${others} poll ${names(passed)}, and no version is current: ${back}`;
  const { buildId } = first.current;
  return `no worker of the current version ${buildId} polls ${names(passed)}, only those ${others}: \`exemplar worker --build-id ${buildId}\` starts one, ${back}`;
}

function names(queues: readonly Polling[]): string {
  return queues.map(({ queue }) => queue).join(', ');
}
