import { Bool, Field, Float64, Int32, Int64, List, Schema, Struct, Utf8, type DataType } from 'apache-arrow';
import { z } from 'zod';
import { SCHEMA_VERSION } from './manifest.ts';
import { DataRow, LedgerRow, SituationRow } from './rows.ts';

/** Key of the schema metadata that holds SCHEMA_VERSION as decimal text. */
export const SCHEMA_VERSION_KEY = 'exemplar.schema_version';

/**
 * The Arrow schema of a row shape, fields in the order of the shape's keys: z.int() is int32, z.number() float64, z.bigint() int64,
 * z.boolean() bool, strings and enums utf8, arrays lists (of a field named `item`), objects structs; nullable() makes a field nullable.
 * Throws a TypeError that names the field for any other zod type.
 */
export function arrowSchema(rows: z.ZodObject): Schema {
  return new Schema(fields(rows, ''), new Map([[SCHEMA_VERSION_KEY, String(SCHEMA_VERSION)]]));
}

export const DATA_SCHEMA = arrowSchema(DataRow);
export const SITUATIONS_SCHEMA = arrowSchema(SituationRow);
export const LEDGER_SCHEMA = arrowSchema(LedgerRow);

function fields(shape: z.ZodObject, path: string): Field[] {
  return Object.entries<z.core.$ZodType>(shape.shape).map(([name, type]) => field(name, type, path));
}

function field(name: string, type: z.core.$ZodType, path: string): Field {
  const at = path === '' ? name : `${path}.${name}`;
  const nullable = type instanceof z.ZodNullable;
  return new Field(name, arrowType(nullable ? type.unwrap() : type, at), nullable);
}

function arrowType(type: z.core.$ZodType, at: string): DataType {
  if (type instanceof z.ZodNumber) return type.isInt ? new Int32() : new Float64();
  if (type instanceof z.ZodBigInt) return new Int64();
  if (type instanceof z.ZodBoolean) return new Bool();
  if (type instanceof z.ZodString || type instanceof z.ZodEnum) return new Utf8();
  if (type instanceof z.ZodArray) return new List(field('item', type.element, at));
  if (type instanceof z.ZodObject) return new Struct(fields(type, at));
  throw new TypeError(`${at}: a ${type._zod.def.type} has no Arrow type`);
}
