import type { Law } from '../../schemas/law.ts';
import { Horizon } from '../../schemas/levels.ts';
import type { ImagineBlock } from '../../schemas/prompt.ts';
import type { ImagineOutput } from '../../schemas/wire.ts';
import { WORLDS } from '../index.ts';
import { canPlay, KNOWN_SEEDS } from '../known.ts';
import { pick } from '../rng.ts';
import type { Rng } from '../world.ts';
import { sketch } from './sketches.ts';

type Asked = ImagineBlock['imagine'];
type Words = Pick<ImagineOutput['situations'][number], 'initial' | 'target'>;

/** Draws from a world before the cell is taken to be none of its own. */
const MOST_DRAWS = 50;

/**
 * Situations for one cell: those of a world, word for word, where a world is for the agent and can plan at the horizon, so that they
 * are known again; else sketches. By the law's rate one repeats an earlier one in all but its target.
 */
export function imagine(agent: string, asked: Asked, law: Law, rng: Rng): ImagineOutput {
  const written: Words[] = [];
  while (written.length < asked.count) {
    const earlier = [...asked.others, ...written.map(({ initial }) => initial)];
    const repeats = rng() < law.repeat && earlier.length > 0;
    written.push(repeats ? repetition(pick(earlier, rng), asked) : (drawn(agent, asked, earlier, rng) ?? sketch(agent, asked, rng)));
  }
  const { task, horizon, domain, stakes } = asked;
  return { situations: written.map((words) => ({ ...words, task, horizon, domain, stakes })) };
}

function repetition(initial: string, { task }: Asked): Words {
  return { initial, target: task === 'plan' ? 'What is asked for here holds, sooner than before.' : '' };
}

/** A world's situation that is not there yet; null where no world has one for the cell. */
function drawn(agent: string, { task, horizon }: Asked, earlier: readonly string[], rng: Rng): Words | null {
  const worlds = Object.values(WORLDS).filter((world) => world.agent === agent);
  if (worlds.length === 0 || task !== 'plan') return null;
  for (let i = 0; i < MOST_DRAWS; i++) {
    const world = pick(worlds, rng);
    const situation = { ...world.situation(Math.floor(rng() * KNOWN_SEEDS)), horizon: Horizon.parse(horizon) };
    if (situation.target !== null && canPlay(world, situation) && !earlier.includes(situation.initial)) return { initial: situation.initial, target: situation.target };
  }
  return null;
}
