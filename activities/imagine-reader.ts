import { contentHash } from '../schemas/canonical.ts';
import { AskGrant, AskRecord, ImagineRequest, Sieve } from '../schemas/imagined.ts';
import { askKey, imagineAllPrefix } from '../schemas/keys.ts';
import type { SituationContent } from '../schemas/situation.ts';
import type { CampaignReader } from './campaign-reader.ts';
import type { Ask } from './sieve.ts';

/** Asks kept at hand: an imagination needs all of its own again and again. */
const CACHED_ASKS = 10_000;

/** Hash of all that imagined situations depend on; the campaign's name, prices and the cache are not among it. */
export function imagineFingerprint({ campaign: _campaign, quote: _quote, model: { name, maxOutputTokens }, ...rest }: ImagineRequest): string {
  return contentHash({ ...rest, model: { name, maxOutputTokens } });
}

/** Reads what an imagination has stored. */
export class ImagineReader {
  readonly campaigns: CampaignReader;
  readonly #asks = new Map<string, AskRecord>();

  constructor(campaigns: CampaignReader) {
    this.campaigns = campaigns;
  }

  async request(sha256: string): Promise<{ request: ImagineRequest; fingerprint: string }> {
    const request = ImagineRequest.parse(JSON.parse(await this.campaigns.text(sha256)));
    return { request, fingerprint: imagineFingerprint(request) };
  }

  async sieve(sha256: string): Promise<Sieve> {
    return Sieve.parse(JSON.parse(await this.campaigns.text(sha256)));
  }

  /** What an ask came to; null where it has not ended. */
  async ask(campaign: string, fingerprint: string, { cell, ask }: Ask): Promise<AskRecord | null> {
    const key = askKey(campaign, fingerprint, cell, ask);
    const known = this.#asks.get(key);
    if (known !== undefined) return known;
    const json = await this.#json(key);
    if (json === null) return null;
    if (this.#asks.size >= CACHED_ASKS) this.#asks.clear();
    const record = AskRecord.parse(json);
    this.#asks.set(key, record);
    return record;
  }

  /** The situations that a sieve keeps, in index order, or those of one cell. */
  async kept(campaign: string, fingerprint: string, { kept }: Sieve, cell?: number): Promise<SituationContent[]> {
    const origins = kept.filter(([number]) => cell === undefined || number === cell);
    return await Promise.all(
      origins.map(async ([number, ask, place]) => (await this.ask(campaign, fingerprint, { cell: number, ask }))?.situations[place] as SituationContent),
    );
  }

  /**
   * What every imagination of a campaign has cost it so far, those of other parameters included: what asks came to, and, at worst case,
   * what was promised to asks that have not ended. Int nano-dollars.
   */
  async spending(campaign: string): Promise<{ calls: number; nanoUsd: number }> {
    const ended = new Map<string, AskRecord>();
    const promised: { ask: string; run: string; nanoUsd: number }[] = [];
    const prefix = imagineAllPrefix(campaign);
    for await (const { key } of this.campaigns.store.list(prefix)) {
      const [cell, ask, kind = ''] = key.slice(prefix.length).split('.') as [string, string, string?];
      if (kind === 'json') ended.set(`${cell}.${ask}`, AskRecord.parse(await this.#json(key)));
      else promised.push({ ask: `${cell}.${ask}`, run: kind.slice('grant-'.length), nanoUsd: AskGrant.parse(await this.#json(key)).nanoUsd });
    }
    // what another run was granted for an ask may have been lost with it
    const open = promised.filter(({ ask, run }) => ended.get(ask)?.run !== run).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
    const records = [...ended.values()];
    return {
      calls: records.reduce((sum, { calls, lost }) => sum + calls.filter(({ paid }) => paid).length + lost.calls, 0),
      nanoUsd: records.reduce((sum, { charged, nanoUsd }) => sum + Math.max(charged, nanoUsd), open),
    };
  }

  async #json(key: string): Promise<unknown> {
    const bytes = await this.campaigns.store.get(key);
    return bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes));
  }
}
