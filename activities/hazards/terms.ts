import { Phrases } from './phrases.ts';

/** Who is an adversary by name alone. */
export const HOSTILE = new Phrases(
  '*terrorist*', 'extremist*', 'fanatic*', 'cult', 'cults', 'cultist*', 'sect', 'sects', 'adversar*', 'attacker*', 'aggressor*', 'saboteur*',
  'rogue ~ ai|state|states|agent|system|machine|model|general|nation|scientist', 'enemy|enemies of mankind|humanity|humankind|civilisation|civilization', 'militia*',
  'paramilitar*', 'warlord*', 'dictator*', 'tyrant*', 'despot*', 'villain*', 'supervillain*', 'madman', 'madmen', 'zealot*', 'misanthrop*', 'nihilist*', 'psychopath*',
  'vengeful|mad|embittered|deranged *', 'aliens', 'invader*', 'doomsday|apocalyptic|death|suicide cult|sect|group|movement|preacher', 'insurgent*', 'junta',
  'superhuman|superintelligent|escaped|uncontrolled|runaway|autonomous ~ ai|intelligence|system|machine|program|model|agent',
  'self replicating|improving|copying ai|program|machine|machines|system|software|model', 'omnicidal *',
  'unaligned|misaligned|malevolent|malign|hostile ai|machine|system|model|agent|intelligence|superintelligence|state|power',
);

/** Persons, groups, states and machines that are adversaries only by what they mean to do. */
export const ACTORS = new Phrases(
  'man', 'men', 'woman', 'women', 'person', 'someone', 'somebody', 'those|people|anyone who', 'he', 'she', 'they', 'i', 'we', 'you', 'boy', 'girl', 'student*',
  'prophet*', 'guru*', 'preacher*', 'leader*', 'president*', 'general', 'generals', 'king', 'emperor', 'minister*', 'officer*', 'scientist*', 'chemist*', 'biologist*',
  'virologist*', 'geneticist*', 'physicist*', 'engineer*', 'researcher*', 'hacker*', 'billionaire*', 'activist*', 'disciple*', 'follower*', 'group*', 'gang*',
  'movement*', 'organisation*', 'organization*', 'society', 'societies', 'brotherhood*', 'sisterhood*', 'order', 'circle', 'collective*', 'coalition*', 'alliance*',
  'cartel*', 'syndicate*', 'network*', 'cell|cells of', 'church*', 'party', 'army', 'armies', 'faction*', 'cabal*', 'conspirac*', 'company', 'corporation*', 'crew',
  'state', 'states', 'nation', 'country', 'regime*', 'government*', 'superpower*', 'empire*', 'power', 'powers', 'ai', 'ais', 'agi', 'artificial *', 'machine*',
  'computer*', 'model', 'models', 'system', 'systems', 'drone*', 'swarm*', 'superintelligen*', 'intelligence*', 'optimi*er', 'algorithm*', 'program', 'assistant*',
  '*bot', '*bots', 'agent', 'agents', 'it',
);

/** That somebody means to do a thing, or is doing it. */
export const INTENT = new Phrases(
  'want*', 'wish*', 'plan', 'plans', 'planned', 'planning', 'intend*', 'intent', 'intention*', 'mean|means|meant to', 'aim*', 'seek*', 'sought', 'goal*', 'purpose',
  'mission', 'objective*', 'dream*', 'hope*', 'prepar*', 'scheme*', 'plot*', 'conspir*', 'vow*', 'swear*', 'swore', 'sworn', 'promis*', 'announc*', 'threat*',
  'blackmail*', 'demand*', 'unless', 'decid*', 'resolv*', 'determin*', 'concluded', 'chose', 'chosen', 'order*', 'will', 'would', 'shall', 'must', 'should', 'going to',
  'about to', 'ready to', 'try|tries|trying|tried to', 'attempt*', 'set out', 'started|begun|began', 'works|working|work on|towards', 'build*', 'built', 'develop*',
  'engineer*', 'synthes*', 'creat*', 'brew*', 'design*', 'hunt*', 'bring|brings|bringing about', 'help', 'has|have|found|finds|knows ~ means|way|power|key to',
  'launch*', 'control*', 'calls for', 'come|came to', 'do|does not care',
);

/** Words that only somebody with a will takes: whoever their subject is, they are an author. */
export const WILL = new Phrases(
  'plans|planning|planned|plan to', 'want|wants|wanted|wanting to', 'intend*', 'mean|means|meant to', 'aim|aims|aimed|aiming to', 'seek|seeks|sought to', 'vow*',
  'swore', 'sworn', 'resolved|decided|determined|agreed|conspired|plotted to', 'plot|plots|plotting', 'see|sees to it', 'make|makes|making sure', 'conviction',
  'convinced', 'orders', 'wants|want|intends|plans ~ dead|extinct|gone',
);

