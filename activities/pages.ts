import { canonicalJson } from '../schemas/canonical.ts';
import { deletingKey } from '../schemas/keys.ts';
import { PageSeal } from '../schemas/manifest.ts';
import type { ActorParameters, Mode, StopAfter } from '../schemas/campaign.ts';
import type { FailureCount, Outcome } from '../schemas/records.ts';
import { leaseOf } from './batches/pace.ts';
import type { CampaignReader } from './campaign-reader.ts';
import { applySettings, countingOutcome, pageBounds, pageOutcomes, sealedPages } from './campaign-state.ts';
import { CorruptData, toFailure } from './failures.ts';
import { durationMs } from './durations.ts';
import { beating } from './heartbeat.ts';
import { spentImagining } from './imagined.ts';
import { book, close, draw, readBudget, type Draw, type Drawn } from './budget.ts';
import { grantEstimate } from './pricing.ts';
import { formatRanges, formatTries, type Tried } from './ranges.ts';
import { gather, gathered } from './shards/gathered.ts';
import { readManifest } from './shards/manifest.ts';
import { publishWhole } from './shards/publication.ts';
import { sealPage, type ValuePort } from './shards/seal.ts';
import { isThere } from './store.ts';
import { bookUnfinished, campaignSpending, openSpending, spentExplaining, type Unfinished } from './spending.ts';

/** What a campaign workflow needs to know when it starts, and after each change of settings. */
export interface CampaignView {
  planned: number;
  duplicates: number;
  pageSize: number;
  pages: number;
  /** Pages that are sealed whole, as ranges. */
  sealed: string;
  outcomes: Record<Outcome, number>;
  calls: number;
  nanoUsd: number;
  /** Spent or promised so far; int nano-dollars. */
  spent: number;
  /** Int nano-dollars spent on explanations beside; they lessen the campaign's own budget. */
  explained?: number;
  /** Int nano-dollars held of the cap over all campaigns; absent without one. */
  hold?: number;
  generation: number;
  settings: SettingsView;
  actor: Pick<ActorParameters, 'maxPasses' | 'alternatives' | 'maxReopen'>;
  /** Absent in histories of earlier versions. */
  routed?: boolean;
  chapters: number;
  patienceMs: number;
  firstGrant: number;
  /** Absent in histories of earlier versions. */
  leaseMs?: number;
}

export interface SettingsView {
  n: number;
  concurrency: number;
  budget: number | null;
  state: 'running' | 'paused' | 'cancelled';
  /** Number of the last settings record that opened pages again; 0 for none. Absent in histories of earlier versions. */
  reopened?: number;
  /** What follows is absent where nothing stops the campaign, and in histories of earlier versions. */
  stopAfter?: StopAfter;
  countFrom?: FailureCount;
  /** The campaign paused itself: what runs goes on. */
  stopped?: boolean;
  /** There is a cap over all campaigns. */
  capped?: boolean;
  /** Absent where the campaign has never asked in batches. */
  mode?: Mode;
}

export interface PageView {
  from: number;
  to: number;
  settings: number;
  /** Situations to run, as ranges, grouped by try: `0:0-15,17;1:16`. */
  pending: string;
  outcomes: Record<Outcome, number>;
  calls: number;
  nanoUsd: number;
}

export interface SealView {
  /** Object holding the PageSeal. */
  seal: string;
  headline: string;
  /** As they count. Absent in histories of earlier versions. */
  outcomes?: Record<Outcome, number>;
}

export interface PagePorts {
  reader: CampaignReader;
  value: ValuePort;
}

