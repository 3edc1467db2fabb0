import { contentHash } from '../schemas/canonical.ts';
import { toolKey } from '../schemas/keys.ts';
import { ToolRecord, type ResponseRecord, type ToolCall, type ToolOffer } from '../schemas/records.ts';
import type { ObjectStore } from './store.ts';

/** The store key of what the nth tool that an answer asks for says: the request that led to it, the tools as offered, and the call. */
export function toolAnswerKey(asking: Pick<ResponseRecord, 'key' | 'toolCalls'>, n: number, offers: ToolOffer[]): string {
  const { name, input } = asking.toolCalls[n] as ToolCall;
  const [, , request] = asking.key.split('/');
  const offer = offers.find((each) => each.name === name) ?? null;
  return toolKey(contentHash({ request, offer, name, input: input ?? null }), asking.key, n);
}

/** What the model is told of a tool that was not run. */
export function toolRefusal(tool: string, input: unknown, text: string): ToolRecord {
  return { schema: 1, tool, input, text, error: true, headline: text };
}

export async function knownToolAnswer(store: ObjectStore, key: string): Promise<ToolRecord | null> {
  const bytes = await store.get(key);
  return bytes === null ? null : ToolRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
