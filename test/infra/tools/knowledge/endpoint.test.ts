import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Store } from 'oxigraph';
import { expect, onTestFinished, test } from 'vitest';
import { knowledgeTool } from '../../../../infra/tools/knowledge/knowledge.ts';
import { CONTEXT } from '../context.ts';

interface Reply {
  status: number;
  body: string;
}

/** A SPARQL endpoint; `heard` are the headers of its requests. */
async function endpoint(reply: (query: string) => Reply | null): Promise<{ url: string; heard: IncomingMessage['headers'][] }> {
  const heard: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers);
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const answer = reply(new URLSearchParams(body).get('query') ?? '');
      if (answer !== null) response.writeHead(answer.status, { 'content-type': 'application/sparql-results+json' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sparql`, heard };
}

const toolAt = (url: string, timeoutS = 5) => knowledgeTool({ builtin: 'knowledge', endpoint: url, timeoutS, maxBytes: 5_000 }).tool;

/** Copper as Wikidata's own export has it, two densities of different rank among them. */
const WIKIDATA = `
@prefix wd: <http://www.wikidata.org/entity/> . @prefix p: <http://www.wikidata.org/prop/> . @prefix ps: <http://www.wikidata.org/prop/statement/> .
@prefix psv: <http://www.wikidata.org/prop/statement/value/> . @prefix pq: <http://www.wikidata.org/prop/qualifier/> . @prefix pr: <http://www.wikidata.org/prop/reference/> .
@prefix wikibase: <http://wikiba.se/ontology#> . @prefix prov: <http://www.w3.org/ns/prov#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix schema: <http://schema.org/> .
wd:Q753 rdfs:label "copper"@en, "Kupfer"@de ; schema:description "chemical element"@en ; p:P2054 wd:s1, wd:s2, wd:s3 .
wd:P2054 a wikibase:Property ; rdfs:label "density"@en, "Dichte"@de ; wikibase:claim p:P2054 ; wikibase:statementProperty ps:P2054 ; wikibase:statementValue psv:P2054 .
wd:P2076 a wikibase:Property ; rdfs:label "temperature"@en ; wikibase:qualifier pq:P2076 .
wd:s1 ps:P2054 8.94 ; wikibase:rank wikibase:NormalRank .
wd:s2 ps:P2054 8.96 ; psv:P2054 wd:v2 ; pq:P2076 20 ; wikibase:rank wikibase:PreferredRank ; prov:wasDerivedFrom wd:r2 .
wd:s3 ps:P2054 9.9 ; wikibase:rank wikibase:DeprecatedRank .
wd:v2 wikibase:quantityAmount 8.96 ; wikibase:quantityUnit wd:Q13147228 . wd:Q13147228 rdfs:label "gram per cubic centimetre"@en .
wd:r2 pr:P248 wd:Q2074222 . wd:Q2074222 rdfs:label "CRC Handbook of Chemistry and Physics"@en .`;

test('words are answered from an endpoint in the same model, preferred statements first', async () => {
  const store = new Store();
  store.load(WIKIDATA, { format: 'text/turtle' });
  const { url, heard } = await endpoint((query) => ({ status: 200, body: store.query(query, { results_format: 'json' }) as string }));
  const { text, error } = await toolAt(url).run({ query: 'density of copper', sparql: null }, CONTEXT);
  expect([text, error]).toEqual(['copper (chemical element): density = 8.96 gram per cubic centimetre (temperature: 20) [source: CRC Handbook of Chemistry and Physics]', false]);
  expect(heard[0]).toMatchObject({ accept: 'application/sparql-results+json', 'user-agent': expect.stringMatching(/^exemplar\/\d/) as string });
});

test('a query that the endpoint refuses is an answer', async () => {
  const { url } = await endpoint(() => ({ status: 400, body: 'parse error at line 1' }));
  expect(await toolAt(url).run({ query: null, sparql: 'SELECT' }, CONTEXT)).toMatchObject({ error: true, text: 'the endpoint refuses the query: parse error at line 1' });
});

test.each([
  [429, 'answers 429'],
  [503, 'answers 503'],
])('an endpoint that answers %i cannot be reached', async (status, message) => {
  const { url } = await endpoint(() => ({ status, body: 'later' }));
  await expect(toolAt(url).run({ query: 'copper', sparql: null }, CONTEXT)).rejects.toThrow(message);
});

test('an endpoint that never answers is given up', async () => {
  const { url } = await endpoint(() => null);
  await expect(toolAt(url, 0.2).run({ query: 'copper', sparql: null }, CONTEXT)).rejects.toThrow('no answer within 0.2 s');
});

test('an answer without end is not read to its end', async () => {
  const { url } = await endpoint(() => ({ status: 200, body: 'x'.repeat(5 << 20) }));
  expect(await toolAt(url).run({ query: null, sparql: 'SELECT' }, CONTEXT)).toMatchObject({ error: true, text: expect.stringContaining('ask for less') as string });
});

test('an answer that is no table says so', async () => {
  const { url } = await endpoint(() => ({ status: 200, body: '<html>' }));
  expect(await toolAt(url).run({ query: null, sparql: 'SELECT' }, CONTEXT)).toMatchObject({ error: true, text: 'the answer is no table of SPARQL results' });
});
