import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { narrowed, withoutNulls, withoutPatterns } from '../../../../infra/tools/mcp/input-schema.ts';

const SCHEMA = {
  $defs: { Point: { type: 'object', properties: { x: { type: 'number', minimum: 0 }, label: { type: 'string', default: '' } }, required: ['x'] } },
  type: 'object',
  properties: {
    points: { type: 'array', items: { $ref: '#/$defs/Point' }, minItems: 1 },
    mode: { enum: ['fast', 'exact'] },
    limit: { type: ['integer', 'null'], description: 'most' },
  },
  required: ['points'],
};

test('optional properties become nullable ones, references are put in, bounds left out', () => {
  expect(narrowed(SCHEMA)).toEqual({
    type: 'object',
    properties: {
      points: {
        type: 'array',
        items: { type: 'object', properties: { x: { type: 'number' }, label: { anyOf: [{ type: 'string' }, { type: 'null' }] } }, required: ['x', 'label'], additionalProperties: false },
      },
      mode: { anyOf: [{ enum: ['fast', 'exact'] }, { type: 'null' }] },
      limit: { description: 'most', anyOf: [{ type: 'integer' }, { type: 'null' }] },
    },
    required: ['points', 'mode', 'limit'],
    additionalProperties: false,
  });
});

test('an input of the narrowed schema meets the original one once nulls are left out', () => {
  const input = { points: [{ x: 1, label: null }, { x: 2, label: 'b' }], mode: null, limit: null };
  expect(new Ajv().validate(narrowed(SCHEMA), input)).toBe(true);
  const sent = withoutNulls(input, SCHEMA);
  expect(sent).toEqual({ points: [{ x: 1 }, { x: 2, label: 'b' }] });
  expect(new Ajv().validate(SCHEMA, sent)).toBe(true);
});

test.each([
  [{ $ref: '#/$defs/Tree', $defs: { Tree: { type: 'object', properties: { next: { $ref: '#/$defs/Tree' } } } } }, 'recursive'],
  [{ type: 'object', properties: { a: { type: 'object', additionalProperties: true } } }, '$.a: an object with free keys'],
  [{ type: 'object', properties: { a: {} } }, '$.a: a value of any type'],
  [{ type: 'object', properties: { a: { type: 'array' } } }, '$.a: a list without a schema of its items'],
  [{ type: 'object', properties: { a: { $ref: 'https://example.org/a.json' } } }, '$.a: the reference'],
])('what cannot be said is named: %j', (schema, message) => {
  expect(() => narrowed(schema)).toThrow(message);
});

test('patterns go, properties that are called so stay', () => {
  expect(withoutPatterns({ type: 'object', properties: { pattern: { type: 'string', pattern: '(a+)+$' } } })).toEqual({ type: 'object', properties: { pattern: { type: 'string' } } });
});
