// An MCP server that behaves as its tools are called: `node server.js [PORT]`; without a port over stdio.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

function build() {
  const server = new McpServer({ name: 'test', version: '1' });
  const text = (value) => ({ content: [{ type: 'text', text: String(value) }] });
  server.registerTool('add', { description: 'Adds.\n' + 'x'.repeat(5000), inputSchema: { a: z.number(), b: z.number().optional() } }, ({ a, b }) => text(a + (b ?? 100)));
  server.registerTool('fail', { inputSchema: {} }, () => ({ ...text('it went wrong'), isError: true }));
  server.registerTool('hang', { inputSchema: {} }, () => new Promise(() => undefined));
  server.registerTool('flood', { inputSchema: { bytes: z.int() } }, ({ bytes }) => text('ä'.repeat(bytes / 2)));
  server.registerTool('die', { inputSchema: {} }, () => process.exit(3));
  server.registerTool('pid', { inputSchema: {} }, () => text(process.pid));
  server.registerTool('env', { inputSchema: { name: z.string() } }, ({ name }) => text(process.env[name] ?? 'unset'));
  server.registerTool('folder', { inputSchema: {} }, () => text(process.cwd()));
  server.registerTool('Say-It', { inputSchema: {} }, () => ({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }, { type: 'text', text: 'said' }] }));
  server.registerTool('anything', { inputSchema: { value: z.any() } }, () => text('done'));
  return server;
}

const port = process.argv[2];
if (port === undefined) {
  console.error(`starting with ${process.env.TEST_TOKEN ?? 'nothing'}`);
  if (process.env.TEST_BROKEN !== undefined) process.exit(1);
  await build().connect(new StdioServerTransport());
} else {
  const sessions = new Map();
  createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer hush') return response.writeHead(401).end('who is there?');
    const id = request.headers['mcp-session-id'];
    if (id !== undefined && sessions.has(id)) return sessions.get(id).handleRequest(request, response);
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (session) => sessions.set(session, transport) });
    return build().connect(transport).then(() => transport.handleRequest(request, response));
  }).listen(Number(port), '127.0.0.1', function () {
    console.log(this.address().port);
  });
}
