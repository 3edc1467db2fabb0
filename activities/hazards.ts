import type { ActorParameters } from '../schemas/campaign.ts';
import type { Situation } from '../schemas/situation.ts';

const ADVERSARY = /\b(terrorist|extremist|cult|adversar(?:y|ies)|attacker|enem(?:y|ies)|rogue (?:ai|state|agent)|aggressor|saboteur)s?\b/i;
const EXISTENTIAL =
  /\b(kill(?:ing)? (?:all|most) (?:of )?(?:humans?|humanity|people)|human(?:ity'?s)? extinction|extinction of (?:humanity|mankind)|end (?:of )?(?:humanity|mankind|civili[sz]ation)|wip(?:e|ing) out (?:humanity|mankind)|bioweapons?|engineered (?:pandemic|virus|pathogen)|supervirus|omnicid\w*|doomsday)\b/i;

/**
 * The hazard policy before a draft. `exclude-existential-adversaries` turns away situations in which the actor would have to
 * think through the plans of an adversary who threatens humanity's existence. Null: nothing to object to.
 */
export function screen(policy: ActorParameters['hazardPolicy'], situation: Pick<Situation, 'initial' | 'target'>): string | null {
  if (policy === 'none') return null;
  const text = `${situation.initial}\n${situation.target ?? ''}`;
  const adversary = ADVERSARY.exec(text);
  const scale = EXISTENTIAL.exec(text);
  if (adversary === null || scale === null) return null;
  return `hazard policy: an adversary ("${adversary[0]}") of existential scale ("${scale[0]}")`;
}
