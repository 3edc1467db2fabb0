import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Compression } from '../../../schemas/campaign.ts';
import { arrowSchema, DATA_SCHEMA, LEDGER_SCHEMA } from '../../../schemas/arrow.ts';
import { ArrowFile, WRITER_VERSION, writeArrow, writerIdentity } from '../../../infra/arrow/writer.ts';
import { openArrow, readArrow } from '../../../infra/arrow/reader.ts';
import { asJson, testPython, throughPyarrow } from '../../activities/shards/pyarrow.ts';

const Nested = z.strictObject({
  n: z.int(),
  x: z.number().nullable(),
  wide: z.bigint().nullable(),
  yes: z.boolean(),
  text: z.string().nullable(),
  list: z.array(z.string()),
  nodes: z.array(z.strictObject({ id: z.string(), order: z.int(), p: z.number().nullable() })),
});
type Nested = z.infer<typeof Nested>;
const SCHEMA = arrowSchema(Nested);

/** Rows with every shape of absence: null, empty string, empty list, long text that compresses and short text that does not. */
const rows: Nested[] = Array.from({ length: 25 }, (_, n) => ({
  n: n - 3,
  x: n % 3 === 0 ? null : n / 7,
  wide: n % 4 === 0 ? null : 9_007_199_254_740_993n * BigInt(n - 10),
  yes: n % 2 === 0,
  text: n % 5 === 0 ? null : 'ü plan '.repeat(n),
  list: Array.from({ length: n % 4 }, (_, i) => `${n}.${i}`),
  nodes: Array.from({ length: (n * 7) % 5 }, (_, i) => ({ id: `n${i}`, order: i, p: i % 2 === 0 ? null : 0.25 })),
}));

/** The rows, some at a time, with pauses. */
async function* inPieces(sizes: number[]) {
  let at = 0;
  for (const size of sizes) {
    await Promise.resolve();
    yield* rows.slice(at, (at += size));
  }
}

