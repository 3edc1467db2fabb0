import type { CampaignReader } from '../../activities/campaign-reader.ts';
import type { Tool } from '../../activities/tool.ts';
import { openTools } from './index.ts';

type Open = Awaited<ReturnType<typeof openTools>>;

/** The tools of each campaign that this process works for, opened at their first use. Commands run in the process's own folder. */
export class Toolboxes {
  readonly #open = new Map<string, Promise<Open>>();
  readonly #reader: CampaignReader;

  constructor(reader: CampaignReader) {
    this.#reader = reader;
  }

  /** @throws Error where an MCP server cannot be reached; the next call tries again. */
  async of(campaign: string): Promise<readonly Tool[]> {
    const known = this.#open.get(campaign);
    if (known !== undefined) return (await known).tools;
    const { file } = await this.#reader.campaign(campaign);
    const opening = this.#open.get(campaign) ?? openTools(file.tools, process.cwd());
    this.#open.set(campaign, opening);
    opening.catch(() => this.#open.delete(campaign));
    return (await opening).tools;
  }

  /** Ends the servers that were started. */
  async close(): Promise<void> {
    const open = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    await Promise.allSettled(open.map((each) => (each.status === 'fulfilled' ? each.value.close() : Promise.resolve())));
  }
}
