import { closest } from 'fastest-levenshtein';
import { UsageError } from '../../infra/usage-error.ts';
import { CampaignFile, Mode, StopAfter } from '../../schemas/campaign.ts';

/** What `set` may change while a campaign runs. */
export interface Changes {
  concurrency?: number;
  /** USD. */
  budget?: number;
  /** null: off. */
  stopAfter?: StopAfter | null;
  mode?: Mode;
}

const WANTED = {
  concurrency: 'a whole number from 1 to 10000, such as concurrency=16',
  budget: 'a number of USD above 0, such as budget=20',
  stopAfter: 'off, or the share of situations that may fail, from 0 to below 1, and of how many at least, such as stopAfter=0.2/20',
  mode: 'interactive or batch, such as mode=batch',
};
const KEYS = Object.keys(WANTED) as (keyof typeof WANTED)[];

/** Reads `concurrency=16 budget=20 stopAfter=0.2/20`. @throws UsageError naming the field and what is allowed. */
export function parseChanges(words: readonly string[]): Changes {
  return Object.assign({}, ...words.map(parseChange)) as Changes;
}

function parseChange(word: string): Changes {
  const [key, ...rest] = word.split('=') as [string, ...string[]];
  const text = rest.join('=');
  const known = KEYS.find((each) => each === key);
  if (known === undefined) throw new UsageError(`unknown key "${key}"; did you mean "${closest(key, KEYS)}"? Known: ${KEYS.join(', ')}`);
  const change = known === 'stopAfter' ? parseStopAfter(text) : known === 'mode' ? parseMode(text) : parseNumber(known, text);
  if (change === null) throw new UsageError(`${known}: ${WANTED[known]} (is ${JSON.stringify(text)})`);
  return change;
}

function parseNumber(key: 'concurrency' | 'budget', text: string): Changes | null {
  const parsed = CampaignFile.shape[key].safeParse(text.trim() === '' ? Number.NaN : Number(text));
  return parsed.success && parsed.data !== undefined ? { [key]: parsed.data } : null;
}

function parseMode(text: string): Changes | null {
  const parsed = Mode.safeParse(text);
  return parsed.success ? { mode: parsed.data } : null;
}

function parseStopAfter(text: string): Changes | null {
  if (text === 'off') return { stopAfter: null };
  const [failedShare, minSample, ...more] = text.split('/').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const parsed = StopAfter.safeParse({ failedShare, minSample });
  return parsed.success && more.length === 0 ? { stopAfter: parsed.data } : null;
}
