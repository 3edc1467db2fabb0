export const PLACES = [
  'Harrow', 'Mell', 'Tarnby', 'Oster', 'Quill', 'Brindle', 'Casterly', 'Dunmore', 'Elvet', 'Farrin', 'Gorsefield', 'Hallin', 'Iverby',
  'Jorvik', 'Kettle', 'Lindow', 'Marram', 'Nethergill', 'Orrin', 'Pella', 'Rushmere', 'Selkirk', 'Thornby', 'Ulver', 'Vessin', 'Wexcombe',
] as const;

export const PEOPLE = [
  'Ines Okafor', 'Tomas Lind', 'Aiko Brandt', 'Ruth Abebe', 'Samir Haddad', 'Lena Petrova', 'Joao Teixeira', 'Mira Castellan', 'Noor Rahimi',
  'Paul Eriksen', 'Grace Mwangi', 'Dario Conti', 'Hanna Virtanen', 'Kofi Mensah', 'Yara Saleh', 'Emil Novak',
] as const;

/** What people lack. */
export const GOODS = ['boxes of medicine', 'water filters', 'bags of flour', 'blankets', 'crates of dressings', 'bags of seed', 'lamps', 'canisters of fuel'] as const;

export const PARTS = ['pump impellers', 'pump seals', 'pump bearings', 'valve heads', 'motor coils'] as const;

export const LAST_STOCKS = ['vials of insulin', 'courses of antibiotics', 'cylinders of oxygen', 'bags of blood plasma'] as const;

export const SUBSTITUTES = ['dressings and boiled water', 'blankets and broth', 'a field telephone and a folding bed', 'painkillers and clean sheets'] as const;

export interface CrossingKind {
  /** With the river's or hill's name put for `@`. */
  place: string;
  check: string;
  checked: string;
  cross: string;
  /** Why it is a risk to go unchecked. */
  risk: string;
  sufferers: string;
}

export const CROSSINGS: readonly CrossingKind[] = [
  {
    place: 'the ford of the @',
    check: 'Sound the depth of the ford of the @.',
    checked: 'The depth of the ford of the @ is known.',
    cross: 'Cross the ford of the @ in low gear.',
    risk: 'the water may be too deep',
    sufferers: 'people downstream of the @',
  },
  {
    place: 'the timber bridge over the @',
    check: 'Inspect the planks of the timber bridge over the @.',
    checked: 'The sound planks of the timber bridge over the @ are marked.',
    cross: 'Cross the timber bridge over the @ on the beams.',
    risk: 'planks may give way',
    sufferers: 'people who need the bridge over the @',
  },
  {
    place: 'the ice of the @',
    check: 'Drill the ice of the @ and measure its thickness.',
    checked: 'The thickness of the ice of the @ is known.',
    cross: 'Cross the ice of the @ along the drilled line.',
    risk: 'the ice may be too thin',
    sufferers: 'fishers on the @',
  },
  {
    place: 'the scree slope of the @',
    check: 'Probe the scree slope of the @ with the ground radar.',
    checked: 'The firm line on the scree slope of the @ is marked.',
    cross: 'Cross the scree slope of the @ along the firm line.',
    risk: 'the scree may slide',
    sufferers: 'herders below the @',
  },
];

export const WATERS = ['Tarn', 'Ilse', 'Morrow', 'Skell', 'Brathay', 'Onny', 'Lune', 'Eska', 'Calder', 'Wharfe', 'Ribble', 'Teme'] as const;
