import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { SEARCH } from '../../workflows/search-attributes.ts';
import { ensureSearchAttributes } from '../temporal.ts';
import { findTool, type Tool, type ToolSearch } from './binaries.ts';
import { LOOPBACK } from './ports.ts';
import type { ServiceKind } from './service.ts';

const TEMPORAL: Tool = {
  name: 'temporal',
  title: 'the Temporal server',
  // the last version that `go install` takes: go.mod of later ones has a local replace
  version: 'v1.5.1',
  release: (platform, arch) => {
    const machine = { x64: 'amd64', arm64: 'arm64' }[arch];
    if (machine === undefined || (platform !== 'linux' && platform !== 'darwin')) return null;
    return `https://temporal.download/cli/archive/v1.5.1?platform=${platform}&arch=${machine}`;
  },
  goPackage: 'github.com/temporalio/cli/cmd/temporal',
  buildTime: '3 min',
  help: 'https://docs.temporal.io/cli/setup-cli',
};

/** Path of the `temporal` command, fetched or built if need be. @throws Error with one line. */
export async function temporalBinary(search: ToolSearch = {}): Promise<string> {
  return await findTool(TEMPORAL, search);
}

const DYNAMIC_CONFIG = {
  'matching.enableFairness': true,
  'matching.useNewMatcher': true,
  // one machine matches its tasks faster in one place than by forwarding between four
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};
const NAMESPACE = 'default';
const RETENTION_S = 30 * 24 * 3600;
const PROBE_MS = 2_000;
const CALLS_MS = 10_000;
const SERVING = 1;

/** The development server on a database file in `dir`, with its web UI, which asks the codec server at port `codec`. Ports: `grpc` and `ui`. */
export function temporalService(binary: string, dir: string, codec?: number): ServiceKind {
  return {
    name: 'temporal',
    usualPorts: { grpc: 7233, ui: 8233 },
    startMs: 60_000,
    on: ({ grpc, ui }) => {
      const address = `${LOOPBACK}:${grpc}`;
      return {
        command: [binary, 'server', 'start-dev', ...serverOptions(dir, Number(grpc), Number(ui)), ...(codec === undefined ? [] : ['--ui-codec-endpoint', `http://${LOOPBACK}:${codec}`])],
        env: {},
        cwd: dir,
        address,
        ready: async () => (await serving(address)) && (await fetch(`http://${LOOPBACK}:${ui}/`, { signal: AbortSignal.timeout(PROBE_MS) })).ok,
        prepare: async () => await prepareNamespace(address),
      };
    },
  };
}

function serverOptions(dir: string, grpc: number, ui: number): string[] {
  return [
    ...['--ip', LOOPBACK, '--port', String(grpc), '--ui-port', String(ui)],
    ...['--db-filename', join(dir, 'temporal.db')],
    // survives kill -9; 2.5 times the activities of the default pragmas
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'],
    // registered with a new database, before its first client; an older database gets them afterwards
    ...Object.values(SEARCH).flatMap(({ name, type }) => ['--search-attribute', `${name}=${titled(type)}`]),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
    ...['--log-level', 'warn'],
  ];
}

/** The command line's spelling of a type: `Keyword` for KEYWORD. */
function titled(type: string): string {
  return `${type.slice(0, 1)}${type.slice(1).toLowerCase()}`;
}

async function serving(address: string): Promise<boolean> {
  return await connected(address, async (connection) => {
    const { status } = await connection.healthService.check({ service: 'temporal.api.workflowservice.v1.WorkflowService' });
    if ((status as number) !== SERVING) return false;
    await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
    return true;
  });
}

/** Finished workflows stay in view for 30 days, not for the server's own one; a database of an earlier version gets what it lacks. */
async function prepareNamespace(address: string): Promise<void> {
  await connected(address, async (connection) => {
    await ensureSearchAttributes(new Client({ connection, namespace: NAMESPACE }));
    const { config } = await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) === RETENTION_S) return;
    // the message's seconds are a 64-bit Long; a small number is taken as well
    const workflowExecutionRetentionTtl = { seconds: RETENTION_S as never };
    await connection.workflowService.updateNamespace({ namespace: NAMESPACE, config: { workflowExecutionRetentionTtl } });
  });
}

async function connected<T>(address: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: PROBE_MS });
  try {
    return await connection.withDeadline(Date.now() + CALLS_MS, async () => await use(connection));
  } finally {
    await connection.close();
  }
}
