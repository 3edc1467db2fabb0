import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { canonicalJson } from '../schemas/canonical.ts';
import { FAILURE } from '../schemas/failure-types.ts';
import { ResponseRecord, type ToolRecord } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { CorruptData, toFailure, ToolUnreachable } from './failures.ts';
import { beating } from './heartbeat.ts';
import type { Outages } from './outages.ts';
import { contentOf } from './requests.ts';
import { knownToolAnswer, toolAnswerKey, toolRefusal } from './tool-answers.ts';
import { readRecord } from './scene.ts';
import { redacted } from './secrets.ts';
import type { Tool, ToolContext } from './tool.ts';

export interface ToolInput {
  campaign: string;
  index: number;
  /** Step record that holds the version worked on. */
  version: string | null;
  /** Key of the answer that asks for tools, and which of its calls this is. */
  asking: string;
  call: number;
}

export interface ToolPorts {
  reader: CampaignReader;
  /** Works with the tools that a campaign lists. */
  withTools: <T>(campaign: string, work: (tools: readonly Tool[]) => Promise<T>) => Promise<T>;
  outages: Outages;
}

/** One tool call, one activity: its answer is stored before the model sees it, and never asked for again. */
export function createToolActivities(ports: ToolPorts) {
  return {
    async runTool(input: ToolInput): Promise<{ headline: string }> {
      try {
        return await beating({ settled: 0 }, () => run(ports, input));
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}
export type ToolActivities = ReturnType<typeof createToolActivities>;

async function run({ reader, withTools, outages }: ToolPorts, input: ToolInput): Promise<{ headline: string }> {
  const bytes = await reader.store.get(input.asking);
  if (bytes === null) throw new CorruptData(`the answer ${input.asking} is missing from ${reader.store.describe()}`);
  const asking = ResponseRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const campaign = await reader.campaign(input.campaign);
  const key = toolAnswerKey(asking, input.call, campaign.tools);
  const known = await knownToolAnswer(reader.store, key);
  if (known !== null) return { headline: known.headline };
  const { name, input: asked } = asking.toolCalls[input.call] as ResponseRecord['toolCalls'][number];
  const record: ToolRecord = { schema: 1, tool: name, input: asked, ...(await answer()) };
  if (await reader.store.putIfAbsent(key, canonicalJson(record))) return { headline: record.headline };
  return { headline: (await knownToolAnswer(reader.store, key))?.headline ?? record.headline };

  async function answer(): Promise<Answer> {
    const offered = campaign.tools.map((offer) => offer.name);
    const absent = toolRefusal(name, asked, `there is no tool "${name.slice(0, 40)}"; there are ${offered.join(', ')}`);
    if (!offered.includes(name)) return absent;
    const situation = contentOf(await reader.situation(input.campaign, input.index));
    const version = input.version === null ? null : (await readRecord(reader, input.version)).version;
    const context: ToolContext = { situation, plan: version?.plan ?? null, signal: Context.current().cancellationSignal };
    const work = async (tools: readonly Tool[]) => (await tools.find((each) => each.name === name)?.run(asked, context)) ?? absent;
    const said = await outages.watch(input.campaign, () => withTools(input.campaign, work).catch((error: unknown) => raise(error, context.signal)), `tool ${name}`);
    // a server may repeat the keys that it was given
    return { ...said, text: redacted(said.text), headline: redacted(said.headline) };
  }
}

/** @throws the reason of a cancelled activity; ToolUnreachable for what the table would take for a model that is out of reach. */
function raise(error: unknown, signal: AbortSignal): never {
  signal.throwIfAborted();
  const failure = toFailure(error);
  throw failure instanceof ApplicationFailure && failure.type === FAILURE.unavailable ? new ToolUnreachable(failure.message, { cause: error }) : failure;
}

type Answer = Pick<ToolRecord, 'text' | 'error' | 'headline'>;
