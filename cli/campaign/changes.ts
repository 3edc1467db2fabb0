import { closest } from 'fastest-levenshtein';
import { UsageError } from '../../infra/usage-error.ts';
import { CampaignFile } from '../../schemas/campaign.ts';

/** What `set` may change while a campaign runs. */
export interface Changes {
  concurrency?: number;
  /** USD. */
  budget?: number;
}

const KEYS = ['concurrency', 'budget'] as const;

/** Reads `concurrency=16 budget=20`. @throws UsageError naming the field and what is allowed. */
export function parseChanges(words: readonly string[]): Changes {
  const changes: Changes = {};
  for (const word of words) {
    const [key, text] = word.split('=') as [string, string?];
    const known = KEYS.find((each) => each === key);
    if (known === undefined) throw new UsageError(`unknown key "${key}"; did you mean "${closest(key, KEYS)}"? Known: ${KEYS.join(', ')}`);
    const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
    const parsed = CampaignFile.shape[known].safeParse(value);
    if (!parsed.success || parsed.data === undefined) {
      throw new UsageError(`${known}: ${known === 'concurrency' ? 'a whole number from 1 to 1000' : 'a number of USD above 0'}, such as ${known}=${known === 'concurrency' ? 16 : 20} (is ${JSON.stringify(text ?? '')})`);
    }
    changes[known] = parsed.data;
  }
  return changes;
}