describe('writeArrow', () => {
  for (const compression of Compression.options) {
    it(`gives back equal rows through its own reader (${compression})`, async () => {
      expect(await readArrow(await writeArrow(SCHEMA, rows, { compression, rowsPerBatch: 10 }))).toEqual(rows);
    });

    it.skipIf(testPython === null)(`is read by pyarrow, and reads what pyarrow writes (${compression}; needs the Python environment)`, async () => {
      const { view, rewritten } = await throughPyarrow(await writeArrow(SCHEMA, rows, { compression, rowsPerBatch: 10 }));
      expect(view.rows).toEqual(asJson(rows));
      expect(view.batches).toBe(3);
      expect(view.columns).toEqual([
        ['n', 'int32', false],
        ['x', 'double', true],
        ['wide', 'int64', true],
        ['yes', 'bool', false],
        ['text', 'string', true],
        ['list', 'list<item: string not null>', false],
        ['nodes', 'list<item: struct<id: string not null, order: int32 not null, p: double> not null>', false],
      ]);
      expect(await readArrow(rewritten)).toEqual(rows);
    });

    it.skipIf(testPython === null)(`writes a table without rows that pyarrow accepts (${compression}; needs the Python environment)`, async () => {
      const { view } = await throughPyarrow(await writeArrow(DATA_SCHEMA, [], { compression }));
      expect(view.rows).toEqual([]);
      expect(view.metadata).toEqual({ 'exemplar.schema_version': '1' });
      expect(view.columns).toHaveLength(DATA_SCHEMA.fields.length);
    });
  }

  it('keeps the schema of a table without rows', async () => {
    const { schema, rows: none } = await openArrow(await writeArrow(LEDGER_SCHEMA, [], { compression: 'zstd' }));
    expect(none).toEqual([]);
    expect(schema.fields.map((field) => String(field))).toEqual(LEDGER_SCHEMA.fields.map((field) => String(field)));
    expect(schema.metadata.get('exemplar.schema_version')).toBe('1');
  });

  it.each(Compression.options)('gives equal bytes for equal rows, in whatever pieces they come (%s)', async (compression) => {
    const options = { compression, rowsPerBatch: 10 };
    const once = await writeArrow(SCHEMA, rows, options);
    const again = await writeArrow(SCHEMA, structuredClone(rows).values(), options);
    const waited = await writeArrow(SCHEMA, inPieces([1, 9, 0, 13, 2]), options);
    const file = await ArrowFile.begin(SCHEMA, options);
    for (const row of rows) file.append(row);
    expect(file.rows).toBe(rows.length);
    for (const other of [again, waited, await file.finish()]) expect(Buffer.compare(once, other)).toBe(0);
  });

  it('keeps text as it is, be it short, long, beyond ASCII or cut within a character', async () => {
    const texts = ['', 'a', 'ü'.repeat(2_000), 'x'.repeat(70_000), '\u{1f69c}'.repeat(1_023), 'e\u0301', '\u0000', 'y'.repeat(1_023), 'z'.repeat(1_024)];
    const written = Array.from({ length: 200 }, (_, n) => ({ text: n % 7 === 0 ? null : (texts[n % texts.length] ?? ''), list: texts.slice(n % 4, n % 9) }));
    const schema = arrowSchema(z.strictObject({ text: z.string().nullable(), list: z.array(z.string()) }));
    expect(await readArrow(await writeArrow(schema, written, { compression: 'zstd', rowsPerBatch: 64 }))).toEqual(written);
    // two halves of one character in two values stay two values
    const halves = [{ text: 'a\ud83d', list: [] }, { text: '\ude9cb', list: [] }];
    expect(await readArrow(await writeArrow(schema, halves, { compression: 'none' }))).toEqual([{ text: 'a\ufffd', list: [] }, { text: '\ufffdb', list: [] }]);
  });

  it('keeps structs that are null apart from structs of nulls, and lists that are null from empty ones', async () => {
    const schema = arrowSchema(z.strictObject({ at: z.strictObject({ x: z.number().nullable(), name: z.string(), tags: z.array(z.string()), wide: z.bigint(), yes: z.boolean() }).nullable(), list: z.array(z.int()).nullable() }));
    const place = { x: null, name: 'here', tags: ['a'], wide: 1n, yes: true };
    const written = [{ at: null, list: [] }, { at: place, list: null }, { at: { ...place, x: 2, tags: [] }, list: [1, 2] }, { at: null, list: null }];
    const bytes = await writeArrow(schema, written, { compression: 'zstd', rowsPerBatch: 3 });
    expect(await readArrow(bytes)).toEqual(written);
    if (testPython !== null) expect((await throughPyarrow(bytes)).view.rows).toEqual(JSON.parse(JSON.stringify(written, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))));
  });

  it('compresses', async () => {
    const repeated = Array.from({ length: 200 }, () => rows[9] as Nested);
    const [zstd, lz4, none] = await Promise.all(Compression.options.map((compression) => writeArrow(SCHEMA, repeated, { compression })));
    expect(zstd?.length).toBeLessThan((none?.length ?? 0) / 5);
    expect(lz4?.length).toBeLessThan((none?.length ?? 0) / 4);
  });

  it.each([
    ['an integer that int32 would wrap', { n: 2 ** 31 }, /^row 1: n must be an integer of 32 bits, not 2147483648$/],
    ['a fraction in an integer column', { n: 0.5 }, /^row 1: n must be an integer/],
    ['a null in a column without nulls', { yes: null }, /^row 1: yes must be true or false, not null$/],
    ['a column that the row lacks', { text: undefined }, /^row 1: text must be a string, not undefined$/],
    ['an integer wider than int64', { wide: 2n ** 63n }, /^row 1: wide must be a bigint of 64 bits/],
    ['a NaN', { x: Number.NaN }, /^row 1: x must be a number/],
    ['a hole in a list of structs', { nodes: new Array(1) }, /^row 1: nodes\[0\] must be an object, not undefined$/],
    ['a fault deep in a list of structs', { nodes: [{ id: 'n1', order: null, p: null }] }, /^row 1: nodes\[0\]\.order must be an integer/],
  ])('refuses %s, naming row and column', async (_, change, message) => {
    await expect(writeArrow(SCHEMA, [rows[0] as Nested, { ...rows[1], ...change }], { compression: 'none' })).rejects.toThrow(message);
  });

  it('names the installed apache-arrow in its version, so that another one cannot pass for it', async () => {
    const installed = JSON.parse(readFileSync(new URL('../../../node_modules/apache-arrow/package.json', import.meta.url), 'utf8')) as { version: string };
    expect(WRITER_VERSION).toContain(`apache-arrow/${installed.version}`);
    expect((await writerIdentity('zstd')).codec).toMatch(/^zstd\/\d+\.\d+\.\d+ level 3$/);
    expect((await writerIdentity('lz4')).codec).toBe('exemplar-lz4/1');
    expect(await writerIdentity('none')).toEqual({ version: WRITER_VERSION, codec: 'none' });
  });
});
