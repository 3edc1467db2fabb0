import type { ModelInfo } from '@anthropic-ai/sdk/resources/models';

/** The name that the list of models gives; any other name is played alike. */
export const MODEL = 'exemplar-sim';

export function modelInfo(id: string): ModelInfo {
  const [yes, no] = [{ supported: true }, { supported: false }];
  return {
    id,
    type: 'model',
    display_name: `${id} (simulated)`,
    created_at: '2026-01-01T00:00:00Z',
    deprecated_at: null,
    retires_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: 1_000_000,
    max_tokens: 64_000,
    capabilities: {
      batch: yes,
      citations: no,
      code_execution: no,
      context_management: { supported: false, clear_thinking_20251015: null, clear_tool_uses_20250919: null, compact_20260112: null },
      effort: { supported: false, low: no, medium: no, high: no, max: no, xhigh: null },
      image_input: no,
      pdf_input: no,
      server_tools: { supported: false, code_execution: no, web_search: no },
      structured_outputs: yes,
      thinking: { supported: false, types: { adaptive: no, between_tools: no, disabled: yes, enabled: no } },
    },
  };
}

/** The list of models, as one page. */
export function modelsPage() {
  return { data: [modelInfo(MODEL)], has_more: false, first_id: MODEL, last_id: MODEL };
}
