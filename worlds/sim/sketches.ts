import type { ImagineBlock } from '../../schemas/prompt.ts';
import { between, pick, shuffled } from '../rng.ts';
import type { Rng } from '../world.ts';

type Asked = ImagineBlock['imagine'];

const PLACES = ['a hill farm above Orsk', 'the ferry landing at Tamm', 'a school in the Vell valley', 'the third floor of a mill', 'a quarry at Brenn', 'an island with one well', 'the market hall of Lund', 'a snowed-in station', 'a workshop behind the canal', 'the dyke at Hoorn', 'a clinic without a road', 'a greenhouse in the marsh'];
const PEOPLE = ['Ines, who has promised it to her neighbours', 'the miller Jorn and his two apprentices', 'eleven pupils and a tired teacher', 'a crew that does not trust the foreman', 'old Marta, who owns the key', 'two families in a quarrel over a fence', 'a carter who must leave by night', 'the council, which meets but once', 'a nurse with four patients', 'a surveyor who speaks another tongue'];
const MEANS = ['a cart with one sound axle', 'a pump that runs dry every hour', 'sixty sacks, a third of them damp', 'a boat for five', 'a generator and 40 L of fuel', 'seed for half the field', 'a radio that can only receive', 'planks, rope and a winch', 'one spare valve of the wrong size', 'a map from before the flood'];
const OBSTACLES = ['The bridge bears no more than a tonne', 'Frost is forecast', 'The water falls by a hand each day', 'Half of those concerned have not been asked', 'The only permit has run out', 'Smoke drifts over from the next valley', 'The last delivery was short', 'A rival bids for the same thing', 'The ground has begun to slip', 'Nobody knows who signed for it'];
const STAKES: Record<Asked['stakes'], readonly string[]> = {
  low: ['If it goes wrong, an afternoon is lost.', 'A failure would cost some comfort and little else.', 'The worst of it would be a second journey.'],
  medium: ['If it goes wrong, a season\'s goods are spoilt.', 'A failure would cost the trust of those who lent the tools.', 'Two people could be ill for weeks.'],
  high: ['If it goes wrong, lives are lost.', 'A failure would take the living of nine households.', 'What breaks here cannot be made again.'],
};
const ENDS = ['is in the hands of those who need it', 'works, and has been seen to work by a stranger', 'is settled, and nobody is worse off than before', 'is finished, with a third of the means left', 'is safe to use without a guard', 'stands where the map shows it'];
const OPENINGS = [
  (place: string, people: string) => `At ${place} there are ${people}.`,
  (place: string, people: string) => `It has to do with ${people}; the place is ${place}.`,
  (place: string, people: string) => `Word comes from ${place}, sent by ${people}.`,
];

/** A situation of no world, put together from parts by the cell. */
export function sketch(agent: string, { domain, task, stakes }: Asked, rng: Rng): { initial: string; target: string } {
  const place = pick(PLACES, rng);
  const [first, second] = shuffled(MEANS, rng) as [string, string];
  const [obstacle, other] = shuffled(OBSTACLES, rng) as [string, string];
  const sentences = shuffled(
    [
      `The ${agent} has ${first}${rng() < 0.5 ? ` and ${second}` : ''}.`,
      `${obstacle}${rng() < 0.5 ? `; ${other.toLowerCase()}` : ''}.`,
      `There ${pick(['remain', 'are left', 'will be'], rng)} ${between(2, 60, rng)} ${pick(['hours', 'loads', 'trials', 'litres'], rng)} for ${domain}.`,
      pick(STAKES[stakes], rng),
    ],
    rng,
  );
  const initial = [pick(OPENINGS, rng)(place, pick(PEOPLE, rng)), ...sentences].join(' ');
  return { initial, target: task === 'plan' ? `What ${domain} needs at ${place} ${pick(ENDS, rng)}.` : '' };
}
