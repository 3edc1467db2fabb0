import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CompressionType, compressionRegistry, type Codec } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openBatches } from '../../../infra/arrow/batches.ts';
import { readArrow } from '../../../infra/arrow/reader.ts';
import { writeArrow } from '../../../infra/arrow/writer.ts';
import { arrowSchema } from '../../../schemas/arrow.ts';
import { testPython, throughPyarrow } from '../../activities/shards/pyarrow.ts';

const Row = z.strictObject({
  n: z.int(),
  x: z.number().nullable(),
  wide: z.bigint().nullable(),
  yes: z.boolean(),
  text: z.string().nullable(),
  list: z.array(z.string()),
  nodes: z.array(z.strictObject({ id: z.string(), order: z.int(), p: z.number().nullable() })),
});
type Row = z.infer<typeof Row>;

const ROWS: Row[] = Array.from({ length: 25 }, (_, n) => ({
  n: n - 3,
  x: n % 3 === 0 ? null : n / 7,
  wide: n % 4 === 0 ? null : 9_007_199_254_740_993n * BigInt(n - 10),
  yes: n % 2 === 0,
  text: n % 5 === 0 ? null : 'ü plan '.repeat(n),
  list: Array.from({ length: n % 4 }, (_, i) => `${n}.${i}`),
  nodes: Array.from({ length: (n * 7) % 5 }, (_, i) => ({ id: `n${i}`, order: i, p: i % 2 === 0 ? null : 0.25 })),
}));

const file = (compression: 'zstd' | 'none' = 'zstd') => writeArrow(arrowSchema(Row), ROWS, { compression, rowsPerBatch: 10 });

describe('openBatches', () => {
  it.each(['zstd', 'none'] as const)('gives the rows of whole files, batch by batch (%s)', async (compression) => {
    const bytes = await file(compression);
    const { schema, batches } = await openBatches<Row>(bytes);
    const read = [...batches()];
    expect(schema.fields.map(({ name }) => name)).toEqual(Object.keys(Row.shape));
    expect(read.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(read.flatMap((batch) => batch.rows())).toEqual(await readArrow(bytes));
    expect(read.flatMap((batch) => batch.rows())).toEqual(ROWS);
  });

  it.skipIf(testPython === null)('reads what pyarrow writes (needs the Python environment)', async () => {
    const { rewritten } = await throughPyarrow(await file());
    expect([...(await openBatches<Row>(rewritten)).batches()].flatMap((batch) => batch.rows())).toEqual(ROWS);
  });

  it.each(['zstd', 'none'] as const)('reads a column alone, and lengths of lists (%s)', async (compression) => {
    const batches = [...(await openBatches<Row>(await file(compression), ['nodes', 'text'])).batches()];
    expect(batches.flatMap((batch) => batch.column('text'))).toEqual(ROWS.map(({ text }) => text));
    expect(batches.flatMap((batch) => batch.column('nodes'))).toEqual(ROWS.map(({ nodes }) => nodes));
    expect(batches.flatMap((batch) => batch.lengths('nodes'))).toEqual(ROWS.map(({ nodes }) => nodes.length));
  });

  it('unpacks only the columns asked for', async () => {
    const bytes = await file();
    const codec = compressionRegistry.get(CompressionType.ZSTD) as Required<Codec>;
    let unpacked = 0;
    compressionRegistry.set(CompressionType.ZSTD, { ...codec, decode: (packed: Uint8Array) => ((unpacked += 1), codec.decode(packed)) });
    try {
      const count = async (columns?: (keyof Row)[]) => {
        unpacked = 0;
        for (const batch of (await openBatches<Row>(bytes, columns)).batches()) batch.column('yes');
        return unpacked;
      };
      const all = await count();
      expect(await count(['yes'])).toBeLessThan(all / 5);
      expect(await count(['yes', 'nodes'])).toBeGreaterThan(await count(['yes']));
    } finally {
      compressionRegistry.set(CompressionType.ZSTD, codec);
    }
  });

  it('says of a file that it cannot read why', async () => {
    const bytes = await file();
    await expect(openBatches(new TextEncoder().encode('PAR1 and more of the same kind'))).rejects.toThrow(/^it does not begin with ARROW1$/);
    await expect(openBatches(new Uint8Array())).rejects.toThrow(/^it does not begin with ARROW1$/);
    for (const length of [8, 100, bytes.length >> 1, bytes.length - 1]) {
      await expect(openBatches(bytes.slice(0, length))).rejects.toThrow(/^it is cut short: it does not end with ARROW1$/);
    }
    for (const [from, to] of [[bytes.length - 1000, bytes.length - 10], [1200, 4000]]) {
      const damaged = bytes.slice();
      damaged.fill(0xee, from, to);
      await expect(openBatches(damaged).then(({ batches }) => [...batches()].map((batch) => batch.rows()))).rejects.toThrow(/^(it is damaged: |record batch \d+ is not where)/);
    }
  });

  it.skipIf(testPython === null)('reads what pyarrow packs by LZ4 (needs the Python environment)', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'exemplar-lz4-')), 'lz4.arrow');
    const script = `
import sys, pyarrow as pa
table = pa.table({"text": ["a plan " * 50] * 20})
with pa.OSFile(sys.argv[1], "wb") as sink, pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
    writer.write_table(table)
`;
    await promisify(execFile)(testPython as string, ['-c', script, path]);
    const { batches } = await openBatches(await readFile(path));
    expect([...batches()].flatMap((batch) => batch.rows(['text']))).toEqual(Array.from({ length: 20 }, () => ({ text: 'a plan '.repeat(50) })));
  });
});
