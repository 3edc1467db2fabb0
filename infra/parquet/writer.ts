import { Zstd } from '@hpcc-js/wasm-zstd';
import { DataType, Type, type Field, type Schema } from 'apache-arrow';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { checkValue } from '../arrow/check-value.ts';

/** Rows a row group: what a reader that streams holds at once. */
const ROWS_PER_GROUP = 1000;
/** zstd's own default. */
const LEVEL = 3;

/**
 * A Parquet file, compressed with zstd, with one column a field of the Arrow schema. Equal rows give equal bytes. Throws a TypeError naming
 * row and column for a value that the schema does not hold.
 */
export async function writeParquet(schema: Schema, rows: readonly object[]): Promise<Uint8Array> {
  const zstd = await Zstd.load();
  const columnData = schema.fields.map((field) => ({
    name: field.name,
    data: rows.map((row, i) => {
      const value = (row as Record<string, unknown>)[field.name];
      checkValue(field, value, `row ${i}: ${field.name}`);
      return value;
    }),
  }));
  const root: SchemaElement = { name: 'schema', num_children: schema.fields.length };
  const writer = new ByteWriter();
  const written = parquetWrite({
    writer,
    columnData,
    schema: [root, ...schema.fields.flatMap((field) => elements(field, field.name))],
    codec: 'ZSTD',
    compressors: { ZSTD: (plain) => zstd.compress(plain, LEVEL) },
    rowGroupSize: ROWS_PER_GROUP,
    createdBy: 'exemplar (hyparquet-writer)',
  });
  await written;
  return writer.getBytes();
}

/** A field as Parquet's schema has it, in pre-order; lists in the three levels of the format's LIST type. */
function elements(field: Field, name: string): SchemaElement[] {
  const type = field.type as DataType;
  const repetition_type = field.nullable ? 'OPTIONAL' : 'REQUIRED';
  if (DataType.isList(type)) {
    return [
      { name, repetition_type, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...elements(type.valueField, 'element'),
    ];
  }
  if (DataType.isStruct(type)) {
    return [{ name, repetition_type, num_children: type.children.length }, ...type.children.flatMap((child) => elements(child, child.name))];
  }
  if (DataType.isUtf8(type)) return [{ name, repetition_type, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }];
  if (DataType.isBool(type)) return [{ name, repetition_type, type: 'BOOLEAN' }];
  if (DataType.isFloat(type)) return [{ name, repetition_type, type: 'DOUBLE' }];
  if (DataType.isInt(type)) return [{ name, repetition_type, type: type.bitWidth === 64 ? 'INT64' : 'INT32' }];
  throw new TypeError(`${name}: columns of type ${Type[type.typeId]} are not written`);
}
