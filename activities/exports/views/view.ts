import { z } from 'zod';
import { LEVELS } from '../../../schemas/levels.ts';
import { Task } from '../../../schemas/situation.ts';
import type { ExportOptions, Style } from '../../../schemas/exports.ts';
import type { ExportedVersion, Story } from '../source.ts';

/** A converged situation, its positive among the versions. */
export interface Told extends Story {
  positive: ExportedVersion;
  /** Versions that the options let through, positive and equivalent ones included. */
  versions: ExportedVersion[];
}

export interface Scene {
  options: ExportOptions;
  /** Share by which a characteristic may differ immaterially. */
  tolerance: number;
  prompt: string;
  /** The version's completion; asked again, the same string. */
  completion: (version: ExportedVersion) => string;
}

/** Why a candidate for a row became none. */
export const DROPS = {
  sameText: 'reads like the final version',
  repeated: 'reads like another row of its situation',
  tooClose: 'its plans lie less far apart than --min-distance',
  tooLong: 'longer than --max-chars',
  notCloser: 'the later version is no closer to the final one',
  immaterial: 'the later version does not differ materially from the earlier one',
  noNegative: 'nothing to rank the final version against',
} as const;
export type Drop = keyof typeof DROPS;

/** What a view makes of some versions: a row, or none and why; or versions that it `left` out of a row of several. A reason is the last version's. */
export type Candidate = { versions: readonly ExportedVersion[] } & ({ row: object } | { drop: Drop } | { left: Drop });

export interface View {
  /** One sentence for the dataset card: what a row is. */
  about: string;
  /** Columns in their order. */
  shape: (style: Style) => z.ZodObject;
  /** Columns of this view alone, for the dataset card. */
  notes: Record<string, string>;
  candidates: (told: Told, scene: Scene) => Iterable<Candidate>;
}

export const Message = z.strictObject({ role: z.enum(['user', 'assistant']), content: z.string() });

/** The shape of a prompt or completion. */
export function textShape(style: Style) {
  return style === 'plain' ? z.string() : z.array(Message);
}

export function asked(text: string, style: Style): string | z.infer<typeof Message>[] {
  return style === 'plain' ? text : [{ role: 'user', content: text }];
}

export function answered(text: string, style: Style): string | z.infer<typeof Message>[] {
  return style === 'plain' ? text : [{ role: 'assistant', content: text }];
}

/** Whether the prompt with the longest of the texts is beyond what the options allow. */
export function tooLong(prompt: string, texts: readonly string[], { maxChars }: Pick<ExportOptions, 'maxChars'>): boolean {
  return maxChars !== null && texts.some((text) => prompt.length + text.length > maxChars);
}

/** Columns that rows of every view end with. */
export const SITUATION_SHAPE = {
  situation_id: z.string(),
  situation_index: z.int(),
  root_id: z.string(),
  campaign: z.string(),
  agent: z.string(),
  task: Task,
  horizon: z.string(),
  level: z.enum(LEVELS),
  initial_state: z.string(),
  target_state: z.string().nullable(),
  revisions: z.int(),
  model: z.string(),
};

export function situationColumns({ situation, positive: { row } }: Told): z.infer<z.ZodObject<typeof SITUATION_SHAPE>> {
  return {
    situation_id: situation.situation_id,
    situation_index: situation.situation_index,
    root_id: situation.root_id,
    campaign: row.campaign,
    agent: situation.agent,
    task: situation.task,
    horizon: situation.horizon,
    level: row.level,
    initial_state: row.initial_state,
    target_state: row.target_state,
    revisions: row.revisions,
    model: row.model,
  };
}

export const SITUATION_NOTES: Record<keyof typeof SITUATION_SHAPE, string> = {
  situation_id: 'sha256 of the situation',
  situation_index: 'place in the campaign, from 0',
  root_id: 'top ancestor; all situations of one are in one split',
  campaign: 'name of the campaign',
  agent: 'name of the agent specification',
  task: '`plan`, or `predict` for what the world or others will do',
  horizon: 'time scales of the situation, finest first',
  level: 'time scale of the top list of the final plan',
  initial_state: 'the world as the plan finds it',
  target_state: 'the world as it should become; null for open-ended ones',
  revisions: 'number of versions on the main line of the situation',
  model: 'model that wrote the final version',
};

/** Text whose critique the version was revised for: that of the next version on its line; nulls where none was. */
export function objection(version: ExportedVersion, versions: readonly ExportedVersion[]): { textbook: string | null; chapter: string | null } {
  const next = versions.find(({ row }) => row.branch === version.row.branch && row.revision === version.row.revision + 1);
  return next === undefined || next.row.critique === null ? { textbook: null, chapter: null } : { textbook: next.row.textbook, chapter: next.row.chapter };
}
