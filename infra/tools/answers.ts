import type { ToolAnswer } from '../../activities/tool.ts';

const LONGEST_HEADLINE = 120;

/** An answer whose text and headline are cut to what a model and a person are to see. */
export function answered(tool: string, text: string, headline: string, maxBytes: number): ToolAnswer {
  return { text: cutToBytes(text, maxBytes), error: false, headline: oneLine(`${tool}: ${headline}`) };
}

/** The answer to bad input or a failed computation. */
export function failed(tool: string, why: string, maxBytes = 2_000): ToolAnswer {
  return { text: cutToBytes(why, maxBytes), error: true, headline: oneLine(`${tool}: failed: ${why}`) };
}

/** As much of a text as fits into so many UTF-8 bytes, with a note of what was cut off. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  const note = ` [cut: ${bytes.length} bytes, ${maxBytes} are shown at most]`;
  // a character that the cut splits decodes to U+FFFD
  return bytes.subarray(0, Math.max(0, maxBytes - Buffer.byteLength(note))).toString('utf8').replace(/\uFFFD$/, '') + note;
}

/** White space is gathered up, control characters go, and the end is cut off where it is too long. */
export function oneLine(text: string, longest = LONGEST_HEADLINE): string {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
