import { afterAll, expect, test } from 'vitest';
import { knowledgeTool } from '../../../../infra/tools/knowledge/knowledge.ts';
import { CONTEXT } from '../context.ts';

const { tool, close } = knowledgeTool({ builtin: 'knowledge', timeoutS: 5, maxBytes: 20_000 });
afterAll(close);
const inWords = async (query: string) => await tool.run({ query, sparql: null }, CONTEXT);
const inSparql = async (sparql: string) => await tool.run({ query: null, sparql }, CONTEXT);

// values as the CRC Handbook, CODATA 2022, NUBASE, UN statistics, the genetic code and atlases have them
test.each([
  ['density of copper', 'copper (', 8.96, 0.005, 'g/cm³'],
  ['density of gold', 'gold (', 19.3, 0.005, 'g/cm³'],
  ['melting point of iron', 'iron (', 1811, 0.002, 'K'],
  ['tungsten melting point', 'tungsten (', 3687, 0.005, 'K'],
  ['melting point of aluminium', 'aluminum (', 933.47, 0.001, 'K'],
  ['boiling point of water', 'water (', 373.13, 0.001, 'K'],
  ['boiling point of ethanol', 'ethanol (', 351.4, 0.002, 'K'],
  ['atomic number of uranium', 'uranium (', 92, 0, ''],
  ['What is the electronegativity of fluorine?', 'fluorine (', 3.98, 0.001, ''],
  ['thermal conductivity of silver', 'silver (', 429, 0.01, 'W/(m·K)'],
  ['half-life of cobalt-60', 'cobalt-60 (', 5.27, 0.005, 'a'],
  ['half-life of carbon-14', 'carbon-14 (', 5_700, 0.01, 'a'],
  ['half-life of iodine-131', 'iodine-131 (', 8.02, 0.005, 'd'],
  ['natural abundance of copper-63', 'copper-63 (', 69.15, 0.001, '%'],
  ['speed of light', 'speed of light in vacuum (', 299_792_458, 0, 'm·s⁻¹'],
  ['numeric value of the Planck constant', 'Planck constant (', 6.626_070_15e-34, 1e-9, 'J·Hz⁻¹'],
  ['gravitational constant', 'Newtonian constant of gravitation (', 6.6743e-11, 1e-5, 'm³·kg⁻¹·s⁻²'],
  ['molar mass of methanol', 'methanol (', 32.042, 0.001, 'g/mol'],
  ['area of Switzerland', 'Switzerland (', 41_285, 0.01, 'km²'],
  ['population of Tokyo', 'Tokyo (', 9_733_276, 0.2, ''],
  ['latitude of Nairobi', 'Nairobi (', -1.286, 0.01, '°'],
  ['elastic modulus of structural steel', 'structural steel (', 210, 0, 'GPa'],
  ['surface gravity of Mars', 'Mars (', 3.71, 0.01, 'm/s²'],
  ['chromosomes of the fruit fly', 'fruit fly (', 8, 0, ''],
  ['water per person', 'water supply per person (', 15, 0, 'L/d'],
  ['energy density of gasoline', 'gasoline (', 44.3, 0.001, 'MJ/kg'],
])('%s', async (question, item, value, tolerance, unit) => {
  const { text, error } = await inWords(question);
  expect(error).toBe(false);
  const line = text.split('\n').find((each) => each.startsWith(item) && !each.includes('instance of')) ?? '';
  const [, amount, measure] = /= (-?[\d.eE+-]+) ?(.*?)(?: \((?:conditions|standard).*?\))? \[source: /.exec(line) ?? [];
  expect(Math.abs(Number(amount) - value)).toBeLessThanOrEqual(Math.abs(value) * tolerance);
  expect(measure).toBe(unit);
});

test.each([
  ['capital of Kenya', 'Nairobi'],
  ['capital of Australia', 'Canberra'],
  ['continent of Egypt', 'Africa'],
  ['country calling code of Japan', '81'],
  ['AUG', 'methionine'],
  ['UAA', 'stop'],
  ['one-letter code of tryptophan', 'W'],
  ['CAS number of acetone', '67-64-1'],
])('%s: %s', async (question, answer) => {
  expect((await inWords(question)).text).toContain(` = ${answer} [`);
});

test('Switzerland borders on five countries', async () => {
  const { text } = await inWords('borders of Switzerland');
  expect([...text.matchAll(/shares border with = (\w+)/g)].map((match) => match[1])).toEqual(['Austria', 'France', 'Germany', 'Italy', 'Liechtenstein']);
});

test('every statement names its source', async () => {
  expect((await inWords('density of copper')).text).toMatch(/\[source: mendeleev \d/);
  const all = await inSparql('SELECT (COUNT(DISTINCT ?statement) AS ?n) WHERE { ?statement wikibase:rank ?rank }');
  const sourced = await inSparql('SELECT (COUNT(DISTINCT ?statement) AS ?n) WHERE { ?work rdfs:label ?label ; schema:url ?url . ?reference pr:P248 ?work . ?statement prov:wasDerivedFrom ?reference }');
  expect(sourced.text).toBe(all.text);
});

test('there are thousands of statements', async () => {
  const { text } = await inSparql('SELECT (COUNT(*) AS ?n) WHERE { ?statement wikibase:rank wikibase:NormalRank }');
  expect(Number(text.split('\n')[1])).toBeGreaterThan(5_000);
});

test('what shares a name is told apart', async () => {
  const { text } = await inWords('density of mercury');
  expect(text).toContain('Mercury (planet of the Sun): density = 5429 kg/m³');
  expect(text).toContain('mercury (chemical element 80): density = 13.5');
});

test('a question that nothing answers says what there is', async () => {
  expect(await inWords('coppr')).toMatchObject({ error: true, text: expect.stringContaining('there are copper') as string });
  expect(await inWords('capital of copper')).toMatchObject({ error: true, text: expect.stringContaining('copper: density') as string });
  expect((await inWords('density of copper xyzzy')).text).toMatch(/^Nothing known is called "xyzzy"/);
});

test('SPARQL with the usual prefixes, in the order asked for', async () => {
  const { text, headline } = await inSparql('SELECT ?label WHERE { ?item wdt:P1086 ?n ; wdt:P2054 ?density ; rdfs:label ?label } ORDER BY DESC(?density) LIMIT 2');
  expect(text).toBe('label\nosmium\niridium');
  expect(headline).toBe('knowledge: SPARQL, 2 rows');
});

test('more than 500 rows are cut off, and it says so', async () => {
  const { text } = await inSparql('SELECT ?s WHERE { ?s ?p ?o }');
  expect(text.split('\n')).toHaveLength(502);
  expect(text).toContain('more than 500 rows');
});

test.each([
  'INSERT DATA { <a:b> <a:c> 1 }',
  'DELETE WHERE { ?a ?b ?c }',
  'LOAD <http://127.0.0.1:9/>',
  'PREFIX x: <a:> DROP ALL',
  'SELECT * WHERE { } } ; DELETE WHERE { ?a ?b ?c } #',
  'SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?a ?b ?c } }',
  'CONSTRUCT { ?a ?b ?c } WHERE { ?a ?b ?c }',
  'nonsense',
])('%s is refused', async (query) => {
  expect(await inSparql(query)).toMatchObject({ error: true });
});

test('either words or SPARQL', async () => {
  expect(await tool.run({ query: 'copper', sparql: 'SELECT' }, CONTEXT)).toMatchObject({ error: true });
  expect(await tool.run({ query: null, sparql: null }, CONTEXT)).toMatchObject({ error: true });
});

test('a runaway query is ended, and the next one answered', async () => {
  expect(await inSparql('SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }')).toMatchObject({ error: true, text: 'took longer than 5 s' });
  expect(await inWords('capital of France')).toMatchObject({ error: false });
});