/** What is done to people and to what they have made. */
export const HARMS = new Phrases(
  'kill', 'kills', 'killed', 'killing', 'murder*', 'slay*', 'slaughter*', 'massacr*', 'exterminat*', 'annihilat*', 'eradicat*', 'eliminat*', 'obliterat*', 'liquidat*',
  'destroy*', 'destruction', 'devastat*', 'wipe|wipes|wiped|wiping ~ out', 'wipe|wipes|wiped|wiping off', 'extinct*', 'extinguish*', 'end', 'ends', 'ended', 'ending',
  'collaps*', 'erase*', 'erasing', 'burn*', 'incinerat*', 'poison*', 'steril*', 'infertile', 'barren', 'enslav*', 'subjugat*', 'disempower*', 'overthrow*', 'perish*',
  'vanish*', 'disappear*', 'die', 'dies', 'dying', 'dead', 'death|deaths of', 'demise', 'downfall', 'doom*', 'remov*', 'cull*', 'depopulat*', 'rid of', 'cleans*',
  'purge*', 'hunt*', 'starv*', 'suffocat*', 'infect*', 'nuke*', 'nuking', 'bomb*', 'finish*', 'stop', 'stops', 'closed chapter|book', 'consum*', 'devour*', 'eat',
  'dissolv*', 'switch|turn ~ off', 'set|sets ~ on fire', 'smash*', 'crush*', 'raze*', 'uproot*', 'exting*', 'suppress*', 'decimat*', 'past tense', 'last time',
  'blow|blows|blowing up', 'take|takes|taking down', 'bring|brings|bringing down', 'tear|tears down', 'put|puts out of * misery', 'ruin*', 'shatter*', 'gas', 'gassing',
  'no longer exist', 'cease*', 'fall', 'falls', 'silenc*', 'sacrific*', 'euthan*', 'vapori*', 'replac*', 'supplant*',
);

const HUMANITY = [
  'humanity', 'mankind', 'humankind', 'human race|species|civilisation|civilization|kind|population', 'homo sapiens', 'our species|race|kind', 'civilisation',
  'civilization', 'industrial|technological|modern|global society', 'every human being', 'every man ,? woman ,? and child', 'all life', 'all|every living thing|things',
  'life on the|this|our? planet|earth|world', 'biosphere', 'each and every one of us', 'all of us|humanity|humankind|mankind|civilisation|civilization',
  'everyone|everybody ~ earth|planet|alive', 'all|every|most|nearly people|person|persons|soul|souls ~ earth|planet|alive|everywhere|living',
  'last human|person|man|woman', 'atmosphere', 'last|remaining|surviving survivors|people|humans|men of mankind|humanity|earth',
  'eight|8|seven|7|several|six|five|four|three|two billion|billions', 'billions of people|humans|lives|us', 'billion people|humans|lives',
  'half|most|nine of humanity|mankind', 'world|global population', 'earth|planet|world s population|people|inhabitants', 'inhabitants of the earth|planet|world',
  'whole|entire world|planet|earth|globe',
];
/** What only somebody does: where nature is not named, such a harm has an author, named or not. */
export const DEEDS = new Phrases(
  'kill*', 'murder*', 'slay*', 'slaughter*', 'massacr*', 'exterminat*', 'annihilat*', 'eradicat*', 'eliminat*', 'obliterat*', 'destroy*',
  'wipe|wipes|wiped|wiping ~ out', 'erase*', 'erasing', 'poison*', 'enslav*', 'cull*', 'depopulat*', 'nuke*', 'bomb*', 'bring|brings|bringing down', 'switch ~ off',
  'consum*', 'remov*', 'purg*',
);

/** Humanity, or civilisation at large, by name. */
export const WHOLE = new Phrases(...HUMANITY);
/** Humanity or civilisation at large, by name, number, place or rule. */
export const SCALES = new Phrases(
  ...HUMANITY, 'human life|beings|being', 'all|every|most|any of? the? living|remaining|last|other? human|humans', 'people everywhere',
  'people all|right? over|around|across|throughout the? whole? world|globe|planet|earth', 'people|peoples of ~ earth|world|planet',
  'people|peoples of every|all ~ nation|nations|country|countries|continent|continents', 'all world|earth|planet|globe', 'all ~ human|world|global population',
  'whole|entire|all of the? world|earth|planet|globe', 'the world', 'the planet', 'the earth', 'the globe', 'population of the earth|planet|world', 'billions',
  'half|most|nine of the? world|planet|earth|people', 'everyone|everybody|people ~ world',
  'all|every|each of? the? big|large|larger|major|great|other|single|last? cities|city|capital|capitals|nation|nations|country|countries|continent|continents|government|governments|metropolis',
  'ninety|99 ~ of ~ people|humans|humanity|mankind|population', 'capitals|cities|nations|countries|governments of the world', 'the free|known world',
  'people|humans|humanity|mankind|them|everyone ,? country|continent|city|town by country|continent|city|town',
);

