import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { MessageBatchIndividualResponse } from '@anthropic-ai/sdk/resources/messages/batches';
import { sha256Hex } from '../../schemas/canonical.ts';

export interface BatchRequest {
  custom_id: string;
  params: unknown;
}

/** Times in milliseconds since the epoch. */
export interface KeptBatch {
  id: string;
  createdAt: number;
  canceledAt: number | null;
  endedAt: number | null;
  requests: readonly BatchRequest[];
  /** null until the batch has ended. */
  results: readonly MessageBatchIndividualResponse[] | null;
}

type Line =
  | { created: { id: string; at: number; requests: readonly BatchRequest[] } }
  | { canceled: { id: string; at: number } }
  | { ended: { id: string; at: number; results: readonly MessageBatchIndividualResponse[] } }
  | { tried: string };

/** Every batch, oldest first. With a file, each change is a line of JSON in it before anyone is told of it, and an earlier file is read back. */
export class BatchJournal {
  readonly batches: KeptBatch[] = [];
  private readonly tries = new Map<string, number>();
  private readonly file: string | null;

  constructor(file: string | null) {
    this.file = file;
    if (file === null || !existsSync(file)) return;
    for (const text of readFileSync(file, 'utf8').split('\n')) {
      const line = readLine(text);
      if (line !== null) this.apply(line);
    }
  }

  create(requests: readonly BatchRequest[], at: number): KeptBatch {
    const id = `msgbatch_${sha256Hex(`${this.batches.length}/${at}`).slice(0, 24)}`;
    this.append({ created: { id, at, requests } });
    return this.batches.at(-1) as KeptBatch;
  }

  cancel({ id }: KeptBatch, at: number): void {
    this.append({ canceled: { id, at } });
  }

  end({ id }: KeptBatch, at: number, results: readonly MessageBatchIndividualResponse[]): void {
    this.append({ ended: { id, at, results } });
  }

  /** How often a body was taken up in a batch. */
  tried(bodyHash: string): number {
    return this.tries.get(bodyHash) ?? 0;
  }

  try(bodyHash: string): void {
    this.append({ tried: bodyHash });
  }

  private append(line: Line): void {
    if (this.file !== null) appendFileSync(this.file, `${JSON.stringify(line)}\n`);
    this.apply(line);
  }

  private apply(line: Line): void {
    const find = (id: string) => this.batches.find((batch) => batch.id === id) as KeptBatch;
    if ('created' in line) {
      const { id, at, requests } = line.created;
      this.batches.push({ id, createdAt: at, canceledAt: null, endedAt: null, requests, results: null });
    } else if ('canceled' in line) find(line.canceled.id).canceledAt = line.canceled.at;
    else if ('ended' in line) Object.assign(find(line.ended.id), { endedAt: line.ended.at, results: line.ended.results });
    else this.tries.set(line.tried, this.tried(line.tried) + 1);
  }
}

/** null for a line that a kill cut short. */
function readLine(text: string): Line | null {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}
