import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { findTool, type Tool, type ToolSearch } from './binaries.ts';
import { LOOPBACK } from './ports.ts';
import type { ServiceKind } from './service.ts';
import { readCredentials, type Credentials } from './state.ts';

const VERSITYGW: Tool = {
  name: 'versitygw',
  title: 'the S3 server (versitygw)',
  version: 'v1.8.0',
  release: (platform, arch) => {
    const system = { linux: 'Linux', darwin: 'Darwin' }[platform as string];
    const machine = { x64: 'x86_64', arm64: 'arm64' }[arch];
    if (system === undefined || machine === undefined) return null;
    return `https://github.com/versity/versitygw/releases/download/v1.8.0/versitygw_v1.8.0_${system}_${machine}.tar.gz`;
  },
  goPackage: 'github.com/versity/versitygw/cmd/versitygw',
  buildTime: '2 min',
  help: 'https://github.com/versity/versitygw',
};

/** Path of the `versitygw` command, fetched or built if need be. @throws Error with one line. */
export async function s3Binary(search: ToolSearch = {}): Promise<string> {
  return await findTool(VERSITYGW, search);
}

/** The one bucket; names need 3 characters. */
export const BUCKET = 'exemplar';
export const REGION = 'us-east-1';
const PROBE_MS = 2_000;

// Node 20 is supported here; the SDK's notice about its own future releases would stand on every screen
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** An S3 server over plain files in `<dir>/s3`, with one bucket. Port: `s3`. */
export function s3Service(binary: string, dir: string, bucket: string): ServiceKind {
  const keys = readCredentials(dir);
  const data = join(dir, 's3');
  return {
    name: 's3',
    usualPorts: { s3: 7070 },
    startMs: 30_000,
    on: ({ s3 }) => {
      const endpoint = `http://${LOOPBACK}:${s3}`;
      return {
        command: [binary, '--port', `${LOOPBACK}:${s3}`, '--region', REGION, '--quiet', '--keep-alive', 'posix', data],
        // not as options: any user of the machine sees those
        env: { ROOT_ACCESS_KEY_ID: keys.accessKeyId, ROOT_SECRET_ACCESS_KEY: keys.secretAccessKey },
        cwd: dir,
        address: endpoint,
        clear: () => mkdirSync(data, { recursive: true }),
        // a signed request: only the server with these keys answers it
        ready: async () => (await buckets(endpoint, keys)) !== null,
        prepare: async () => {
          if ((await buckets(endpoint, keys))?.includes(bucket) === true) return;
          await using(endpoint, keys, async (client) => await client.send(new CreateBucketCommand({ Bucket: bucket })));
        },
      };
    },
  };
}

async function buckets(endpoint: string, keys: Credentials): Promise<string[]> {
  const { Buckets = [] } = await using(endpoint, keys, async (client) => await client.send(new ListBucketsCommand({}), { abortSignal: AbortSignal.timeout(PROBE_MS) }));
  return Buckets.flatMap(({ Name }) => Name ?? []);
}

async function using<T>(endpoint: string, credentials: Credentials, use: (client: S3Client) => Promise<T>): Promise<T> {
  const client = new S3Client({ endpoint, credentials, region: REGION, forcePathStyle: true, maxAttempts: 1 });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}
