import type { Plan } from '../schemas/plan.ts';
import type { SituationContent } from '../schemas/situation.ts';

/** What a tool may look at beside its input. */
export interface ToolContext {
  situation: SituationContent;
  /** The current version; null before there is one. */
  plan: Plan | null;
  signal: AbortSignal;
}

export interface ToolAnswer {
  /** For the model; its length is bounded. */
  text: string;
  /** The input was bad or the computation failed: the text says how. */
  error: boolean;
  /** At most 120 characters for people, such as "compute: 3 kWh / 250 W = 12 h". */
  headline: string;
}

/** Something that the actor may call while it thinks. */
export interface Tool {
  /** [a-z][a-z0-9_]{1,40} */
  name: string;
  description: string;
  /** JSON Schema of an object, all properties required, in the subset of schemas/json-schema.ts. */
  inputSchema: Record<string, unknown>;
  /** Bad input or a failing computation is an answer with `error: true`. @throws Error only where the tool cannot be reached. */
  run(input: unknown, context: ToolContext): Promise<ToolAnswer>;
}

export const TOOL_NAME = /^[a-z][a-z0-9_]{1,40}$/;
