/** How verbs that also take campaigns name a training run; no campaign's name has a slash. */
const PREFIX = 'train/';

/** The run that `train/RUN` names; null for a campaign's name. */
export function trainingNamed(name: string): string | null {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : null;
}

export const trainingName = (run: string) => `${PREFIX}${run}`;