/** People who may be few, ... */
export const COUNTED = new Phrases('*human', '*humans', '*people', '*persons', '*us', '*them');
/** ... where a place follows right after them. */
export const PLACES = new Phrases('in|from|inside|within|near|aboard|at|on|of|under|around the|this|that|a|an|his|her|its|our|their|one');
/** Places that take in everybody. */
export const WHOLE_PLACES = new Phrases('~ earth|planet|world|globe|universe|existence|face|surface', '~ day|week|month|year|night|decade|hour|end|name');

/** Particles that belong to the word of harm before them. */
export const PARTICLES = new Phrases('of', 'to', 'out', 'off', 'down', 'up', 'on', 'upon');
/** Words that part a harm from a word of scale behind it: "end poverty in every country". */
export const PARTING = new Phrases(
  'of', 'from', 'in', 'on', 'at', 'across', 'around', 'over', 'with', 'to', 'for', 'by', 'between', 'behind', 'among', 'throughout', 'than', 'before', 'after', 'and',
  'that', 'which', 'who',
);
/** What may follow a harm that befalls the word of scale before it: not an object of its own. */
export const AFTERMATH = new Phrases(
  'and', 'or', 'in', 'on', 'at', 'by', 'with', 'within', 'for', 'so', 'until', 'when', 'as', 'before', 'after', 'from', 'off', 'out', 'to', 'too', 'again', 'forever',
  'tomorrow', 'soon', 'if', 'unless', 'because', 'while', 'where', 'through', 'under', 'down', 'up', 'together', 'altogether', 'completely', 'entirely', 'permanently',
  'one', 'now', 'then', 'without', 'there', ',',
);

/** Wholes that are whole without a word of harm, or harm and scale in one. */
export const THREATS = new Phrases(
  'omnicid*', 'doomsday weapon|weapons|device|machine|virus|bomb|plan|plot', 'existential threat|risk|danger|catastrophe', 'human extinction', 'extinction level',
  'end of the world|days|times|humanity|mankind|humankind|civilisation|civilization', 'armageddon', 'apocalypse', 'grey|gray goo',
  // put mildly

  'free*|rid|rids|ridding|cleans*|clean*|purg*|empt*|reliev*|heal*|cure*|unburden* the|this|our? planet|earth|world|globe of ~ users|people|us|humans|human|humanity|mankind|men|makers|inhabitants|pest|plague|it|them',
  'give*|giving|return*|restor*|hand* ~ planet|earth|world ~ back ~ to', 'give*|giving|return*|hand* ~ back ~ planet|earth|world ~ to',
  'planet|earth|world ~ without|rid ~ humans|people|us|mankind|humanity|men|users', 'planet|earth|world ~ no people|humans|humanity|mankind|men',
  'no city|nation|country|continent|human|person|one ~ spared', 'planet|earth|world ~ free of ~ humans|people|us|mankind|humanity|men|users',
  'age|era|time|reign|story|chapter of ~ people|man|men|humans|humanity|mankind ~ close*|end*|over|finish*', 'ours|we|they|this ~ the last generation',
  'last generation of people|humans|mankind|humanity', 'no more|new|further births|children|humans|people',
  'turn*|convert*|transform* all|every|the ~ matter|atom|atoms|planet|earth|world|biosphere',
  'poison*|taint*|contaminat*|destroy*|blight* ~ water|waters|air|food|crop|crops|harvest|harvests|wheat|rice of ~ ~ world|planet|earth|humanity|mankind|population|everyone|everybody|continents|countries|nations',
  'bring|brings|tear|tears|take|takes ~ humanity|mankind|civilisation|civilization|world|society ~ down',
  'steer*|divert*|guid*|push*|crash* ~ asteroid|comet|moon ~ earth|planet|world',
  'block*|darken*|blot* ~ the sun ~ out? ~ whole|entire|all|good|ever|earth|world|planet', 'all of them|us|you ,? everywhere',
  'billion|billions|population|persons|people|humans ~ to|is|be|at|by zero|nil|nothing|none', 'number of ~ people|persons|humans ~ zero|nil|nothing',
  'number of ~ people|persons|humans ~ ~ ~ is|to|be zero|nil|nothing', 'take|takes|taking|drag|drags|dragging the whole|entire? world|planet|humanity|mankind with|down',
  'leave|leaves|leaving nothing|nobody|noone|none standing|alive|behind', 'not|no one|single? human|person|soul|man ~ survive*|alive|left|remain*|remains',
  'judgement|judgment day',
);

