import { Context } from '@temporalio/activity';
import { canonicalJson } from '../schemas/canonical.ts';
import { ResponseRecord, StepRecord, type ToolRecord } from '../schemas/records.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { CorruptData, toFailure } from './failures.ts';
import { beating } from './heartbeat.ts';
import { contentOf } from './requests.ts';
import { knownToolAnswer, toolAnswerKey } from './tool-answers.ts';
import type { Tool } from './tool.ts';

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
  /** The tools that a campaign lists. */
  toolsOf: (campaign: string) => Promise<readonly Tool[]>;
}

/** Calls of one answer that are run; the rest are told so. */
const MOST_CALLS = 8;

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

async function run({ reader, toolsOf }: ToolPorts, input: ToolInput): Promise<{ headline: string }> {
  const bytes = await reader.store.get(input.asking);
  if (bytes === null) throw new CorruptData(`the answer ${input.asking} is missing from ${reader.store.describe()}`);
  const asking = ResponseRecord.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const campaign = await reader.campaign(input.campaign);
  const key = toolAnswerKey(asking, input.call, campaign.tools);
  const known = await knownToolAnswer(reader.store, key);
  if (known !== null) return { headline: known.headline };
  const { name, input: asked } = asking.toolCalls[input.call] as ResponseRecord['toolCalls'][number];
  const record: ToolRecord = { schema: 1, tool: name, input: asked, ...(await answer(name, asked)) };
  if (await reader.store.putIfAbsent(key, canonicalJson(record))) return { headline: record.headline };
  return { headline: (await knownToolAnswer(reader.store, key))?.headline ?? record.headline };

  async function answer(name: string, asked: unknown): Promise<Pick<ToolRecord, 'text' | 'error' | 'headline'>> {
    const tool = campaign.tools.some((offer) => offer.name === name) ? (await toolsOf(input.campaign)).find((each) => each.name === name) : undefined;
    if (input.call >= MOST_CALLS) return refusal(`at most ${MOST_CALLS} tools may be called at once`);
    if (tool === undefined) return refusal(`there is no tool "${name.slice(0, 40)}"; there are ${campaign.tools.map((offer) => offer.name).join(', ')}`);
    const situation = contentOf(await reader.situation(input.campaign, input.index));
    const version = input.version === null ? null : StepRecord.parse(JSON.parse(await reader.text(input.version))).version;
    return await tool.run(asked, { situation, plan: version?.plan ?? null, signal: Context.current().cancellationSignal });
  }
}

function refusal(text: string): Pick<ToolRecord, 'text' | 'error' | 'headline'> {
  return { text, error: true, headline: text };
}
