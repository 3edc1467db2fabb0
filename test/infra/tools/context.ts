import type { ToolContext } from '../../../activities/tool.ts';

/** A situation that no world knows. */
export const CONTEXT: ToolContext = {
  situation: { task: 'plan', agent: 'field-rover', horizon: ['days'], initial: 'The rover stands still.', target: 'The rover has moved.', parent: null, world: null },
  plan: null,
  signal: new AbortController().signal,
};
