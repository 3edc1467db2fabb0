import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DRAFT_JSON_SCHEMA, IMAGINE_JSON_SCHEMA, STEP_JSON_SCHEMA, wireJsonSchema } from '../../schemas/json-schema.ts';
import { Plan } from '../../schemas/plan.ts';
import { DraftOutput, ImagineOutput, StepOutput } from '../../schemas/wire.ts';

type Json = { [key: string]: unknown };

/** Every subschema with its path. */
function* subschemas(schema: Json, path = '$'): Generator<[string, Json]> {
  yield [path, schema];
  for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, Json>)) yield* subschemas(property, `${path}.${name}`);
  if (schema.items !== undefined) yield* subschemas(schema.items as Json, `${path}[]`);
  for (const [i, option] of ((schema.anyOf ?? []) as Json[]).entries()) yield* subschemas(option, `${path}|${i}`);
}

const ALLOWED = ['type', 'properties', 'required', 'additionalProperties', 'enum', 'const', 'anyOf', 'items', 'description'];

describe('wireJsonSchema', () => {
  it('strips bounds, keeps meaning and requires every field', () => {
    const shape = z.strictObject({
      amount: z.number().min(0).max(1).describe('a share'),
      count: z.int().default(3),
      note: z.string().min(1).regex(/x/).nullable(),
      kind: z.enum(['a', 'b']),
      fixed: z.literal('only'),
      list: z.array(z.strictObject({ id: z.string() })).min(1).max(4),
      either: z.discriminatedUnion('t', [z.strictObject({ t: z.literal('x') }), z.strictObject({ t: z.literal('y') })]),
    });
    expect(wireJsonSchema(shape)).toEqual({
      type: 'object',
      properties: {
        amount: { type: 'number', description: 'a share' },
        count: { type: 'integer' },
        note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        kind: { type: 'string', enum: ['a', 'b'] },
        fixed: { type: 'string', const: 'only' },
        list: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'], additionalProperties: false } },
        either: {
          anyOf: [
            { type: 'object', properties: { t: { type: 'string', const: 'x' } }, required: ['t'], additionalProperties: false },
            { type: 'object', properties: { t: { type: 'string', const: 'y' } }, required: ['t'], additionalProperties: false },
          ],
        },
      },
      required: ['amount', 'count', 'note', 'kind', 'fixed', 'list', 'either'],
      additionalProperties: false,
    });
  });

  it.each([
    ['a recursive shape', Plan, /recursion/],
    ['free keys', z.strictObject({ a: z.record(z.string(), z.number()) }), /^\$\.a: structured output/],
    ['a loose object', z.looseObject({ a: z.string() }), /^\$: structured output allows no free keys/],
    ['a tuple', z.strictObject({ pair: z.tuple([z.string(), z.number()]) }), /^\$\.pair: structured output does not allow prefixItems/],
    ['a type that JSON lacks', z.strictObject({ big: z.bigint() }), /without a JSON form/],
  ])('refuses %s', (_, shape, message) => {
    expect(() => wireJsonSchema(shape)).toThrow(message);
  });

  it.each([
    ['draft', DRAFT_JSON_SCHEMA, DraftOutput],
    ['imagine', IMAGINE_JSON_SCHEMA, ImagineOutput],
    ['step', STEP_JSON_SCHEMA, StepOutput],
  ])('says the %s answer within the subset, field for field', (_, schema, shape) => {
    for (const [path, part] of subschemas(schema)) {
      expect(Object.keys(part).filter((keyword) => !ALLOWED.includes(keyword)), path).toEqual([]);
      if (part.type !== 'object') continue;
      expect(part.additionalProperties, path).toBe(false);
      expect(part.required, path).toEqual(Object.keys(part.properties as Json));
    }
    expect(schema.required).toEqual(Object.keys(shape.shape));
  });
});
