import { describe, expect, test } from 'vitest';
import { DRAFT_JSON_SCHEMA, STEP_JSON_SCHEMA } from '../../../schemas/json-schema.ts';
import { DraftOutput, StepOutput } from '../../../schemas/wire.ts';
import { schemaFault, smallest } from '../../../worlds/sim/structured.ts';

const object = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false, ...more });
const text = { type: 'string' };

describe('a schema for structured output', () => {
  test('is in the subset when it is one of the product\'s own', () => {
    expect(schemaFault(DRAFT_JSON_SCHEMA)).toBeNull();
    expect(schemaFault(STEP_JSON_SCHEMA)).toBeNull();
  });

  test('may use what is documented: internal references, unions, enums, formats, simple patterns, minItems 0 and 1', () => {
    const schema = {
      ...object({
        place: { $ref: '#/$defs/place' },
        other: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/place' }] },
        day: { type: 'string', format: 'date' },
        code: { type: 'string', pattern: '^[a-z]+$' },
        kind: { enum: ['a', 1, null] },
        list: { type: 'array', items: text, minItems: 1 },
      }),
      $defs: { place: object({ name: text }) },
    };
    expect(schemaFault(schema)).toBeNull();
  });

  const outside: [string, Record<string, unknown>, string][] = [
    ['recursion', { ...object({ child: { $ref: '#' } }) }, 'schema.properties.child.$ref: recursive schemas are not supported'],
    ['recursion by way of a definition', { ...object({ a: { $ref: '#/$defs/a' } }), $defs: { a: object({ again: { $ref: '#/$defs/a' } }) } }, 'recursive schemas are not supported'],
    ['references to other documents', object({ a: { $ref: 'https://x.test/a.json' } }), 'only references inside the schema'],
    ['references to nothing', object({ a: { $ref: '#/$defs/a' } }), '#/$defs/a does not exist'],
    ['bounds of numbers', object({ n: { type: 'number', minimum: 0 } }), "schema.properties.n: the keyword 'minimum' is not supported"],
    ['multiples', object({ n: { type: 'number', multipleOf: 2 } }), "'multipleOf'"],
    ['lengths of strings', object({ s: { type: 'string', minLength: 1 } }), "'minLength'"],
    ['longest lists', object({ l: { type: 'array', items: text, maxItems: 3 } }), "'maxItems'"],
    ['shortest lists above one', object({ l: { type: 'array', items: text, minItems: 2 } }), 'only 0 and 1'],
    ['free keys', { type: 'object', properties: {}, required: [] }, "'additionalProperties' must be explicitly set to false"],
    ['free keys deep inside', object({ l: { type: 'array', items: { type: 'object', properties: {}, additionalProperties: true } } }), 'schema.properties.l.items'],
    ['oneOf', object({ a: { oneOf: [text] } }), "'oneOf'"],
    ['objects in an enum', object({ a: { enum: [{}] } }), 'only strings, numbers, booleans and null'],
    ['unknown types', object({ a: { type: 'text' } }), '"text" is not a supported type'],
    ['unknown formats', object({ a: { type: 'string', format: 'colour' } }), 'schema.properties.a.format: "colour"'],
    ['look-ahead', object({ a: { type: 'string', pattern: '^(?=a)' } }), 'look-around'],
    ['more than 24 optional properties', { type: 'object', properties: Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`p${i}`, text])), required: [], additionalProperties: false }, 'at most 24'],
    ['more than 16 unions', object(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`p${i}`, { type: ['string', 'null'] }]))), 'at most 16'],
  ];
  test.each(outside)('is refused for %s', (_, schema, fault) => {
    expect(schemaFault(schema)).toContain(fault);
  });
});

test('the smallest value of the product\'s schemas is one of their shape', () => {
  expect(() => DraftOutput.parse(smallest(DRAFT_JSON_SCHEMA))).not.toThrow();
  expect(() => StepOutput.parse(smallest(STEP_JSON_SCHEMA))).not.toThrow();
});
