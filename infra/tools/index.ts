import type { Tool } from '../../activities/tool.ts';
import type { ToolSpec } from '../../schemas/tools.ts';
import { UsageError } from '../usage-error.ts';
import { computeTool } from './compute/compute.ts';
import { knowledgeTool } from './knowledge/knowledge.ts';
import { mcpTools } from './mcp/tools.ts';
import { worldTool } from './world.ts';

export interface Toolbox {
  tools: Tool[];
  /** Ends the threads and servers. */
  close: () => Promise<void>;
}

/**
 * The tools that a campaign file lists, in its order; commands of MCP servers run in `folder`.
 * @throws UsageError, one line, for what the file has wrong; Error where a server cannot be reached.
 */
export async function openTools(specs: readonly ToolSpec[], folder: string, env: NodeJS.ProcessEnv = process.env): Promise<Toolbox> {
  const opened: Toolbox[] = [];
  const close = async () => void (await Promise.allSettled(opened.map(async (each) => await each.close())));
  try {
    // one after another: a server that is started takes a core while it loads
    for (const spec of specs) opened.push(await open(spec, folder, env));
    const tools = opened.flatMap((each) => each.tools);
    const twice = tools.find((tool, i) => tools.findIndex(({ name }) => name === tool.name) !== i);
    if (twice !== undefined) throw new UsageError(`tools: two tools are named ${twice.name}`);
    return { tools, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(spec: ToolSpec, folder: string, env: NodeJS.ProcessEnv): Promise<Toolbox> {
  if (!('builtin' in spec)) return await mcpTools(spec, folder, env);
  switch (spec.builtin) {
    case 'compute':
      return alone(computeTool());
    case 'knowledge':
      return alone(knowledgeTool(spec));
    case 'world':
      return { tools: [worldTool], close: () => Promise.resolve() };
  }
}

function alone({ tool, close }: { tool: Tool; close: () => Promise<void> }): Toolbox {
  return { tools: [tool], close };
}
