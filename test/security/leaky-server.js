// An MCP server that repeats the token it was given: on stderr, as it dies at its first calls, and in its answers.
import { existsSync, writeFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const [died, token] = [process.argv[2], process.env.PLANTED_MCP_LOGIN];
console.error(`starting with ${token}`);
const server = new McpServer({ name: 'leaky', version: '1' });
server.registerTool('look', { description: 'Looks something up.', inputSchema: { query: z.string() } }, ({ query }) => {
  for (const n of [1, 2, 3, 4]) {
    if (existsSync(`${died}.${n}`)) continue;
    writeFileSync(`${died}.${n}`, '');
    console.error(`refused: ${token}`);
    process.exit(3);
  }
  return { content: [{ type: 'text', text: `${query}: asked with ${token}` }] };
});
await server.connect(new StdioServerTransport());
