import { condition, getExternalWorkflowHandle, type ExternalWorkflowHandle, type SignalDefinition } from '@temporalio/workflow';
import { Latest } from './latest.ts';
import { controlSignal, pageWorkflowId, slotsSignal, type Control } from './messages.ts';

/**
 * Signals under way to other workflows. The server drops what a workflow sends in the task in which it ends or continues as new: it waits
 * before, until all has arrived.
 */
export class Post {
  #underWay = 0;

  get empty(): boolean {
    return this.#underWay === 0;
  }

  /** Resolves when it has arrived; rejects where it cannot. */
  async send<Args extends unknown[]>(to: ExternalWorkflowHandle, signal: SignalDefinition<Args>, ...args: Args): Promise<void> {
    this.#underWay += 1;
    try {
      await to.signal(signal, ...args);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Sends where it does not matter whether the other is still there. */
  drop<Args extends unknown[]>(to: ExternalWorkflowHandle, signal: SignalDefinition<Args>, ...args: Args): void {
    void this.send(to, signal, ...args).catch(() => undefined);
  }

  async emptied(): Promise<void> {
    await condition(() => this.empty);
  }
}

/** What a campaign has to say to its pages. */
export class PagePost extends Post {
  readonly slots: Latest<number, number>;
  readonly orders: Latest<number, Control>;
  readonly #campaign: string;

  constructor(campaign: string, orderly: boolean) {
    super();
    this.#campaign = campaign;
    this.slots = new Latest(orderly, (page, count) => this.send(this.#handle(page), slotsSignal, count));
    this.orders = new Latest(orderly, (page, control) => this.send(this.#handle(page), controlSignal, control));
  }

  tell<Args extends unknown[]>(page: number, signal: SignalDefinition<Args>, ...args: Args): void {
    this.drop(this.#handle(page), signal, ...args);
  }

  #handle(page: number): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(pageWorkflowId(this.#campaign, page));
  }
}
