import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readManifest } from '../../activities/shards/manifest.ts';
import type { DevServices } from '../../infra/dev/state.ts';
import { EXEMPLAR } from '../../infra/dev/sim-model.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { Gate } from './gate.ts';
import { startLines, type Lines } from './lines.ts';
import { asksModel, environmentBy, serverProcess, servicesOf, workerProcess, type Part, type Process, type ServerPart, type WorkerPart } from './parts.ts';
import { until } from './until.ts';

export { until } from './until.ts';

const FOLDER = join(packageRoot, 'test', 'durability', 'campaign');
export const CAMPAIGN = { file: join(FOLDER, 'campaign.yaml'), name: 'durability', concurrency: 6, situations: 12 };

/** What a machine runs. */
export interface Setting {
  campaign: { file: string; name: string; concurrency: number };
  /** Law file of the simulated model. */
  law: string;
  /** Worker processes; `worker` has all queues. */
  workers: readonly WorkerPart[];
  trainer: boolean;
  /** More options of the Temporal server. */
  temporalOptions: readonly string[];
}

const USUAL: Setting = { campaign: CAMPAIGN, law: join(FOLDER, 'law.json'), workers: ['worker'], trainer: false, temporalOptions: [] };
export const SPLIT: readonly WorkerPart[] = ['llm', 'io', 'orchestrate'];
const SERVERS: readonly ServerPart[] = ['temporal', 's3', 'model'];
/** A request that a killed process had sent is taken up within this, ms. */
const LATE_MS = 100;

export interface Verb {
  process: ChildProcess;
  /** Resolves when the command has ended. */
  ended: Promise<{ code: number | null; output: string }>;
}

/**
 * Temporal, S3, a simulated model and workers as processes of their own, on data of their own. Each worker, and the command line,
 * reaches the services by lines of its own.
 */
export class Machine {
  readonly setting: Setting;
  readonly #dir: string;
  readonly #journal: string;
  readonly #servers: Record<ServerPart, Process>;
  readonly #workers = new Map<Part, Process>();
  readonly #lines = new Map<Part | 'cli', Lines>();
  readonly #verbs: ChildProcess[] = [];
  /** Calls that were in flight when their caller, or the model, was killed; a key may stand here more than once. */
  readonly #exposed: string[] = [];

