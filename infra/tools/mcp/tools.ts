import type { Tool as ServerTool } from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { TOOL_NAME, type Tool, type ToolAnswer } from '../../../activities/tool.ts';
import type { McpSpec } from '../../../schemas/tools.ts';
import { UsageError } from '../../usage-error.ts';
import { answered, failed, oneLine } from '../answers.ts';
import { McpConnection, type CallOutcome } from './connection.ts';
import { narrowed, withoutNulls, withoutPatterns } from './input-schema.ts';

const LONGEST_DESCRIPTION = 1_000;

/**
 * The allowed tools of an MCP server, as `<mcp>_<tool>`. What the server says of them and answers is text that nobody vouches for:
 * it is cut to length, and its schemas only ever say what an input looks like.
 * @throws UsageError for names that the server does not have; Error where it cannot be reached.
 */
export async function mcpTools(spec: McpSpec, folder: string, env: NodeJS.ProcessEnv): Promise<{ tools: Tool[]; close(): Promise<void> }> {
  const connection = new McpConnection(spec, folder, env);
  try {
    const offered = await connection.tools();
    const unknown = spec.allow.filter((name) => !offered.some((tool) => tool.name === name));
    if (unknown.length > 0) {
      const names = offered.map(({ name }) => oneLine(name, 60)).slice(0, 50);
      throw new UsageError(`tools: ${spec.mcp}: allow: the server has no tool ${unknown.map((name) => `"${name}"`).join(', ')}; it has ${names.join(', ') || 'none'}`);
    }
    const allowed = [...new Set(spec.allow)].map((name) => offered.find((tool) => tool.name === name) as ServerTool);
    return { tools: allowed.map((tool) => toolOf(tool, spec, connection)), close: async () => await connection.close() };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function toolOf(offered: ServerTool, spec: McpSpec, connection: McpConnection): Tool {
  const name = `${spec.mcp}_${offered.name.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;
  if (!TOOL_NAME.test(name)) throw new UsageError(`tools: ${spec.mcp}: allow: "${oneLine(offered.name, 60)}" makes the name ${oneLine(name, 60)}, which is longer than 41 characters`);
  const serverSchema = withoutPatterns(offered.inputSchema) as Record<string, unknown>;
  const validate = new AjvJsonSchemaValidator().getValidator<Record<string, unknown>>(serverSchema);
  return {
    name,
    description: oneLine(offered.description ?? offered.title ?? offered.name, LONGEST_DESCRIPTION),
    inputSchema: inputSchema(serverSchema, offered.name, spec.mcp),
    run: async (input, { signal }) => {
      const checked = validate(withoutNulls(input, serverSchema));
      if (!checked.valid) return failed(name, `the input does not meet the tool's schema: ${oneLine(checked.errorMessage, 500)}`);
      return toAnswer(name, await connection.call(offered.name, checked.data, signal), spec.maxBytes);
    },
  };
}

function inputSchema(schema: Record<string, unknown>, tool: string, server: string): Record<string, unknown> {
  try {
    return narrowed(schema);
  } catch (error) {
    throw new UsageError(`tools: ${server}: allow: the input of "${oneLine(tool, 60)}" cannot be offered to a model: ${(error as Error).message}`, { cause: error });
  }
}

function toAnswer(name: string, outcome: CallOutcome, maxBytes: number): ToolAnswer {
  if ('failed' in outcome) return failed(name, outcome.failed);
  const text = outcome.content.map(textOf).join('\n') || (outcome.structured === undefined ? '' : JSON.stringify(outcome.structured));
  return outcome.isError ? failed(name, text, maxBytes) : answered(name, text, text.replace(/[{}"[\]]/g, ''), maxBytes);
}

interface Content {
  type: string;
  text?: string;
  resource?: { text?: string };
}

/** Only text reaches the model. */
function textOf(block: unknown): string {
  const { type, text, resource } = block as Content;
  return text ?? resource?.text ?? `[${oneLine(type, 20)} left out]`;
}
