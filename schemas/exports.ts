/** Options of `exemplar export`. */
export const VIEWS = ['preference', 'unpaired', 'stepwise', 'ranking', 'sft'] as const;
export type ViewName = (typeof VIEWS)[number];
export const FORMATS = ['arrow', 'parquet', 'jsonl'] as const;
export type FormatName = (typeof FORMATS)[number];
export const PAIRS = ['all', 'adjacent', 'first'] as const;
export const STYLES = ['plain', 'conversational'] as const;
export type Style = (typeof STYLES)[number];
export const COMPLETIONS = ['text', 'json'] as const;
export const ADDITIONS = ['explanation'] as const;
export const BRANCHES = ['main', 'all'] as const;

/** What an export is made by. Equal options on an equal generation give equal bytes. */
export interface ExportOptions {
  view: ViewName;
  format: FormatName;
  /** Of the view `preference` alone. */
  pairs: (typeof PAIRS)[number];
  style: Style;
  completion: (typeof COMPLETIONS)[number];
  with: (typeof ADDITIONS)[number] | null;
  branch: (typeof BRANCHES)[number];
  /** Rows whose plans lie less far apart are dropped; tree edits. Of the views that contrast plans. */
  minDistance: number;
  /** Rows with a longer prompt and completion together are dropped; characters. */
  maxChars: number | null;
  /** Held-out situations, as FILE|NAME|DIR[:split] or `own` for the source's own validation and test splits: training ones that resemble them are dropped. */
  decontaminate: string | null;
}
