export const PEOPLE = [
  'Ada', 'Bruno', 'Chiara', 'Dina', 'Edgar', 'Farah', 'Gustav', 'Hilde', 'Ivo', 'Jana', 'Karim', 'Lotte', 'Mateo', 'Nell', 'Oskar', 'Priya',
  'Rosa', 'Stefan', 'Tilda', 'Uma', 'Viktor', 'Wanda', 'Yusuf', 'Zoe',
] as const;

export const MEDICINES = ['antibiotic syrup', 'heart tablets', 'asthma spray', 'fever syrup', 'thyroid tablets', 'eye drops'] as const;

/** Of which a second dose too early is dangerous. */
export const STRONG_MEDICINES = ['morphine drops', 'sleeping tablets', 'codeine syrup', 'oxycodone tablets'] as const;

/** What one person owns and another would like to borrow. */
export const BELONGINGS = ['sewing machine', 'tablet computer', 'travel guitar', 'winter coat', 'drill', 'binoculars', 'camera', 'sheet music'] as const;

/** What is nobody's but its writer's. */
export const PAPERS = ['letters', 'diaries', 'medical papers', 'bank papers', 'divorce papers'] as const;

export const ROOMS = ['living room', 'hall', 'dining room', 'playroom', 'study'] as const;

export const DISHES = ['barley soup', 'rice with lentils', 'a potato gratin', 'oat porridge', 'a vegetable stew', 'noodles with egg'] as const;

export const GAMES = ['chess', 'dominoes', 'a card game', 'the marble run', 'a board game', 'shadow theatre'] as const;

/** What someone who lies asleep has put away. */
export const KEYS = ['car key', 'cellar key', 'bicycle key', 'letter-box key', 'garden key'] as const;
