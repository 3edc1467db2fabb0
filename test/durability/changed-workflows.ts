import { sleep } from '@temporalio/workflow';
import * as today from '../../workflows/index.ts';

/** The workflows of today, each waiting for a timer first: a change that no earlier history replays with. */
export const { batch, campaign, exemplar, explain, imagine, page, train } = Object.fromEntries(
  Object.entries(today).map(([name, workflow]) => [name, async (input: never) => {
    await sleep('1 second');
    return await workflow(input);
  }]),
) as unknown as typeof today;
