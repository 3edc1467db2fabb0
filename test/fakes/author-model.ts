import type { Model, ModelAnswer, ModelRequest, TextBlock } from '../../activities/model.ts';
import type { ImagineBlock, StepBlock } from '../../schemas/prompt.ts';
import type { ImagineOutput } from '../../schemas/wire.ts';

export interface Asked {
  cell: ImagineBlock['imagine'];
  agent: string;
  faults: string[];
}

/** An author's answer: situations, or words of its own for the model to say or throw. */
export type Written = ImagineOutput | { text: string; stop?: ModelAnswer['stop'] } | Error;

/** A model that imagines as a function says; each call costs what 1,000 tokens in and 200 out cost. */
export class AuthorModel implements Model {
  readonly calls: { key: string; asked: Asked }[] = [];
  readonly #write: (asked: Asked) => Written | Promise<Written>;

  constructor(write: (asked: Asked) => Written | Promise<Written>) {
    this.#write = write;
  }

  async send(request: ModelRequest, { idempotencyKey }: { idempotencyKey: string }): Promise<ModelAnswer> {
    const asked = askedIn(request);
    this.calls.push({ key: idempotencyKey, asked });
    const written = await this.#write(asked);
    if (written instanceof Error) throw written;
    const { text, stop = 'complete' } = 'text' in written ? written : { text: JSON.stringify(written) };
    return {
      text,
      stop,
      stopReason: stop === 'refused' ? 'refusal' : 'end_turn',
      usage: { inputTokens: 1_000, outputTokens: 200, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 },
      toolCalls: [],
      requestId: `req_${this.calls.length}`,
      model: request.model,
    };
  }
}

export function isImagining(request: ModelRequest): boolean {
  return askedIn(request).cell !== undefined;
}

function askedIn({ turns }: ModelRequest): Asked {
  const texts = turns.filter(({ role }) => role === 'user').flatMap(({ blocks }) => blocks.map((block) => (block as TextBlock).text));
  const { imagine, agent, step } = Object.assign({}, ...texts.map((text) => JSON.parse(text) as object)) as ImagineBlock & { agent: { name: string } } & StepBlock;
  return { cell: imagine, agent: agent.name, faults: step.faults };
}

/** Situations of a cell, as many as wanted, each told by `words` of how many the cell has already. */
export function write({ cell }: Asked, words: (n: number) => string): ImagineOutput {
  const { domain, horizon, stakes, task, count, others } = cell;
  return {
    situations: Array.from({ length: count }, (_, i) => ({
      initial: words(others.length + i),
      target: task === 'plan' ? `an end to ${words(others.length + i)}` : '',
      task,
      horizon,
      domain,
      stakes,
    })),
  };
}
