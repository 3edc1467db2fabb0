type Json = Record<string, unknown>;

const LONGEST_DESCRIPTION = 300;
const DEEPEST = 12;

/**
 * A server's input schema in the subset of schemas/json-schema.ts: every property required, those that the server lets one leave out
 * being null as well; bounds and patterns left out. @throws Error naming what cannot be said so, such as recursion or free-form objects.
 */
export function narrowed(schema: Json): Json {
  return narrow(schema, schema, '$', 0);
}

function narrow(given: Json, root: Json, path: string, depth: number): Json {
  if (depth > DEEPEST) throw new Error(`${path}: nested too deeply, or recursive`);
  const schema = resolved(given, root, path);
  const described: Json = typeof schema.description === 'string' ? { description: schema.description.slice(0, LONGEST_DESCRIPTION) } : {};
  const next = (inner: unknown, step: string) => narrow(inner as Json, root, `${path}${step}`, depth + 1);
  const options = schema.anyOf ?? schema.oneOf ?? (Array.isArray(schema.type) ? schema.type.map((type: unknown) => ({ ...schema, description: undefined, type })) : undefined);
  if (Array.isArray(options)) return { ...described, anyOf: options.map((option, i) => next(option, `|${i}`)) };
  if (Array.isArray(schema.allOf) && schema.allOf.length === 1) return { ...next(schema.allOf[0], ''), ...described };
  if (schema.const !== undefined) return { ...described, const: schema.const };
  if (Array.isArray(schema.enum)) return { ...described, ...(typeof schema.type === 'string' ? { type: schema.type } : {}), enum: schema.enum };
  switch (schema.type) {
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'null':
      return { type: schema.type, ...described };
    case 'array':
      if (!isObject(schema.items)) throw new Error(`${path}: a list without a schema of its items`);
      return { type: 'array', ...described, items: next(schema.items, '[]') };
    case 'object': {
      const properties = isObject(schema.properties) ? schema.properties : {};
      if (Object.keys(properties).length === 0 && (depth > 0 || schema.additionalProperties === true)) throw new Error(`${path}: an object with free keys`);
      const required = new Set(Array.isArray(schema.required) ? schema.required : []);
      const told = Object.entries(properties).map(([name, property]) => {
        const inner = next(property, `.${name}`);
        return [name, required.has(name) ? inner : orNull(inner)] as const;
      });
      return { type: 'object', ...described, properties: Object.fromEntries(told), required: told.map(([name]) => name), additionalProperties: false };
    }
    default:
      throw new Error(`${path}: a value of any type`);
  }
}

function orNull(schema: Json): Json {
  const options = Array.isArray(schema.anyOf) ? (schema.anyOf as Json[]) : undefined;
  if (options?.some((option) => option.type === 'null') === true || schema.type === 'null') return schema;
  return options === undefined ? { anyOf: [schema, { type: 'null' }] } : { ...schema, anyOf: [...options, { type: 'null' }] };
}

/** The input as the server wants it: null stands for a property that is left out. */
export function withoutNulls(input: unknown, schema: Json): unknown {
  return strip(input, schema, schema, 0);
}

function strip(value: unknown, given: Json, root: Json, depth: number): unknown {
  if (depth > DEEPEST) return value;
  const schema = resolved(given, root, '$');
  const options = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (Array.isArray(options)) return options.reduce<unknown>((each, option) => strip(each, option as Json, root, depth + 1), value);
  if (Array.isArray(value)) return isObject(schema.items) ? value.map((item) => strip(item, schema.items as Json, root, depth + 1)) : value;
  if (!isObject(value) || !isObject(schema.properties)) return value;
  const properties = schema.properties;
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const kept = Object.entries(value).filter(([name, inner]) => inner !== null || required.has(name) || !Object.hasOwn(properties, name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, Object.hasOwn(properties, name) ? strip(inner, properties[name] as Json, root, depth + 1) : inner]));
}

/** Follows references within the document. */
function resolved(schema: Json, root: Json, path: string): Json {
  let at = schema;
  for (let hops = 0; typeof at.$ref === 'string'; hops++) {
    if (hops > DEEPEST || !at.$ref.startsWith('#/')) throw new Error(`${path}: the reference ${at.$ref.slice(0, 60)}`);
    const steps = at.$ref.slice(2).split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const target = steps.reduce<unknown>((inner, step) => (isObject(inner) && Object.hasOwn(inner, step) ? inner[step] : undefined), root);
    if (!isObject(target)) throw new Error(`${path}: the reference ${at.$ref.slice(0, 60)}`);
    at = target;
  }
  return at;
}

/** The schema without regular expressions, which a server could make to run for ever. */
export function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns);
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([keyword, value]) => !(keyword === 'pattern' && typeof value === 'string') && keyword !== 'patternProperties' && keyword !== 'format');
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutPatterns(value)]));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