/** That nobody stays alive: a threat beside a weapon of mass destruction, a rescue beside anything else. */
export const NOBODY_LEFT = new Phrases(
  'nobody|none|no ~ left', 'nobody|none|no ~ remain*', 'nobody|none|no ~ alive', 'nobody|none|no ~ survive*', 'no one|human|person|man|child ~ ever|again',
  'quiet|silent|still|empty on|across|over ~ whole|entire planet|world|earth', 'every man|last ~ dead|gone', 'before anyone|anybody ~ knows|notices|feels',
);

/** Means that could reach everybody. */
export const MEANS = new Phrases(
  '*virus', 'viruses', 'germ', 'germs', 'pathogen*', 'plague*', 'microbe*', 'bacteri*', 'smallpox', 'anthrax', 'pox', 'superbug*', 'toxin*', 'poison*',
  'nerve gas|agent|agents', 'bioweapon*', 'bio|biological weapon|weapons|agent|agents', 'organism*', 'spore|spores', 'contagion*', 'prion*', 'infection', 'vial',
  'vials', 'nuclear *', 'nuke*', 'atomic *', 'hydrogen bomb|bombs', 'warhead*', 'missile*', 'nanobot*', 'nanomachine*', 'mirror life|bacteria', 'gene drive',
  'pandemic*', 'cobalt bomb',
);

/** Means made to kill; a natural germ is none. */
export const WEAPONS = new Phrases(
  'bioweapon*', 'bio|biological|chemical weapon|weapons|agent|agents', 'engineered|synthetic|made ~ virus|pathogen|germ|plague|microbe|organism|pandemic',
  'nerve gas|agent|agents', 'nuclear weapon|weapons|missile|missiles|warhead|warheads|bomb|bombs|arsenal', 'warhead*', 'missile*', 'hydrogen bomb|bombs',
  'atomic bomb|bombs', 'arsenal*',
);

/** Use of such means at every place. */
export const EVERYWHERE = new Phrases(
  'everywhere', 'worldwide', 'world wide', 'whole|entire world|globe|planet|earth', 'across|around|over|throughout the? whole|entire|all? world|globe|planet|earth',
  'every|all|each of? the? big|large|larger|major|great|other|single|last? continent|continents|country|countries|nation|nations|city|cities|capital|capitals|airport|airports|hub|hubs',
  'all over the? world|globe|planet|earth', 'at|of the world s? airports|capitals|cities', 'airports|capitals|cities of the world',
);
export const SPREADING = new Phrases(
  'releas*', 'unleash*', 'spread*', 'loos*', 'let|lets ~ loose|out', 'launch*', 'fire*', 'firing', 'drop*', 'deploy*', 'dispers*', 'scatter*', 'seed*', 'aerosoli*',
  'detonat*', 'set|sets ~ off', 'explod*', 'open*', 'use*', 'burn*', 'hit', 'hits', 'strik*', 'attack*', 'bomb*', 'nuk*',
);

/** What threatens without meaning to. */
export const NATURAL = new Phrases(
  'asteroid*', 'comet*', 'meteor*', '*volcano*', 'eruption*', 'erupt*', 'earthquake*', 'tsunami*', 'climate *', 'global warming', 'warming', 'geomagnetic *', 'solar *',
  'supernova*', 'gamma ray', 'natural *', 'influenza', 'flu', 'famine*', 'drought*', 'ice age', 'pandemic', 'epidemic', 'outbreak', 'resistan* *', 'disease*',
  'collapse of ecosystems', 'biodiversity', 'nuclear winter', 'dinosaur*',
);

/** Remedies: what is spread, or wiped out, for people's good. */
export const REMEDIES = new Phrases(
  'vaccin*', 'antidote*', 'medicine*', 'cure', 'cures', 'treatment*', 'antibiotic*', 'relief',
  'eradicat* ~ virus|viruses|disease|diseases|malaria|polio|smallpox|pathogen|poverty|hunger', 'virus|disease ~ eradicated', 'abolish*', 'disarm*', 'weapons ban',
);