/** The campaign's and its pages' dealings with S3. */
export function createPageActivities(ports: PagePorts) {
  const { reader } = ports;
  return {
    openCampaign: (input: { campaign: string }): Promise<CampaignView> =>
      io(async () => {
        // whoever deletes it marks it first, and looks for its workflow then
        if (await isThere(reader.store, deletingKey(input.campaign))) throw new CorruptData(`campaign "${input.campaign}" is being deleted`);
        const { campaign, settings, current } = await load(reader, input.campaign);
        const manifest = await readManifest(reader.store, campaign.name);
        const sealed = sealedPages(campaign, settings, current, manifest);
        const { pageSize, budget } = campaign.file;
        const seals = (manifest?.pages ?? []).filter((seal) => sealed.has(seal.page));
        const beside = [await spentImagining(reader.store, campaign), await spentExplaining(reader, campaign.name)];
        const nanoUsd = [...beside, ...seals].reduce((sum, each) => sum + each.nanoUsd, 0);
        const capped = (await readBudget(reader.store)).cap !== null;
        const budgeted = budget !== undefined || current.budget !== null || capped;
        const spent = budgeted ? await campaignSpending(reader, campaign, seals, current.listing.count) : nanoUsd;
        const hold = capped ? await book(reader.store, campaign.name, spent) : null;
        // from here on the campaign itself holds what its imagination has spent
        if (capped && campaign.file.situations.from === 'imagine') await close(reader.store, `${campaign.name}/imagine`, 0);
        const explained = beside.at(-1)?.nanoUsd ?? 0;
        return {
          planned: current.listing.count,
          duplicates: current.listing.duplicates,
          pageSize,
          pages: Math.ceil(current.listing.count / pageSize),
          sealed: formatRanges([...sealed].sort((a, b) => a - b)),
          outcomes: sumOutcomes(seals.map((seal) => seal.outcomes)),
          calls: [...beside, ...seals].reduce((sum, each) => sum + each.calls, 0),
          nanoUsd,
          spent,
          ...(hold === null ? {} : { hold }),
          ...(explained === 0 ? {} : { explained }),
          generation: manifest?.generation ?? 0,
          settings: { ...view(current), ...(capped ? { capped } : {}) },
          actor: { maxPasses: campaign.actor.maxPasses, alternatives: campaign.actor.alternatives, maxReopen: campaign.actor.maxReopen },
          ...(campaign.file.library.select === 'routed' ? { routed: true } : {}),
          chapters: campaign.chapters.length,
          patienceMs: durationMs(campaign.file.patience),
          firstGrant: grantEstimate(campaign, current.mode),
          leaseMs: leaseOf(campaign),
        };
      }),

    readSettings: (input: { campaign: string }): Promise<SettingsView> =>
      io(async () => {
        const capped = (await readBudget(reader.store)).cap !== null;
        return { ...view((await load(reader, input.campaign)).current), ...(capped ? { capped } : {}) };
      }),

    /** Asks the cap over all campaigns for money. */
    drawMoney: (input: { campaign: string } & Draw): Promise<Drawn> => io(() => draw(reader.store, input.campaign, input)),

    /** Leaves to others what an ended campaign has not spent. */
    closeMoney: (input: { campaign: string }): Promise<void> =>
      io(async () => {
        if ((await readBudget(reader.store)).holds[input.campaign] === undefined) return;
        const { campaign, settings, current } = await load(reader, input.campaign);
        const manifest = await readManifest(reader.store, campaign.name);
        const sealed = sealedPages(campaign, settings, current, manifest);
        const seals = (manifest?.pages ?? []).filter((seal) => sealed.has(seal.page));
        await close(reader.store, campaign.name, await campaignSpending(reader, campaign, seals, current.listing.count));
      }),

    openPage: (input: { campaign: string; page: number }): Promise<PageView> =>
      io(async () => {
        const { campaign, current } = await load(reader, input.campaign);
        const { from, to } = pageBounds(input.page, campaign.file.pageSize, current.listing.count);
        const known = await pageOutcomes(reader, campaign.name, from, to);
        const pending: Tried[] = [];
        const outcomes = sumOutcomes([]);
        let calls = 0;
        let nanoUsd = 0;
        for (let index = from; index < to; index++) {
          const records = known.get(index) ?? [];
          const attempt = current.tries.get(index) ?? 0;
          for (const record of records) nanoUsd += record.nanoUsd;
          for (const record of records) calls += record.calls;
          const counting = countingOutcome(records);
          if (counting === undefined || records.every((record) => record.try !== attempt)) pending.push({ index, try: attempt });
          else outcomes[counting.outcome] += 1;
        }
        return { from, to, settings: current.n, pending: formatTries(pending), outcomes, calls, nanoUsd };
      }),

    /** `unfinished` are the situations that a budget would not know of: stopped without an outcome, and without one. */
    sealPage: (input: { campaign: string; page: number; settings: number; unfinished?: Unfinished[] }): Promise<SealView> =>
      io(async () => {
        for (const each of input.unfinished ?? []) await bookUnfinished(reader, input.campaign, each);
        const seal = await sealNow(ports, await load(reader, input.campaign), input);
        const sha256 = await reader.save(canonicalJson(seal));
        const rows = seal.files.filter((file) => file.kind === 'data').reduce((sum, file) => sum + file.rows, 0);
        return { seal: sha256, outcomes: sumOutcomes([seal.outcomes]), headline: `${seal.situations} situations, ${rows} versions, ${seal.files.length} files` };
      }),

    /** Adds seals to those that wait to be published together; returns the object that holds them all. */
    gather: (input: { campaign: string; seals: string[]; gathered?: string }): Promise<{ gathered: string }> => io(async () => ({ gathered: await gather(reader, input) })),

    /** Publishes seals, and those gathered before, as the next generation. */
    publish: (input: { campaign: string; seals: string[]; gathered?: string }): Promise<{ generation: number; headline: string; pages: number }> =>
      io(async () => {
        const at = await load(reader, input.campaign);
        const { generation, manifest } = await publishWhole(reader.store, at.campaign, at.current.listing, await gathered(reader, input), (seal) => sealNow(ports, at, seal));
        return { generation, headline: `generation ${generation}: ${manifest.pages.length} pages`, pages: manifest.pages.length };
      }),
  };
}
export type PageActivities = ReturnType<typeof createPageActivities>;

