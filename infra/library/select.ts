import type { LibraryChoice } from '../../schemas/campaign.ts';
import { UsageError } from '../usage-error.ts';
import type { LibraryText } from './chapters.ts';

/**
 * The texts that a campaign reads, in the library's order. Under `routed` all: which chapters a situation needs is asked of the model.
 * @throws UsageError naming a tag or a textbook that the library does not have, and those that it has.
 */
export function selectTexts(path: string, texts: readonly LibraryText[], { select, tags = [], always }: LibraryChoice): LibraryText[] {
  const known = [...new Set(texts.flatMap((text) => text.tags))].sort();
  for (const [i, tag] of tags.entries()) {
    if (!known.includes(tag)) throw new UsageError(`${path}: library.tags.${i}: no text has the tag "${tag}"; there are ${known.length === 0 ? 'none' : known.join(', ')}`);
  }
  for (const [i, textbook] of always.entries()) {
    if (!texts.some((text) => text.textbook === textbook)) throw new UsageError(`${path}: library.always.${i}: there is no textbook "${textbook}"; there are ${texts.map((text) => text.textbook).join(', ')}`);
  }
  if (select !== 'tags') return [...texts];
  return texts.filter((text) => always.includes(text.textbook) || text.tags.some((tag) => tags.includes(tag)));
}
