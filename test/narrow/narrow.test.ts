import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tool } from '../../activities/tool.ts';
import { ensurePython } from '../../infra/dev/python.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { openTools, type Toolbox } from '../../infra/tools/index.ts';
import { CONTEXT } from '../infra/tools/context.ts';

let toolbox: Toolbox;

beforeAll(async () => {
  const python = await ensurePython({ projectRoot: packageRoot, say: (line) => console.log(line), groups: 'narrow' });
  const server = (mcp: string, allow: string[]) => ({ mcp, command: [python, `narrow/${mcp}.py`], allow, env: [], timeoutS: 60, maxBytes: 20_000 });
  toolbox = await openTools([server('protein', ['properties', 'composition']), server('chemistry', ['properties', 'similarity'])], packageRoot);
}, 600_000);
afterAll(async () => await toolbox?.close());

const run = async (name: string, input: unknown) => await (toolbox.tools.find((tool) => tool.name === name) as Tool).run(input, CONTEXT);
const values = async (name: string, input: unknown) => JSON.parse((await run(name, input)).text) as Record<string, unknown>;

const LYSOZYME = 'KVFGRCELAAAMKRHGLDNYRGYSLGNWVCAAKFESNFNTQATNRNTDGSTDYGILQINSRWWCNDGRTPGSRNLCNIPCSALLSSDITASVNCAKKIVSDGNGMNAWVAWRNRCKGTDVQAWIRGCRL';
const INSULIN_A = 'GIVEQCCTSICSLYQLENYCN';
const INSULIN_B = 'FVNQHLCGSHLVEALYLVCGERGFFYTPKT';

test("hen egg-white lysozyme has the weight, the isoelectric point and the absorption that ExPASy's ProtParam tells (P00698)", async () => {
  const found = await values('protein_properties', { sequence: LYSOZYME });
  expect(found.residues).toBe(129);
  expect(found.molecular_weight).toBeCloseTo(14_313.1, 0);
  expect(found.isoelectric_point).toBeCloseTo(9.32, 1);
  expect(found.extinction_disulfide).toBe(37_970);
  expect(found.gravy).toBeCloseTo(-0.472, 2);
});

test('the chains of human insulin weigh 5807.6 together, less six hydrogens of three disulfide bonds', async () => {
  const chains = await Promise.all([INSULIN_A, INSULIN_B].map(async (sequence) => (await values('protein_properties', { sequence })).molecular_weight as number));
  expect((chains[0] as number) + (chains[1] as number) - 6 * 1.008).toBeCloseTo(5_807.6, 0);
  expect(await values('protein_composition', { sequence: INSULIN_A })).toMatchObject({ C: 4, E: 2, Y: 2 });
});

test('aspirin, caffeine and ethanol are as PubChem has them', async () => {
  expect(await values('chemistry_properties', { smiles: 'CC(=O)Oc1ccccc1C(=O)O' })).toMatchObject({ formula: 'C9H8O4', tpsa: 63.6, hbond_donors: 1, rings: 1, lipinski_violations: [] });
  expect((await values('chemistry_properties', { smiles: 'CC(=O)Oc1ccccc1C(=O)O' })).molecular_weight).toBeCloseTo(180.16, 2);
  const caffeine = await values('chemistry_properties', { smiles: 'CN1C=NC2=C1C(=O)N(C)C(=O)N2C' });
  expect(caffeine).toMatchObject({ formula: 'C8H10N4O2', hbond_donors: 0, rings: 2 });
  expect(caffeine.molecular_weight).toBeCloseTo(194.19, 2);
  expect((await values('chemistry_properties', { smiles: 'CCO' })).exact_mass).toBeCloseTo(46.04186, 4);
});

test('a molecule too heavy and too greasy breaks two rules of five', async () => {
  expect((await values('chemistry_properties', { smiles: 'C'.repeat(60) })).lipinski_violations).toEqual(['molecular weight over 500', 'logP over 5']);
});

test('two spellings of one molecule are alike, two molecules are not', async () => {
  expect(await values('chemistry_similarity', { first: 'OCC', second: 'C(C)O' })).toEqual({ tanimoto: 1, same_molecule: true });
  const { tanimoto, same_molecule: same } = await values('chemistry_similarity', { first: 'CCO', second: 'c1ccccc1' });
  expect([tanimoto as number, same]).toEqual([0, false]);
});

test.each([
  ['protein_properties', { sequence: 'ACDX' }, 'sequence: X stands for no standard amino acid'],
  ['protein_properties', { sequence: ' ' }, 'sequence: 1 to 40000 residues (has 0)'],
  ['chemistry_properties', { smiles: 'C1CC' }, 'smiles: no valid SMILES'],
  ['chemistry_similarity', { first: 'CC', second: '' }, 'second: 1 to 2000 characters (has 0)'],
])('%s of %j fails: %s', async (name, input, message) => {
  expect(await run(name, input)).toMatchObject({ error: true, text: expect.stringContaining(message) as string });
});
