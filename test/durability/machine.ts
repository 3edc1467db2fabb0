import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { readManifest } from '../../activities/shards/manifest.ts';
import { isAlive } from '../../infra/dev/process.ts';
import { down, readState, up, type DevServices, type ServiceName } from '../../infra/dev/services.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { S3Store } from '../../infra/store-s3.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import { Law } from '../../schemas/law.ts';
import { startSimModel } from '../../worlds/sim/server.ts';
import { startGate, type Gate } from './gate.ts';

const FOLDER = join(packageRoot, 'test', 'durability', 'campaign');
export const CAMPAIGN = { file: join(FOLDER, 'campaign.yaml'), name: 'durability', concurrency: 6, situations: 12 };

/** How long anything may take: a lost worker is noticed by missing heartbeats alone. */
const LIMIT_MS = 90_000;
const SERVICES: readonly ServiceName[] = ['temporal', 's3', 'worker'];

export interface Verb {
  process: ChildProcess;
  /** Resolves when the command has ended. */
  ended: Promise<{ code: number | null; output: string }>;
}

/** Temporal, S3 and a worker as processes of their own, on data of their own, and a simulated model behind a gate. */
export class Machine {
  readonly gate: Gate;
  readonly #dir: string;
  readonly #journal: string;
  readonly #env: Record<string, string>;
  readonly #verbs: ChildProcess[] = [];

  constructor(dir: string, journal: string, gate: Gate) {
    this.gate = gate;
    this.#dir = dir;
    this.#journal = journal;
    this.#env = { ANTHROPIC_BASE_URL: gate.url, ANTHROPIC_API_KEY: 'simulated' };
  }

  /** Starts what does not run, and leaves the rest alone. */
  async up(): Promise<void> {
    await up({ dir: this.#dir, only: SERVICES, env: this.#env });
  }

  pid(name: ServiceName): number {
    return this.#running(name).pid;
  }

  /** SIGKILL; resolves once the process is gone. */
  async kill(name: ServiceName): Promise<void> {
    const running = this.#running(name);
    process.kill(running.pid, 'SIGKILL');
    await until(() => !isAlive(running), `${name} is gone`);
  }

  /** Removes Temporal's database, with its write-ahead log. */
  dropTemporalDatabase(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(this.#dir, `temporal.db${suffix}`), { force: true });
  }

  get services(): DevServices {
    return readState(this.#dir)?.services as DevServices;
  }

  /** Starts a verb of the command line as a process of its own. */
  verb(...args: string[]): Verb {
    const child = spawn(process.execPath, [join(packageRoot, 'bin', 'exemplar.js'), ...args], {
      cwd: this.#dir,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', EXEMPLAR_DIR: this.#dir, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#verbs.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<{ code: number | null; output: string }>((resolve) => child.once('close', (code) => resolve({ code, output })));
    return { process: child, ended };
  }

  /** Times that each idempotency key was answered, and so paid for. */
  paid(): Map<string, number> {
    const times = new Map<string, number>();
    if (!existsSync(this.#journal)) return times;
    for (const line of readFileSync(this.#journal, 'utf8').trimEnd().split('\n').filter(Boolean)) {
      const { idempotencyKey: key, status } = JSON.parse(line) as { idempotencyKey: string; status: number };
      if (status === 200) times.set(key, (times.get(key) ?? 0) + 1);
    }
    return times;
  }

  /** Keys paid for more than once, each as often as it was paid for in vain; sorted. */
  paidAgain(): string[] {
    return [...this.paid()].flatMap(([key, times]) => Array.from({ length: times - 1 }, () => key)).sort();
  }

  /** Resolves once so many calls have been answered. */
  async answered(calls: number): Promise<void> {
    await until(() => this.paid().size >= calls, `${calls} calls are answered`);
  }

  /** Shuts the gate, and resolves once every slot of the campaign waits in it with a paid answer. */
  async holdAnswers(): Promise<string[]> {
    this.gate.shut();
    await until(() => this.gate.inFlight().length === CAMPAIGN.concurrency && this.gate.inFlight().every((key) => this.paid().has(key)), 'every slot has a call in flight');
    return this.gate.inFlight().sort();
  }

  /** Data and situations files of the last generation: key -> sha256 of the bytes that S3 gives. */
  async dataset(): Promise<Record<string, string>> {
    const { bucket, s3Endpoint: endpoint, accessKeyId, secretAccessKey } = this.services;
    const store = new S3Store({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } });
    const manifest = await readManifest(store, CAMPAIGN.name);
    const keys = (manifest?.pages ?? []).flatMap(({ files }) => files.filter(({ kind }) => kind !== 'ledger').map(({ key }) => key));
    const hashes = keys.sort().map(async (key) => [key, sha256Hex((await store.get(`${datasetPrefix(CAMPAIGN.name)}${key}`)) as Uint8Array)]);
    return Object.fromEntries(await Promise.all(hashes)) as Record<string, string>;
  }

  /** Ends what runs of it. */
  async stop(): Promise<void> {
    for (const verb of this.#verbs) verb.kill('SIGKILL');
    this.gate.open();
    await down({ dir: this.#dir });
  }

  #running(name: ServiceName) {
    const running = readState(this.#dir)?.processes[name];
    if (running === undefined) throw new Error(`${name} was not started`);
    return running;
  }
}

/** Works on a started machine, which is taken down and removed afterwards. */
export async function onMachine<T>(work: (machine: Machine) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'exemplar-durability-'));
  const journal = join(dir, 'journal.jsonl');
  const model = await startSimModel({ port: 0, law: Law.parse(JSON.parse(readFileSync(join(FOLDER, 'law.json'), 'utf8'))), journal });
  const gate = await startGate(model.url);
  const machine = new Machine(dir, journal, gate);
  try {
    await machine.up();
    return await work(machine);
  } finally {
    await machine.stop();
    await gate.close();
    await model.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Polls; what is waited for stands in the error. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await vi.waitUntil(holds, { timeout: LIMIT_MS, interval: 10 }).catch((cause: unknown) => {
    throw new Error(`it never came about that ${what}`, { cause });
  });
}
