import { proxyActivities } from '@temporalio/workflow';

const { ask, nothing } = proxyActivities({ taskQueue: 'bare-steps', startToCloseTimeout: '10 minutes', heartbeatTimeout: '15 seconds' });

/**
 * The least that a durable chain of calls can be: one activity after another, and nothing else.
 * @param {{ chain: number, steps: number, kind: 'ask' | 'nothing', round: string }} input
 */
export async function bareChain({ chain, steps, kind, round }) {
  const step = kind === 'ask' ? ask : nothing;
  let headline = '';
  for (let n = 0; n < steps; n++) headline = await step({ chain, n, round });
  return headline;
}
