import { sleep } from '@temporalio/workflow';
import * as today from '../../workflows/index.ts';

/** The next version: a situation begins otherwise, so that none begun on today's code can go on here. */
export const { campaign, explain, imagine, page, train } = today;

export const exemplar: typeof today.exemplar = async (input) => {
  await sleep(1);
  return await today.exemplar(input);
};