  constructor(dir: string, setting: Setting) {
    mkdirSync(dir, { recursive: true });
    this.setting = setting;
    this.#dir = dir;
    this.#journal = join(dir, 'journal.jsonl');
    const servers = { dir, law: setting.law, journal: this.#journal, temporalOptions: setting.temporalOptions };
    this.#servers = { temporal: serverProcess('temporal', servers), s3: serverProcess('s3', servers), model: serverProcess('model', servers) };
  }

  /** Starts what does not run, and leaves the rest alone. */
  async up(): Promise<void> {
    await Promise.all(SERVERS.map((part) => this.#servers[part].up()));
    const parts = [...this.setting.workers, ...(this.setting.trainer ? (['trainer'] as const) : [])];
    for (const part of ['cli', ...parts] as const) {
      if (this.#lines.has(part)) continue;
      const lines = await startLines({
        temporalPort: () => Number(this.#servers.temporal.ports['grpc']),
        s3Url: () => this.services.s3Endpoint,
        modelUrl: () => this.services.simModelUrl as string,
      });
      this.#lines.set(part, lines);
      if (part !== 'cli') this.#workers.set(part, workerProcess(part, this.#dir, (dir) => environmentBy(lines, this.services, dir)));
    }
    await Promise.all([...this.#workers.values()].map((worker) => worker.up()));
  }

  pid(part: Part): number {
    const { running } = this.#process(part);
    if (running === null) throw new Error(`${part} does not run`);
    return running.pid;
  }

  lines(part: Part | 'cli'): Lines {
    const lines = this.#lines.get(part);
    if (lines === undefined) throw new Error(`${part} is no part of this machine`);
    return lines;
  }

  /** Before the model, for the process that calls it. */
  get gate(): Gate {
    return this.lines(this.setting.workers.find(asksModel) as WorkerPart).model;
  }

  /** SIGKILL; resolves once the process is gone, with the calls that were in flight where it asked or answered them. */
  async kill(part: Part): Promise<string[]> {
    await this.#process(part).kill();
    if (part !== 'model' && !asksModel(part)) return [];
    await sleep(LATE_MS);
    return this.expose(part === 'model' ? [...this.#lines.keys()] : [part]);
  }

  /** SIGTERM; resolves once the worker has said that it heard it. */
  async askToEnd(part: WorkerPart): Promise<void> {
    const heard = () => readFileSync(join(this.#dir, part, 'logs', 'worker.log'), 'utf8').split('SIGTERM: ').length;
    const before = heard();
    process.kill(this.pid(part), 'SIGTERM');
    await until(() => heard() > before, `${part} hears SIGTERM`);
  }

  /** SIGTERM; resolves once the process is gone. */
  async end(part: WorkerPart): Promise<void> {
    process.kill(this.pid(part), 'SIGTERM');
    await this.gone(part);
  }

  async gone(part: Part): Promise<void> {
    await until(() => this.#process(part).running === null, `${part} is gone`);
  }

  /** Takes note of the calls of these processes that may have been paid for and are not stored: they may be paid for once more. */
  expose(parts: readonly (Part | 'cli')[]): string[] {
    const stored = new Set([...this.#lines.values()].flatMap(({ s3 }) => [...s3.stored]));
    const exposed = parts.flatMap((part) => this.lines(part).model.asked()).filter((key) => !stored.has(key));
    this.#exposed.push(...exposed);
    return exposed.sort();
  }

  /** Removes Temporal's database, with its write-ahead log. */
  dropTemporalDatabase(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(this.#dir, `temporal.db${suffix}`), { force: true });
  }

  get services(): DevServices {
    return servicesOf(this.#dir, this.#servers);
  }

  get store(): S3Store {
    const { bucket, s3Endpoint: endpoint, accessKeyId, secretAccessKey } = this.services;
    return new S3Store({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } });
  }

  /** Starts a verb of the command line as a process of its own. */
  verb(...args: string[]): Verb {
    const [program, ...bin] = EXEMPLAR;
    const child = spawn(program, [...bin, ...args], {
      cwd: this.#dir,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...environmentBy(this.lines('cli'), this.services, this.#dir) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#verbs.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<{ code: number | null; output: string }>((resolve) => child.once('close', (code) => resolve({ code, output })));
    return { process: child, ended };
  }

  /** Idempotency keys of all calls that were answered, and so paid for, in order. */
  journal(): string[] {
    if (!existsSync(this.#journal)) return [];
    const lines = readFileSync(this.#journal, 'utf8').split('\n');
    // a kill of the model may cut a line short
    const calls = lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as { idempotencyKey: string; status: number });
    return calls.filter(({ status }) => status === 200).map(({ idempotencyKey }) => idempotencyKey);
  }

  /** Times that each idempotency key was paid for. */
  paid(): Map<string, number> {
    const times = new Map<string, number>();
    for (const key of this.journal()) times.set(key, (times.get(key) ?? 0) + 1);
    return times;
  }

  /** Keys paid for more than once, each as often as it was paid for in vain; sorted. */
  paidAgain(): string[] {
    return [...this.paid()].flatMap(([key, times]) => Array.from({ length: times - 1 }, () => key)).sort();
  }

  /** Of the keys paid for more than once, those that no kill of their caller, or of the model, had in flight. */
  paidInVain(): string[] {
    const excuses = [...this.#exposed];
    return this.paidAgain().filter((key) => {
      const at = excuses.indexOf(key);
      if (at >= 0) excuses.splice(at, 1);
      return at < 0;
    });
  }

  /** Resolves once so many calls have been answered. */
  async answered(calls: number): Promise<void> {
    await until(() => this.paid().size >= calls, `${calls} calls are answered`);
  }

  /** Shuts the gate, and resolves once every slot of the campaign waits in it with a paid answer. */
  async holdAnswers(): Promise<string[]> {
    this.gate.shut();
    const paid = () => this.gate.inFlight().every((key) => this.paid().has(key));
    await until(() => this.gate.inFlight().length === this.setting.campaign.concurrency && paid(), 'every slot has a call in flight');
    return this.gate.inFlight().sort();
  }

  /** Data and situations files of the last generation: key -> sha256 of the bytes that S3 gives. */
  async dataset(): Promise<Record<string, string>> {
    const { store } = this;
    const { name } = this.setting.campaign;
    const manifest = await readManifest(store, name);
    const keys = (manifest?.pages ?? []).flatMap(({ files }) => files.filter(({ kind }) => kind !== 'ledger').map(({ key }) => key));
    const hashes = keys.sort().map(async (key) => [key, sha256Hex((await store.get(`${datasetPrefix(name)}${key}`)) as Uint8Array)]);
    return Object.fromEntries(await Promise.all(hashes)) as Record<string, string>;
  }

  /** Kills what runs of it: its data are not wanted any more. */
  async stop(): Promise<void> {
    for (const verb of this.#verbs) verb.kill('SIGKILL');
    await Promise.all([...this.#workers.values(), ...Object.values(this.#servers)].map((each) => each.kill()));
    await Promise.all([...this.#lines.values()].map((lines) => lines.close()));
  }

  #process(part: Part): Process {
    const found = (this.#servers as Partial<Record<Part, Process>>)[part] ?? this.#workers.get(part);
    if (found === undefined) throw new Error(`${part} is no part of this machine`);
    return found;
  }
}

/** Works on a started machine, which is taken down and removed afterwards. */
export async function onMachine<T>(work: (machine: Machine) => Promise<T>, setting: Partial<Setting> = {}): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'exemplar-durability-'));
  const machine = new Machine(dir, { ...USUAL, ...setting });
  try {
    await machine.up();
    return await work(machine);
  } finally {
    await machine.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