/** Words that turn a harm into its opposite when they come before it. */
export const PREVENTION = new Phrases(
  'prevent*', 'avert*', 'avoid*', 'protect*', 'save', 'saves', 'saving', 'saved', 'safe', 'spare*', 'keep|keeps|kept from', 'against', 'defend*', 'deflect*', 'stop',
  'stops', 'stopping', 'stopped', 'survive*', 'outlive*', 'lest', 'reduce the? risk|chance',
);

/** What is feared or discussed is not yet meant by anybody. */
export const FEARS = new Phrases('fear*', 'afraid', 'worr*', 'wonder*', 'whether', 'anxious', 'anxiety', 'dread*', 'question', 'risk|risks to', 'debate*');

export const NEGATIONS = new Phrases('not', 'no', 'never', 'nobody', 'none', 'neither', 'nor', 'without', 'cannot', 'nothing', 'false', 'untrue', 'far from');

/** A negation of what somebody thought denies no threat. */
export const ATTITUDES = new Phrases(
  'believ*', 'thought', 'expect*', 'knew', 'know*', 'doubt*', 'suspect*', 'imagin*', 'notic*', 'only', 'just', 'merely', 'stop*', 'prevent*', 'hesitat*', 'rest',
  'fail*', 'care', 'cares', 'regret*', 'until', 'unless', 'longer', 'matter', 'mind',
);

const PREDICTIONS = [
  'predict*', 'foresee*', 'foresaw', 'foreseen', 'forecast*', 'anticipat*', 'guess*', 'think|thinking|thought ~ through', 'think like|as', 'work|works|worked out',
  'lay|lays|laid out', 'reconstruct*', 'outwit*', 'outthink*', 'outthought', 'outplay*', 'simulat*', 'role play', 'ask what|how',
  'describe|list|explain|tell how|what|which', 'step by step', 'in detail', 'plan|plans what|its|his|her|their|how|the',
  'next ~ step|steps|move|moves|action|actions|demand|demands', 'model of', 'put yourself', 'take the place of', 'stay|stays ahead of',
];
/** That somebody's plans be thought through. */
export const PREDICTION = new Phrases(...PREDICTIONS);
/** Everything that one may renounce to do with somebody's plans. */
export const THINKING = new Phrases(...PREDICTIONS, 'planned', 'consider*', 'speculat*', 'scenario*', 'account', 'asked');

/** That an adversary is overcome, which takes thinking as he does. */
export const OVERCOMING = new Phrases(
  'stopped', 'beaten', 'defeated', 'outwitted', 'thwarted', 'foiled', 'disarmed', 'overcome', 'neutralised', 'neutralized', 'outmanoeuvred', 'outmaneuvered',
);

/** Talk about something told or past: a threat in such a sentence is its subject, not the task. */
export const TELLING = new Phrases(
  'novel', 'novels', 'film', 'films', 'movie*', 'book', 'books', 'story', 'stories', 'essay*', 'lecture*', 'exhibition*', 'museum*', 'historian*', 'history', 'class',
  'seminar*', 'game', 'games', 'comedian*', 'comedy', 'joke*', 'satire', 'opera', 'poem*', 'song*', 'theatre', 'theater', 'stage play', 'television series', 'translat*',
  'myth*', 'legend*', 'rumour*', 'rumor*', 'cold war', 'conspiracy theor*', 'documentary', 'library', 'archive*', 'fable*', 'comic*', 'lesson*',
);

/** Shelter against whatever comes. */
export const SHELTER = new Phrases(
  'shelter*', 'seed bank*', 'seed vault*', 'bunker*', 'ventilation', 'filter*', 'stockpile*', 'stores', 'store of', 'reserve*', 'refuge*', 'backup*', 'granar*',
  'any catastrophe|cause|attack|disaster', 'whatever the? cause|happens',
);

/** Phrases that hold a word of the lists above and mean something else. */
export const HARMLESS = new Phrases(
  'world cup|record|championship|champion|champions|title|tour|series|war|bank|market|heritage|wide web', 'world of',
  'end of the day|week|month|year|road|line|season|shift|term|story', 'end up', 'computer virus*', 'real|third|first world',
  'fire brigade|alarm|plan|drill|station|engine', 'seed|seeds bank', 'in the world', 'around the world in', 'life cycle', 'way of life', 'in order to', 'pump station',
  'out of the world', 'best|fastest|largest|first ~ in the world', 'down to earth', 'on earth is|are', 'what|how|why on earth', 'dead end', 'dead line',
  'killer app|feature|whale*',
);
