import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Zod's own message where a union says nothing better. */
const NO_OPTION = 'Invalid input';

/**
 * What is wrong with a value, in one line: the field and what is allowed there; an unknown key with the nearest known one. Of a union,
 * the option that the value means is reported on: by its discriminator, else the one whose keys are nearest to the value's.
 */
export function describeIssues(issues: readonly Issue[], value: unknown, schema: z.ZodType, parent: Path = []): string {
  // an unknown key may be the misspelt name of one that is missing
  const [issue] = [...issues.filter(({ code }) => code === 'unrecognized_keys'), ...issues] as [Issue, ...Issue[]];
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') return unknownKey(path, issue.keys[0] as string, keysAt(schema, issue.path, value), placesBelow(schema, issue.path, value));
  const found = at(value, issue.path);
  const got = path.length === 0 ? undefined : found;
  const where = path.length === 0 ? '' : `${path.join('.')}: `;
  const shown = got === undefined || typeof got === 'object' ? '' : ` (is ${JSON.stringify(got)})`;
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && issue.message === NO_OPTION) {
    const options = defOf(schemaAt(schema, issue.path, value) as z.ZodType).options ?? [];
    const n = nearestOption(options, found);
    return describeIssues(issue.errors[n] as Issue[], found, options[n] as z.ZodType, path);
  }
  if (issue.code === 'invalid_union' && got === undefined) {
    // no discriminator: it may be misspelt
    const within = issue.path.slice(0, -1);
    const known = keysOf(schemaAt(schema, within, value) as z.ZodType);
    const stranger = namesIn(at(value, within)).find((key) => !known.includes(key));
    if (stranger !== undefined) return unknownKey(path.slice(0, -1), stranger, known);
  }
  return `${where}${issue.message.replace(/^Invalid input: /, '').replace(/^(expected .*), received undefined$/, 'missing; $1')}${shown}`;
}

/** `below`: keys of the parts, by their paths: one that is known there stands in the wrong place. */
function unknownKey(path: Path, key: string, known: readonly string[], below: readonly string[] = []): string {
  const meant = below.find((each) => each.endsWith(`.${key}`)) ?? (known.length === 0 ? undefined : closest(key, known));
  const hint = meant === undefined ? '' : `; did you mean "${meant}"? Known: ${known.join(', ')}`;
  return `unknown key "${[...path, key].join('.')}"${hint}`;
}

/** What stands at a path; of a text that a schema takes apart, such as `hours/days`, the whole. */
function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'string' ? inner : (inner as Record<PropertyKey, unknown> | undefined)?.[key]), value);
}

interface Def {
  type: string;
  shape?: Record<string, z.ZodType>;
  innerType?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  element?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  discriminator?: string;
}

/** Without defaults and transforms around it. */
function defOf(schema: z.ZodType): Def {
  const def = schema.def as unknown as Def;
  if (def.innerType !== undefined) return defOf(def.innerType);
  if (def.type === 'pipe') return defOf(((def.in as z.ZodType).def as unknown as Def).type === 'transform' ? (def.out as z.ZodType) : (def.in as z.ZodType));
  return def;
}

function schemaAt(schema: z.ZodType, path: Path, value: unknown): z.ZodType | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return schema;
  const { shape, element, valueType } = defOf(meant(schema, value));
  const next = shape?.[String(head)] ?? element ?? valueType;
  return next === undefined ? undefined : schemaAt(next, rest, at(value, [head]));
}

/** Of a union, the option that the value means; any other schema itself. */
function meant(schema: z.ZodType, value: unknown): z.ZodType {
  const { options, discriminator } = defOf(schema);
  if (options === undefined) return schema;
  const tagged = discriminator === undefined ? undefined : options.find((option) => defOf(option).shape?.[discriminator]?.safeParse(at(value, [discriminator])).success);
  return meant(tagged ?? (options[nearestOption(options, value)] as z.ZodType), value);
}

/** Index of the option whose keys are fewest edits away from the value's; the first of equals. */
function nearestOption(options: readonly z.ZodType[], value: unknown): number {
  const edits = options.map((option) => {
    const known = keysOf(option);
    return namesIn(value).reduce((sum, name) => sum + Math.min(...known.map((key) => distance(name, key))), 0);
  });
  return edits.indexOf(Math.min(...edits));
}

const namesIn = (value: unknown) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []);

/** Keys of the object schema at a path. */
function keysAt(schema: z.ZodType, path: Path, value: unknown): string[] {
  const inner = schemaAt(schema, path, value);
  return inner === undefined ? [] : keysOf(meant(inner, at(value, path)));
}

/** Keys of the parts of the object at a path, such as `actor.maxPasses`. */
function placesBelow(schema: z.ZodType, path: Path, value: unknown): string[] {
  return keysAt(schema, path, value).flatMap((part) => {
    const inner = schemaAt(schema, [...path, part], value);
    return inner === undefined ? [] : keysOf(inner).map((key) => [...path, part, key].join('.'));
  });
}

/** Keys of an object, or of all options of a union. */
function keysOf(schema: z.ZodType): string[] {
  const { shape = {}, options } = defOf(schema);
  return options === undefined ? Object.keys(shape) : [...new Set(options.flatMap(keysOf))];
}
