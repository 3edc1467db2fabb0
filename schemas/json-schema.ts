import { z } from 'zod';
import { DraftOutput, ImagineOutput, SelectOutput, StepOutput } from './wire.ts';

type Json = Record<string, unknown>;

/** Keywords that bound a value. Providers refuse them, and code checks the bounds of every answer again. */
const BOUNDS = new Set([
  '$schema', 'default', 'examples', 'format', 'pattern', 'title',
  'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf',
  'minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems',
]);

/**
 * The JSON Schema of a zod shape in the subset that providers document for structured output: type, properties (all of them required),
 * additionalProperties false, items, enum, const, anyOf, description. Throws an Error naming the path where the shape cannot be said
 * so: recursion, tuples, records, intersections.
 */
export function wireJsonSchema(shape: z.ZodType): Json {
  let full: Json;
  try {
    full = z.toJSONSchema(shape, { reused: 'inline', cycles: 'throw', unrepresentable: 'throw' });
  } catch (cause) {
    throw new Error(`structured output allows no recursion and no type without a JSON form: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
  return narrow(full, '$');
}

export const DRAFT_JSON_SCHEMA = wireJsonSchema(DraftOutput);
export const IMAGINE_JSON_SCHEMA = wireJsonSchema(ImagineOutput);
export const SELECT_JSON_SCHEMA = wireJsonSchema(SelectOutput);
export const STEP_JSON_SCHEMA = wireJsonSchema(StepOutput);

function narrow(schema: Json, path: string): Json {
  const narrowed: Json = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (BOUNDS.has(keyword)) continue;
    switch (keyword) {
      case 'type':
        if (Array.isArray(value)) narrowed.anyOf = value.map((type: unknown) => ({ type }));
        else narrowed.type = value;
        break;
      case 'enum':
      case 'const':
      case 'description':
        narrowed[keyword] = value;
        break;
      case 'anyOf':
      case 'oneOf':
        narrowed.anyOf = (value as Json[]).map((option, i) => narrow(option, `${path}|${i}`));
        break;
      case 'items':
        narrowed.items = narrow(value as Json, `${path}[]`);
        break;
      case 'properties':
        narrowed.properties = Object.fromEntries(
          Object.entries(value as Record<string, Json>).map(([name, property]) => [name, narrow(property, `${path}.${name}`)]),
        );
        narrowed.required = Object.keys(value as Json);
        narrowed.additionalProperties = false;
        break;
      case 'required':
        break;
      case 'additionalProperties':
        if (value !== false) throw new Error(`${path}: structured output allows no free keys; use a list of objects or a strict object`);
        break;
      default:
        throw new Error(`${path}: structured output does not allow ${keyword}${keyword === '$ref' ? ' (recursion)' : ''}`);
    }
  }
  return narrowed;
}
