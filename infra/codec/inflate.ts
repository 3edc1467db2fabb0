import { redacted } from '../../activities/secrets.ts';
import type { ObjectStore } from '../../activities/store.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { objectKey } from '../../schemas/keys.ts';
import { planText } from '../../plans/text.ts';
import { ResponseRecord, StepRecord, ToolRecord } from '../../schemas/records.ts';

/** Field that is put beside references, with what each holds; `/encode` takes it off again. */
export const INFLATED = 'inflated';

const OBJECT = /^[0-9a-f]{64}$/;
const RESPONSE = /^responses\/[0-9a-f]{2}\/[0-9a-f]{64}\/[A-Za-z0-9._-]+$/;
/** References of one payload that are looked up; the others stay bare. */
const MOST_REFERENCES = 6;
/** Objects above this are named, not fetched; bytes. */
const LARGEST_OBJECT = 2 << 20;
/** Longest text that is shown of one; characters. */
const LONGEST_TEXT = 20_000;

/** JSON of a payload with what its references hold beside them, under the same names; as it was where it has none. */
export async function inflated(store: Pick<ObjectStore, 'get'>, value: unknown): Promise<unknown> {
  const fields = typeof value === 'string' ? { value } : value;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return value;
  const references = Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && isReference(entry[1]));
  if (references.length === 0) return value;
  const held = await Promise.all(references.slice(0, MOST_REFERENCES).map(async ([name, reference]) => [name, await read(store, reference)] as const));
  return { ...fields, [INFLATED]: Object.fromEntries(held) };
}

/** The JSON without what `inflated` added: a workflow that is started from what the UI shows gets the references alone. */
export function deflated(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !(INFLATED in value)) return value;
  const { [INFLATED]: _, ...fields } = value;
  return fields;
}

const isReference = (text: string) => OBJECT.test(text) || RESPONSE.test(text);

async function read(store: Pick<ObjectStore, 'get'>, reference: string): Promise<unknown> {
  try {
    const bytes = await store.get(OBJECT.test(reference) ? objectKey(reference) : reference, LARGEST_OBJECT);
    if (bytes === null) return 'not in the store';
    if (OBJECT.test(reference) && sha256Hex(bytes) !== reference) return 'does not match its hash';
    return legible(new TextDecoder().decode(bytes));
  } catch (error) {
    return `cannot be read: ${redacted((error as Error).message)}`;
  }
}

/** Records as people read them; anything else as its text. */
function legible(text: string): unknown {
  const json = parsed(text);
  const step = StepRecord.safeParse(json);
  if (step.success) return stepView(step.data);
  const response = ResponseRecord.safeParse(json);
  if (response.success) {
    const { model, stopReason, usage, nanoUsd, toolCalls, text: said } = response.data;
    return { model, stopReason, usage, nanoUsd, ...(toolCalls.length === 0 ? {} : { toolCalls }), text: parsed(said) ?? cut(said) };
  }
  const tool = ToolRecord.safeParse(json);
  if (tool.success) return { tool: tool.data.tool, input: tool.data.input, error: tool.data.error, text: cut(tool.data.text) };
  return json !== undefined && text.length <= LONGEST_TEXT ? json : cut(text);
}

function stepView({ path, branch, textbook, chapter, headline, findings, tools, version }: StepRecord): object {
  return {
    step: path,
    branch,
    ...(textbook === null ? {} : { textbook, chapter }),
    headline,
    ...(findings.length === 0 ? {} : { findings }),
    ...(tools.length === 0 ? {} : { tools: tools.map(({ name, headline: said }) => `${name}: ${said}`) }),
    ...(version === null ? {} : { plan: cut(planText(version.plan)).split('\n'), edits: version.edits, material: version.material, explanation: version.explanation }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}… (${text.length - LONGEST_TEXT} characters more)`;
}
