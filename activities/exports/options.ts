import { UsageError } from '../../infra/usage-error.ts';
import type { ExportOptions, ViewName } from '../../schemas/exports.ts';

const DEFAULTS: Omit<ExportOptions, 'view'> = {
  format: 'arrow',
  pairs: 'all',
  style: 'plain',
  completion: 'text',
  with: null,
  branch: 'main',
  minDistance: 0,
  maxChars: null,
  decontaminate: null,
};

/** Which views an option speaks of, where that is not all of them, and why it does not speak of the others. */
const ONLY: Partial<Record<keyof ExportOptions, { views: readonly ViewName[]; why: string }>> = {
  pairs: { views: ['preference'], why: 'has no pairs' },
  minDistance: { views: ['preference', 'unpaired', 'ranking'], why: 'contrasts no plans' },
  style: { views: ['preference', 'unpaired', 'ranking', 'sft'], why: 'is of plain texts alone' },
  completion: { views: ['preference', 'unpaired', 'ranking', 'sft'], why: 'cuts the plan as text into steps' },
  with: { views: ['preference', 'unpaired', 'ranking', 'sft'], why: 'has the steps of the plan alone' },
  branch: { views: ['preference', 'unpaired', 'stepwise', 'ranking'], why: 'takes final versions alone' },
};

const FLAGS: Partial<Record<keyof ExportOptions, string>> = { minDistance: '--min-distance', maxChars: '--max-chars' };

/** The options with their defaults. @throws UsageError for one that the view has no use for. */
export function completeOptions(given: Pick<ExportOptions, 'view'> & Partial<ExportOptions>): ExportOptions {
  for (const [name, { views, why }] of Object.entries(ONLY) as [keyof ExportOptions, { views: readonly ViewName[]; why: string }][]) {
    const value = given[name];
    if (value === undefined || value === DEFAULTS[name as keyof typeof DEFAULTS] || views.includes(given.view)) continue;
    throw new UsageError(`${FLAGS[name] ?? `--${name}`}: the view "${given.view}" ${why}; allowed with --view ${views.join(', ')}`);
  }
  return { ...DEFAULTS, ...given };
}
