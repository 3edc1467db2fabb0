import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { arrowSchema, DATA_SCHEMA, LEDGER_SCHEMA } from '../../../schemas/arrow.ts';
import { WRITER_VERSION, writeArrow, writerIdentity } from '../../../infra/arrow/writer.ts';
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

describe('writeArrow', () => {
  for (const compression of ['zstd', 'none'] as const) {
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

  it('gives equal bytes for equal rows, whatever iterable they come from', async () => {
    const once = await writeArrow(SCHEMA, rows, { compression: 'zstd', rowsPerBatch: 10 });
    const again = await writeArrow(SCHEMA, structuredClone(rows).values(), { compression: 'zstd', rowsPerBatch: 10 });
    expect(Buffer.compare(once, again)).toBe(0);
  });

  it('compresses', async () => {
    const repeated = Array.from({ length: 200 }, () => rows[9] as Nested);
    const [zstd, none] = await Promise.all([writeArrow(SCHEMA, repeated, { compression: 'zstd' }), writeArrow(SCHEMA, repeated, { compression: 'none' })]);
    expect(zstd.length).toBeLessThan(none.length / 5);
  });

  it.each([
    ['an integer that int32 would wrap', { n: 2 ** 31 }, /^row 1: n must be an integer of 32 bits, not 2147483648$/],
    ['a fraction in an integer column', { n: 0.5 }, /^row 1: n must be an integer/],
    ['a null in a column without nulls', { yes: null }, /^row 1: yes must be true or false, not null$/],
    ['a column that the row lacks', { text: undefined }, /^row 1: text must be a string, not undefined$/],
    ['an integer wider than int64', { wide: 2n ** 63n }, /^row 1: wide must be a bigint of 64 bits/],
    ['a NaN', { x: Number.NaN }, /^row 1: x must be a number/],
    ['a fault deep in a list of structs', { nodes: [{ id: 'n1', order: null, p: null }] }, /^row 1: nodes\[0\]\.order must be an integer/],
  ])('refuses %s, naming row and column', async (_, change, message) => {
    await expect(writeArrow(SCHEMA, [rows[0] as Nested, { ...rows[1], ...change }], { compression: 'none' })).rejects.toThrow(message);
  });

  it('names the installed apache-arrow in its version, so that another one cannot pass for it', async () => {
    const installed = JSON.parse(readFileSync(new URL('../../../node_modules/apache-arrow/package.json', import.meta.url), 'utf8')) as { version: string };
    expect(WRITER_VERSION).toContain(`apache-arrow/${installed.version}`);
    expect((await writerIdentity('zstd')).codec).toMatch(/^zstd\/\d+\.\d+\.\d+ level 3$/);
    expect(await writerIdentity('none')).toEqual({ version: WRITER_VERSION, codec: 'none' });
  });
});
