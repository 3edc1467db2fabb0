/** The bundle's only entry: every workflow that a worker runs. */
export { batch } from './batch.ts';
export { campaign } from './campaign.ts';
export { exemplar } from './exemplar.ts';
export { explain } from './explain.ts';
export { imagine } from './imagine.ts';
export { page } from './page.ts';
export { train } from './train.ts';