type Loaded = Awaited<ReturnType<typeof load>>;

/** Seals a page by what S3 holds of it now. */
async function sealNow({ reader, value }: PagePorts, { campaign, current }: Loaded, { page, settings }: { page: number; settings: number }): Promise<PageSeal> {
  const { from, to } = pageBounds(page, campaign.file.pageSize, current.listing.count);
  const situations = await reader.situations(current.listing, from, to);
  const outcomes = await pageOutcomes(reader, campaign.name, from, to);
  // a retry without an outcome yet leaves its situation waiting, whatever the earlier try came to
  for (const [index, attempt] of current.tries) if (outcomes.get(index)?.some((record) => record.try === attempt) === false) outcomes.delete(index);
  const files = await sealPage({ reader, value }, campaign, { page, settings, situations, outcomes });
  return PageSeal.parse({ ...files, booked: await openSpending(reader, campaign.name, () => false, to, from) });
}

async function load(reader: CampaignReader, name: string) {
  const [campaign, settings] = await Promise.all([reader.campaign(name), reader.settings(name)]);
  return { campaign, settings, current: applySettings(campaign, settings) };
}

function view({ n, concurrency, budget, state, reopened, stopAfter, countFrom, stopped, mode, batched }: ReturnType<typeof applySettings>): SettingsView {
  return { n, concurrency, budget, state, reopened, ...(stopAfter === null ? {} : { stopAfter, countFrom }), ...(stopped === null ? {} : { stopped: true }), ...(batched ? { mode } : {}) };
}

function sumOutcomes(counts: Partial<Record<Outcome | 'waiting', number>>[]): Record<Outcome, number> {
  const sum = (outcome: Outcome) => counts.reduce((total, each) => total + (each[outcome] ?? 0), 0);
  return {
    converged: sum('converged'),
    unconverged: sum('unconverged'),
    refused: sum('refused'),
    failed: sum('failed'),
    'over-budget': sum('over-budget'),
  };
}

/** Beats meanwhile, so that a lost worker's work is soon taken up by another. */
async function io<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await beating({ settled: 0 }, work);
  } catch (error) {
    throw toFailure(error);
  }
}
