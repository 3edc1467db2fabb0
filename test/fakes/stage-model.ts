import type { Model, ModelAnswer, ModelRequest, TextBlock } from '../../activities/model.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { StepBlock, StepKind } from '../../schemas/prompt.ts';
import type { SituationContent } from '../../schemas/situation.ts';
import type { ToolCall } from '../../schemas/records.ts';
import type { DraftOutput, Edit, Finding, SelectOutput, StepOutput } from '../../schemas/wire.ts';

/** What a step's prompt holds, taken apart again. */
export interface StepView {
  kind: Exclude<StepKind, 'imagine'>;
  step: StepBlock['step'];
  situation: SituationContent;
  plan: Plan | null;
  textbook: string | null;
  /** What tools have answered in this step. */
  toolAnswers: string[];
}

/** A director's answer: an output, or words of its own for the model to say or throw. */
export type Direction = DraftOutput | SelectOutput | StepOutput | { text: string; stop?: ModelAnswer['stop']; toolCalls?: ToolCall[] } | Error;

/** A model played by a function; counts what it was asked, by idempotency key. */
export class StageModel implements Model {
  readonly calls: { key: string; view: StepView }[] = [];
  readonly #direct: (view: StepView, call: number) => Direction | Promise<Direction>;

  constructor(direct: (view: StepView, call: number) => Direction | Promise<Direction>) {
    this.#direct = direct;
  }

  async send(request: ModelRequest, { idempotencyKey }: { idempotencyKey: string }): Promise<ModelAnswer> {
    const view = viewOf(request);
    this.calls.push({ key: idempotencyKey, view });
    const direction = await this.#direct(view, this.calls.length);
    if (direction instanceof Error) throw direction;
    const { text, stop = 'complete', toolCalls = [] } = 'text' in direction ? direction : { text: JSON.stringify(direction) };
    return {
      text,
      stop,
      stopReason: stop === 'refused' ? 'refusal' : stop === 'truncated' ? 'max_tokens' : 'end_turn',
      usage: { inputTokens: 1_000, outputTokens: 200, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 },
      toolCalls,
      requestId: `req_${this.calls.length}`,
      model: request.model,
    };
  }
}

function viewOf(request: ModelRequest): StepView {
  const blocks = request.turns.filter((turn) => turn.role === 'user').flatMap((turn) => turn.blocks);
  const told = blocks.filter((block): block is TextBlock => 'text' in block && !('answers' in block) && block.text.startsWith('{'));
  const json = Object.assign({}, ...told.map((block) => JSON.parse(block.text) as object)) as { step: StepBlock['step']; situation: SituationContent; plan?: Plan };
  const last = request.system.at(-1)?.text ?? '';
  const chapter = last.startsWith('{"chapter"') ? (JSON.parse(last) as { chapter: { textbook: string } }).chapter : null;
  const toolAnswers = blocks.flatMap((block) => ('answers' in block ? [block.text] : []));
  return { toolAnswers, kind: json.step.kind as StepView['kind'], step: json.step, situation: json.situation, plan: json.plan ?? null, textbook: json.step.chapter?.textbook ?? chapter?.textbook ?? null };
}

/** A plan of one action, its text given. */
export function simpleDraft(situation: SituationContent, action: string): DraftOutput {
  const level = situation.horizon.at(-1) as SituationContent['horizon'][number];
  const place = { parent: '', level };
  return {
    stance: 'pursue',
    stanceArgument: '',
    states: [
      { ...place, id: 'first', order: 0, text: situation.initial },
      { ...place, id: 'last', order: 2, text: situation.target ?? 'an end' },
    ],
    actions: [{ ...place, id: 'act', order: 1, text: action, success: 0.9, durationS: 60, resources: [], moralCost: [] }],
    explanation: { text: 'because', arguments: [{ claim: 'it works', premises: ['it has worked'], supports: ['act'] }] },
  };
}

const NOTHING: StepOutput = { findings: [], edits: [], stance: 'unchanged', stanceArgument: '', explanation: { text: '', arguments: [] }, material: false };

export const noFindings: StepOutput = NOTHING;

/** Stands in every text of the sketched campaigns. */
const QUOTE = 'words of text';

export function finding(node: string, issue: string): StepOutput {
  const found: Finding = { node, severity: 'major', issue, suggestion: 'do otherwise', quote: QUOTE };
  return { ...NOTHING, findings: [found] };
}

/** A revision that sets the text of one node. */
export function relabel(node: string, text: string): StepOutput {
  const edit: Edit = { op: 'label', node, text, states: [], actions: [], field: '', value: 0, resources: [], moralCost: [] };
  return { ...NOTHING, edits: [edit], material: true, explanation: { text: 'changed', arguments: [{ claim: 'better', premises: ['the text says so'], supports: [node] }] } };
}

export function explainAnew(premise: string): StepOutput {
  return { ...NOTHING, explanation: { text: 'anew', arguments: [{ claim: 'it stands', premises: [premise], supports: ['n1'] }] } };
}
