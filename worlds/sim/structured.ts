type Json = Record<string, unknown>;

/*
 * The subset of JSON Schema that the service documents for structured output: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 */
const TYPES = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']);
const FORMATS = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']);
const KEYWORDS = new Set([
  'type', 'properties', 'required', 'additionalProperties', 'items', 'minItems', 'enum', 'const', 'anyOf', 'allOf', 'format', 'pattern',
  'default', 'title', 'description', '$ref', '$defs', 'definitions', '$schema',
]);
const MOST_OPTIONAL = 24;
const MOST_UNIONS = 16;

/** What is wrong with a schema for structured output, as one line; null where it is in the subset. */
export function schemaFault(schema: Json): string | null {
  const survey = new Survey(schema);
  const fault = survey.fault(schema, 'schema', []);
  if (fault !== null) return fault;
  if (survey.optional > MOST_OPTIONAL) return `schema: has ${survey.optional} optional properties; at most ${MOST_OPTIONAL} are allowed`;
  if (survey.unions > MOST_UNIONS) return `schema: has ${survey.unions} unions (anyOf or lists of types); at most ${MOST_UNIONS} are allowed`;
  return null;
}

class Survey {
  optional = 0;
  unions = 0;
  private readonly root: Json;

  constructor(root: Json) {
    this.root = root;
  }

  fault(schema: unknown, at: string, references: string[]): string | null {
    if (!isObject(schema)) return `${at}: must be a schema object`;
    for (const keyword of Object.keys(schema)) if (!KEYWORDS.has(keyword)) return `${at}: the keyword '${keyword}' is not supported`;
    return this.reference(schema, at, references) ?? this.ofType(schema, at, references) ?? this.ofValues(schema, at) ?? this.alternatives(schema, at, references);
  }

  private reference({ $ref: ref }: Json, at: string, references: string[]): string | null {
    if (ref === undefined) return null;
    if (typeof ref !== 'string' || !ref.startsWith('#')) return `${at}.$ref: only references inside the schema are supported`;
    if (ref === '#' || references.includes(ref)) return `${at}.$ref: recursive schemas are not supported`;
    let found: unknown = this.root;
    for (const step of ref.slice(1).split('/').filter((each) => each !== '')) found = isObject(found) ? found[step] : undefined;
    return found === undefined ? `${at}.$ref: ${ref} does not exist` : this.fault(found, `${at}->${ref}`, [...references, ref]);
  }

  private ofType(schema: Json, at: string, references: string[]): string | null {
    const types = schema.type === undefined ? [] : [schema.type].flat();
    if (Array.isArray(schema.type)) this.unions += 1;
    for (const type of types) if (typeof type !== 'string' || !TYPES.has(type)) return `${at}.type: ${JSON.stringify(type)} is not a supported type`;
    if (types.includes('object') || schema.properties !== undefined) {
      if (schema.additionalProperties !== false) return `${at}: for 'object' type, 'additionalProperties' must be explicitly set to false`;
      const required = Array.isArray(schema.required) ? schema.required : [];
      for (const [name, property] of Object.entries((schema.properties ?? {}) as Json)) {
        if (!required.includes(name)) this.optional += 1;
        const fault = this.fault(property, `${at}.properties.${name}`, references);
        if (fault !== null) return fault;
      }
    }
    if (schema.minItems !== undefined && schema.minItems !== 0 && schema.minItems !== 1) return `${at}.minItems: only 0 and 1 are supported`;
    return schema.items === undefined ? null : this.fault(schema.items, `${at}.items`, references);
  }

  private ofValues(schema: Json, at: string): string | null {
    if (schema.enum !== undefined && (!Array.isArray(schema.enum) || schema.enum.some((value) => typeof value === 'object' && value !== null))) {
      return `${at}.enum: only strings, numbers, booleans and null are supported`;
    }
    if (schema.format !== undefined && !(typeof schema.format === 'string' && FORMATS.has(schema.format))) return `${at}.format: ${JSON.stringify(schema.format)} is not supported`;
    if (/\\[1-9bB]|\(\?[=!<]/.test(typeof schema.pattern === 'string' ? schema.pattern : '')) return `${at}.pattern: backreferences, look-around and word boundaries are not supported`;
    return null;
  }

  private alternatives(schema: Json, at: string, references: string[]): string | null {
    for (const keyword of ['anyOf', 'allOf'] as const) {
      const options = schema[keyword];
      if (options === undefined) continue;
      if (!Array.isArray(options) || options.length === 0) return `${at}.${keyword}: must be a list of schemas`;
      if (keyword === 'anyOf') this.unions += 1;
      if (keyword === 'allOf' && options.some((option) => isObject(option) && option.$ref !== undefined)) return `${at}.allOf: is not supported together with $ref`;
      for (const [i, option] of options.entries()) {
        const fault = this.fault(option, `${at}.${keyword}.${i}`, references);
        if (fault !== null) return fault;
      }
    }
    return null;
  }
}

/** A small value that a schema of the subset allows: what the model answers where it is not asked to play the actor. */
export function smallest(schema: Json, root: Json = schema): unknown {
  if (typeof schema.$ref === 'string') {
    let found: unknown = root;
    for (const step of schema.$ref.slice(1).split('/').filter((each) => each !== '')) found = isObject(found) ? found[step] : undefined;
    return isObject(found) ? smallest(found, root) : null;
  }
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const options = schema.anyOf ?? schema.allOf;
  if (Array.isArray(options) && isObject(options[0])) return smallest(options[0], root);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return Object.fromEntries(Object.entries((schema.properties ?? {}) as Record<string, Json>).map(([name, property]) => [name, smallest(property, root)]));
    case 'array':
      return schema.minItems === 1 && isObject(schema.items) ? [smallest(schema.items, root)] : [];
    case 'string':
      return '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
