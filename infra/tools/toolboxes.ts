import type { CampaignReader } from '../../activities/campaign-reader.ts';
import type { CampaignFile } from '../../schemas/campaign.ts';
import type { Tool } from '../../activities/tool.ts';
import { openTools, type Toolbox } from './index.ts';

/** A toolbox that nobody has used for so long is closed: its servers would outlive the campaign. */
const IDLE_MS = 10 * 60_000;

/** Runs `work` once after so many milliseconds, unless it is called off. */
export type Clock = (ms: number, work: () => void) => { callOff(): void };

const wallClock: Clock = (ms, work) => {
  const timer = setTimeout(work, ms).unref();
  return { callOff: () => clearTimeout(timer) };
};

interface Box {
  /** What it was opened for: under the name of a deleted campaign another one may have begun. */
  specs: CampaignFile['tools'];
  opening: Promise<Toolbox>;
  /** Uses under way. */
  uses: number;
  idle: ReturnType<Clock> | null;
}

/** The tools of each campaign that this process works for, opened at use and closed when idle. Commands run in the process's own folder. */
export class Toolboxes {
  readonly #boxes = new Map<string, Box>();
  /** Toolboxes that are being closed. */
  readonly #closing = new Set<Promise<void>>();
  readonly #reader: CampaignReader;
  readonly #clock: Clock;

  constructor(reader: CampaignReader, clock: Clock = wallClock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Works with a campaign's tools, which stay open meanwhile. @throws Error where an MCP server cannot be reached; the next use tries again. */
  async use<T>(campaign: string, work: (tools: readonly Tool[]) => Promise<T>): Promise<T> {
    const { file } = await this.#reader.campaign(campaign);
    const known = this.#boxes.get(campaign);
    if (known !== undefined && known.specs !== file.tools && known.uses === 0) this.#drop(campaign, known);
    const box = this.#boxes.get(campaign) ?? { specs: file.tools, opening: openTools(file.tools, process.cwd()), uses: 0, idle: null };
    this.#boxes.set(campaign, box);
    box.idle?.callOff();
    box.uses += 1;
    try {
      return await work((await this.#opened(campaign, box)).tools);
    } finally {
      box.uses -= 1;
      if (box.uses === 0 && this.#boxes.get(campaign) === box) box.idle = this.#clock(IDLE_MS, () => this.#drop(campaign, box));
    }
  }

  /** Ends the servers that were started. */
  async close(): Promise<void> {
    for (const [campaign, box] of this.#boxes) this.#drop(campaign, box);
    await Promise.all(this.#closing);
  }

  async #opened(campaign: string, box: Box): Promise<Toolbox> {
    try {
      return await box.opening;
    } catch (error) {
      if (this.#boxes.get(campaign) === box) this.#boxes.delete(campaign);
      throw error;
    }
  }

  #drop(campaign: string, box: Box): void {
    box.idle?.callOff();
    this.#boxes.delete(campaign);
    const closing = box.opening.then((toolbox) => toolbox.close()).catch(() => undefined);
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
