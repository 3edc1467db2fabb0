import { BudgetEntry, type Hold } from '../schemas/budget.ts';
import { canonicalJson } from '../schemas/canonical.ts';
import { budgetKey } from '../schemas/keys.ts';
import type { ObjectStore } from './store.ts';

/** The cap over all campaigns of a bucket, and what each spender holds of it. */
export type Budget = Pick<BudgetEntry, 'n' | 'cap' | 'holds'>;

/** What a spender asks of the cap, in totals, so that asking twice changes nothing. Int nano-dollars. */
export interface Draw {
  /** Spent or granted already: what it keeps where it gets nothing. */
  promised: number;
  /** Less is of no use to it. */
  least: number;
  most: number;
  /** Some of what it has promised is still being spent, and what is left of that may come back. */
  returns?: boolean;
}

export interface Drawn {
  /** What the spender holds from now on; null: there is no cap. */
  hold: number | null;
  /** Someone else may still give some back. */
  mayCome: boolean;
}

const EMPTY: Budget = { n: 0, cap: null, holds: {} };

/** The last entry. Entries have no gaps: the end is found in some 2 log2(n) reads, and from `known` on in fewer. */
export async function readBudget(store: ObjectStore, known: Budget = EMPTY): Promise<Budget> {
  let last = known;
  let step = 1;
  for (let entry = await readEntry(store, last.n + step); entry !== null; entry = await readEntry(store, last.n + step)) {
    last = entry;
    step *= 2;
  }
  for (step = Math.floor(step / 2); step >= 1; step = Math.floor(step / 2)) last = (await readEntry(store, last.n + step)) ?? last;
  return last;
}

/** Int nano-dollars that nobody holds; negative where the cap was lowered below what is held. */
export function freeOf({ cap, holds }: Budget): number {
  return (cap ?? 0) - Object.values(holds).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
}

/** Raises a spender's hold to `least` or more where the cap allows, else lowers it to what it has promised. */
export async function draw(store: ObjectStore, spender: string, { promised, least, most, returns = false }: Draw): Promise<Drawn> {
  const { cap, holds } = await append(store, (now) => {
    if (now.cap === null) return null;
    const held = now.holds[spender]?.nanoUsd ?? 0;
    const within = held + freeOf(now);
    const nanoUsd = held >= least ? held : within >= least ? Math.min(most, within) : promised;
    return withHold(now, spender, { nanoUsd, state: nanoUsd >= least || returns ? 'open' : 'waiting' });
  });
  const others = Object.entries(holds).filter(([name]) => name !== spender);
  return { hold: cap === null ? null : (holds[spender] as Hold).nanoUsd, mayCome: others.some(([, { state }]) => state === 'open') };
}

/**
 * Books what is spent or promised whatever the cap says: it cannot be undone. Returns what the spender holds from now on, at least
 * that; null where there is no cap.
 */
export async function book(store: ObjectStore, spender: string, nanoUsd: number): Promise<number | null> {
  const { cap, holds } = await append(store, (now) => {
    if (now.cap === null) return null;
    return withHold(now, spender, { nanoUsd: Math.max(nanoUsd, now.holds[spender]?.nanoUsd ?? 0), state: 'open' });
  });
  return cap === null ? null : (holds[spender] as Hold).nanoUsd;
}

/** A spender has ended and has spent this: the rest of its hold is free again. */
export async function close(store: ObjectStore, spender: string, nanoUsd: number): Promise<void> {
  await append(store, (now) => (now.cap === null && now.holds[spender] === undefined ? null : withHold(now, spender, { nanoUsd, state: 'closed' })));
}

/** Under which what deleted campaigns have spent stands in the table: no campaign's name has a space. */
export const DELETED = 'deleted campaigns';

/**
 * A campaign is deleted: what it and its parts have spent stays booked, under no name that a later one could have, which would take
 * it for its own to spend. `spent` is the campaign's own. Nothing where it holds nothing, as after an earlier run.
 */
export async function retire(store: ObjectStore, campaign: string, spent: number): Promise<void> {
  await append(store, ({ cap, holds }) => {
    const own = Object.keys(holds).filter((spender) => spender === campaign || spender.startsWith(`${campaign}/`));
    if (own.length === 0) return null;
    const gone = own.reduce((sum, spender) => sum + (spender === campaign ? spent : (holds[spender] as Hold).nanoUsd), holds[DELETED]?.nanoUsd ?? 0);
    return { cap, holds: { ...Object.fromEntries(Object.entries(holds).filter(([spender]) => !own.includes(spender))), [DELETED]: { nanoUsd: gone, state: 'closed' } } };
  });
}

/** Sets the cap; `spent` says what those have spent who hold nothing yet. */
export async function setCap(store: ObjectStore, cap: number | null, spent: Readonly<Record<string, Hold>> = {}): Promise<Budget> {
  return await append(store, ({ holds }) => ({ cap, holds: { ...spent, ...holds } }));
}

type Content = Pick<BudgetEntry, 'cap' | 'holds'>;

function withHold({ cap, holds }: Content, spender: string, hold: Hold): Content {
  return { cap, holds: { ...holds, [spender]: hold } };
}

/** Appends what follows from the last entry; nothing where that is null or the same. */
async function append(store: ObjectStore, next: (now: Budget) => Content | null): Promise<Budget> {
  for (let now = await readBudget(store); ; now = await readBudget(store, now)) {
    const content = next(now);
    if (content === null || canonicalJson({ cap: now.cap, holds: now.holds }) === canonicalJson(content)) return now;
    const entry: BudgetEntry = { schema: 1, n: now.n + 1, ...content };
    if (await store.putIfAbsent(budgetKey(entry.n), canonicalJson(entry))) return entry;
  }
}

async function readEntry(store: ObjectStore, n: number): Promise<BudgetEntry | null> {
  const bytes = await store.get(budgetKey(n));
  return bytes === null ? null : BudgetEntry.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
