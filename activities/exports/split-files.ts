import type { Schema } from 'apache-arrow';
import type { Split } from '../../schemas/campaign.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import type { ExportOptions } from '../../schemas/exports.ts';
import type { OutputFolder } from './folder.ts';
import { FORMAT } from './formats.ts';

export interface ExportedFile {
  /** Relative to the folder. */
  path: string;
  split: Split;
  rows: number;
  bytes: number;
  sha256: string;
}

/** The files of one split, each written when it is full. A split without rows is one file with the columns alone. */
export class SplitFiles {
  readonly #folder: OutputFolder;
  readonly #split: Split;
  readonly #schema: Schema;
  readonly #options: ExportOptions;
  readonly #fileChars: number;
  readonly #files: Omit<ExportedFile, 'path'>[] = [];
  #rows: object[] = [];
  #chars = 0;

  constructor(folder: OutputFolder, split: Split, schema: Schema, options: ExportOptions, fileChars: number) {
    this.#folder = folder;
    this.#split = split;
    this.#schema = schema;
    this.#options = options;
    this.#fileChars = fileChars;
  }

  async add(row: object): Promise<void> {
    this.#rows.push(row);
    this.#chars += charsOf(row);
    if (this.#chars >= this.#fileChars) await this.#flush();
  }

  /** How many files there are is known only now: each gets its name. */
  async finish(): Promise<ExportedFile[]> {
    if (this.#rows.length > 0 || this.#files.length === 0) await this.#flush();
    const files: ExportedFile[] = [];
    for (const [i, file] of this.#files.entries()) {
      const name = `${this.#split}-${padded(i)}-of-${padded(this.#files.length)}.${this.#options.format}`;
      await this.#folder.rename(this.#name(i), name);
      files.push({ path: `data/${name}`, ...file });
    }
    return files;
  }

  async #flush(): Promise<void> {
    const bytes = await FORMAT[this.#options.format].encode(this.#schema, this.#rows);
    await this.#folder.write(this.#name(this.#files.length), bytes);
    this.#files.push({ split: this.#split, rows: this.#rows.length, bytes: bytes.length, sha256: sha256Hex(bytes) });
    this.#rows = [];
    this.#chars = 0;
  }

  #name(i: number): string {
    return `${this.#split}-${padded(i)}`;
  }
}

function padded(n: number): string {
  return String(n).padStart(5, '0');
}

/** Characters of the strings in a row, however deep. */
function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce<number>((sum, each) => sum + charsOf(each), 0);
}
