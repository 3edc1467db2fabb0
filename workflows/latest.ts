/**
 * Hands other workflows the latest of what there is to say to them, one message at a time to each: signals that are under way together
 * may arrive in any order, and an older word must not be taken for the newer. `orderly: false` sends each at once, as histories of
 * earlier versions have it.
 */
export class Latest<To, Word> {
  readonly #send: (to: To, word: Word) => Promise<void>;
  readonly #orderly: boolean;
  /** To whom something is under way, and what follows. */
  readonly #lines = new Map<To, { next: { word: Word } | null }>();

  constructor(orderly: boolean, send: (to: To, word: Word) => Promise<void>) {
    this.#orderly = orderly;
    this.#send = send;
  }

  /** A word that another overtakes before it is sent is dropped, and one that cannot be delivered too. */
  async say(to: To, word: Word): Promise<void> {
    if (!this.#orderly) return await this.#send(to, word).catch(() => undefined);
    const line = this.#lines.get(to);
    if (line === undefined) await this.#deliver(to, word);
    else line.next = { word };
  }

  async #deliver(to: To, first: Word): Promise<void> {
    const line: { next: { word: Word } | null } = { next: { word: first } };
    this.#lines.set(to, line);
    while (line.next !== null) {
      const { word } = line.next;
      line.next = null;
      await this.#send(to, word).catch(() => undefined);
    }
    this.#lines.delete(to);
  }
}
