import type { ChapterRef } from '../schemas/library.ts';
import type { Plan } from '../schemas/plan.ts';
import type { Edit, Finding } from '../schemas/wire.ts';

/** Longest headline in a history, characters. */
const LONGEST = 160;

export function draftHeadline(plan: Plan): string {
  const actions = plan.nodes.filter((node) => node.kind === 'action');
  return `${plan.stance}: ${actions.length} actions, ${actions.filter((action) => action.children.length > 0).length} with a sub-plan`;
}

export function findingsHeadline(findings: Finding[]): string {
  const major = findings.filter((finding) => finding.severity === 'major');
  const worst = major[0] ?? findings[0];
  if (worst === undefined) return 'no findings';
  const count = `${findings.length} finding${findings.length === 1 ? '' : 's'}${major.length > 0 ? `, ${major.length} major` : ''}`;
  return cut(`${count}: ${worst.issue} at ${worst.node}`);
}

export function selectionHeadline(chapters: Pick<ChapterRef, 'textbook'>[], selection: number[]): string {
  const texts = [...new Set(selection.map((i) => chapters[i]?.textbook))];
  return cut(`${selection.length} of ${chapters.length} chapters: ${texts.join(', ')}`);
}

/** `kept`: share of the nodes that nobody criticised and that stayed as they were. */
export function revisionHeadline(edits: Edit[], material: boolean, kept: number): string {
  const ops = [...new Set(edits.map((edit) => edit.op))].join(', ');
  return cut(`${edits.length === 0 ? 'no edits' : `${edits.length} edit${edits.length === 1 ? '' : 's'} (${ops})`}, ${material ? 'material' : 'not material'}${kept < 1 ? `, kept ${Math.round(100 * kept)} %` : ''}`);
}

/** On one line, cut to what a history takes; a model's text may hold control characters. */
function cut(words: string): string {
  const text = words.replace(/[\p{Cc}\s]+/gu, ' ');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
