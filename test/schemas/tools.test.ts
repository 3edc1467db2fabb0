import { expect, test } from 'vitest';
import { ToolSpec } from '../../schemas/tools.ts';

test.each([
  { builtin: 'compute' },
  { builtin: 'world' },
  { builtin: 'knowledge' },
  { builtin: 'knowledge', endpoint: 'https://query.wikidata.org/sparql', timeoutS: 30 },
  { mcp: 'chemistry', command: ['python', 'chemistry.py'], allow: ['properties'], env: ['TOKEN'] },
  { mcp: 'lab', url: 'https://lab.example.org/mcp', allow: ['measure'], headers: { authorization: 'LAB_TOKEN' }, maxBytes: 1000 },
  { mcp: 'lab', url: 'http://127.0.0.1:8000/mcp', allow: ['measure'] },
])('%j is a tool', (spec) => {
  expect(ToolSpec.safeParse(spec).success).toBe(true);
});

test.each([
  { builtin: 'shell' },
  { builtin: 'compute', allow: ['x'] },
  { mcp: 'chemistry', command: ['python'], allow: [] },
  { mcp: 'chemistry', command: ['python'] },
  { mcp: 'Chemistry', command: ['python'], allow: ['properties'] },
  { mcp: 'lab', url: 'http://lab.example.org/mcp', allow: ['measure'] },
  { mcp: 'lab', url: 'file:///etc/passwd', allow: ['measure'] },
  { mcp: 'lab', url: 'https://lab.example.org/mcp', allow: ['measure'], headers: { authorization: 'Bearer abc.def' } },
  { mcp: 'chemistry', command: ['python'], allow: ['properties'], env: ['TOKEN=abc'] },
  { mcp: 'chemistry', command: ['python'], url: 'https://lab.example.org/mcp', allow: ['properties'] },
])('%j is none', (spec) => {
  expect(ToolSpec.safeParse(spec).success).toBe(false);
});
