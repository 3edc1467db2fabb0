import { DataType, Type, type Field } from 'apache-arrow';

const INT32_MAX = 2 ** 31 - 1;

/**
 * Refuses what apache-arrow would write as something else: an integer out of range wraps around there, a missing value becomes a null
 * even where the schema has none. Throws a TypeError that begins with `at`.
 */
export function checkValue(field: Field, value: unknown, at: string): void {
  const refuse = (allowed: string): never => {
    throw new TypeError(`${at} must be ${allowed}, not ${typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? typeof value).slice(0, 80)}`);
  };
  if (value === null && field.nullable) return;
  const type = field.type as DataType;
  if (DataType.isUtf8(type)) {
    if (typeof value !== 'string') refuse('a string');
  } else if (DataType.isBool(type)) {
    if (typeof value !== 'boolean') refuse('true or false');
  } else if (DataType.isFloat(type)) {
    if (typeof value !== 'number' || Number.isNaN(value)) refuse('a number');
  } else if (DataType.isInt(type) && type.bitWidth === 64) {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) refuse('a bigint of 64 bits');
  } else if (DataType.isInt(type)) {
    if (!Number.isInteger(value) || (value as number) > INT32_MAX || (value as number) < -INT32_MAX - 1) refuse('an integer of 32 bits');
  } else if (DataType.isList(type)) {
    if (!Array.isArray(value)) return refuse('a list');
    for (const [i, item] of value.entries()) checkValue(type.valueField, item, `${at}[${i}]`);
  } else if (DataType.isStruct(type)) {
    if (typeof value !== 'object' || value === null) return refuse('an object');
    for (const child of type.children) checkValue(child, (value as Record<string, unknown>)[child.name], `${at}.${child.name}`);
  } else {
    throw new TypeError(`${at}: columns of type ${Type[type.typeId]} are not written`);
  }
}
