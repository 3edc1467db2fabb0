import { close, draw } from '../../activities/budget.ts';
import type { ObjectStore } from '../../activities/store.ts';
import { Failure } from '../errors.ts';
import { dollars, usdOf } from '../figures.ts';

/**
 * Money of the cap for work beside a campaign's pages (its imagination, a preview, an explanation), in total, what was spent before
 * included; int nano-dollars. `most` null: `asked` of
 * what is free, or all of it. Without a cap, `most` itself. @throws Failure where less than `least` is left.
 */
export async function drawBeside(store: ObjectStore, spender: string, { spent, least, most, asked }: { spent: number; least: number; most: number | null; asked?: number }): Promise<number | null> {
  const { hold } = await draw(store, spender, { promised: spent, least, most: most ?? asked ?? Number.MAX_SAFE_INTEGER });
  if (hold !== null && hold < least) throw new Failure(`the cap over all campaigns leaves less than ${dollars(usdOf(least - spent))}: raise it with \`exemplar budget cap=USD\``);
  return hold === null ? most : most === null ? hold : Math.min(hold, most);
}

/** The work has ended and has cost this in all. */
export const closeBeside = close;
