import type { DataRow, LedgerRow, NodeRow } from '../../../schemas/rows.ts';

/*
 * Rows of the real tables with everything that readers stumble over: nulls beside empty strings and lists, text beyond ASCII and beyond 16 bits, long and
 * repeated text, nodes below nodes, numbers at the ends of their ranges.
 */

const TEXTS = ['', 'plain', 'Überfahrt nach Ærø', '救助の計画', 'مسار آمن', '🚜 ↦ 👩🏽‍🚒', 'e\u0301\u0000tab\tline\nquote"', 'lang und wiederholt: ü. '.repeat(900)];
const text = (n: number) => `${TEXTS[n % TEXTS.length] ?? ''}${n % 3 === 0 ? '' : n}`;

function node(n: number, order: number): NodeRow {
  const action = order % 2 === 1;
  return {
    id: `n${order}`,
    kind: action ? 'action' : 'state',
    level: order > 3 ? 'minutes' : 'hours',
    parent: order > 3 ? 'n1' : '',
    order,
    text: text(n + order),
    success: action ? 1 / (order + 1) : null,
    duration_s: action && n % 2 === 0 ? 1e-300 * n : null,
    moral_cost: action ? -0.1 * n : null,
  };
}

/** `n` from 0; any two differ. */
export function oddRow(n: number): DataRow {
  return {
    situation_id: String(n).padStart(64, '0'),
    situation_index: n,
    task: n % 2 === 0 ? 'plan' : 'predict',
    campaign: 'odd',
    split: 'train',
    agent: text(n + 2),
    level: 'hours',
    parent_id: n % 3 === 0 ? null : '',
    root_id: text(n),
    branch: n % 4 === 0 ? 'a1' : 'main',
    revision: n % 2 === 0 ? 2 ** 31 - 1 : -(2 ** 31),
    revisions: 1,
    is_final: n % 3 === 1,
    label: (['positive', 'negative', 'equivalent', 'none'] as const)[n % 4] ?? 'none',
    stance: 'decline',
    initial_state: text(n + 3),
    target_state: n % 2 === 0 ? null : text(n),
    plan_json: `{"n":${n}}`,
    plan_text: text(n + 1),
    nodes: Array.from({ length: (n * 3) % 8 }, (_, order) => node(n, order)),
    explanation: text(n + 4),
    alternative_explanations: Array.from({ length: n % 3 }, (_, i) => text(n + i)),
    critique: n % 5 === 0 ? null : text(n + 5),
    textbook: n % 5 === 0 ? null : 'ethics',
    chapter: null,
    edits: '[]',
    kept_share: n / 7,
    distance_to_previous: n,
    distance_to_final: 5e-324,
    log_reward: n % 2 === 0 ? null : -1.7976931348623157e308,
    prompt_chars: n,
    output_chars: 0,
    model: 'sim-1',
  };
}

export function oddCall(n: number): LedgerRow {
  return {
    situation_index: n, try: 0, step: text(n), attempt: 1, model: 'sim-1', response: n % 2 === 0 ? null : text(n), lost: n % 2 === 0, batched: false,
    input_tokens: n % 3 === 0 ? null : n, output_tokens: null, cache_read_tokens: 0, cache_write_tokens: null, cache_write_1h_tokens: null,
    nano_usd: n % 4 === 0 ? null : n % 4 === 1 ? 2n ** 63n - 1n : -(2n ** 63n),
  };
}
