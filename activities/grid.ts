import { contentHash } from '../schemas/canonical.ts';
import type { ImaginedSource } from '../schemas/campaign.ts';
import type { Cell } from '../schemas/imagined.ts';

/** Cells of the grid agent x domain x horizon x stakes x task, in an order that the seed determines. */
export function gridOf(source: ImaginedSource, agents: readonly string[]): Cell[] {
  const cells: Cell[] = [];
  for (const agent of agents)
    for (const domain of source.domains)
      for (const horizon of source.horizons)
        for (const stakes of source.stakes) for (const task of source.tasks) cells.push({ agent, domain, horizon, stakes, task });
  const place = new Map(cells.map((cell) => [cell, contentHash({ seed: source.seed, cell })]));
  return cells.sort((a, b) => ((place.get(a) as string) < (place.get(b) as string) ? -1 : 1));
}

/** Name of a cell in the response store: the same whatever grid it stands in. */
export function cellId(cell: Cell): string {
  return contentHash({ cell });
}
