import type { Law } from '../../schemas/law.ts';
import type { StepKind } from '../../schemas/prompt.ts';
import { tokensOf } from './usage.ts';

const REMARK = 'This was looked at from the side of those who do it, of those who bear it and of those who come after, and it may stand as it is.';

/** The output made as long as the law wants it: a critique by remarks of severity none, a plan by the text of its explanation. */
export function atLength(output: object, kind: StepKind | undefined, { lengths }: Law): object {
  const wanted = kind === 'draft' || kind === 'critique' || kind === 'revise' ? lengths[kind] : 0;
  const missing = wanted - tokensOf(JSON.stringify(output));
  if (missing <= 0) return output;
  if (kind === 'critique' && 'findings' in output) {
    const remark = { node: 's0', severity: 'none', issue: REMARK, suggestion: '', quote: '' };
    const count = Math.ceil(missing / tokensOf(JSON.stringify(remark)));
    return { ...output, findings: [...(output.findings as object[]), ...Array.from({ length: count }, () => remark)] };
  }
  if (!('explanation' in output)) return output;
  const explanation = output.explanation as { text: string };
  return { ...output, explanation: { ...explanation, text: `${explanation.text} ${`${REMARK} `.repeat(Math.ceil(missing / tokensOf(REMARK))).trim()}` } };
}
