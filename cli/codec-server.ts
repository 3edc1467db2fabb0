import { InvalidArgumentError, type Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'codec-server', "decode payloads for Temporal's UI and command line until told to stop: decrypts, and shows what references hold")
    .option('--port <n>', 'port on the loopback interface; 0 takes a free one', port, 0)
    .action(async ({ port: wanted, ...options }: { json?: boolean; port: number }) => {
      const { dataConverterOf } = await import('../infra/codec/data-converter.ts');
      const { startCodecEndpoint } = await import('../infra/codec/endpoint.ts');
      const { deflated, inflated } = await import('../infra/codec/inflate.ts');
      const { readPayloadKeys } = await import('../infra/codec/payload-keys.ts');
      const { S3Store } = await import('../infra/store-s3.ts');
      const { configured } = await import('./environment.ts');
      const { environment } = await import('./variables.ts');
      const output = new Output(options);
      const env = environment();
      const codecs = dataConverterOf(readPayloadKeys(env)).payloadCodecs ?? [];
      let store: InstanceType<typeof S3Store> | undefined;
      const server = await startCodecEndpoint({
        port: wanted,
        codecs: () => codecs,
        // where the services are may be known only later: `up` starts this one first
        inflate: async (value) => await inflated((store ??= new S3Store(configured().s3)), value),
        deflate: deflated,
        origins: () => originsOf(configured().temporal.uiUrl),
        // empty: how compose files say "none"
        token: env['EXEMPLAR_CODEC_TOKEN'] || null,
      });
      output.result({ url: server.url }, `codec server at ${server.url}`);
      await new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()).once('SIGINT', () => resolve()));
      await server.close();
    });
}

/** Origins of the Temporal UI's pages; on this machine it has two names. */
function originsOf(uiUrl: string | null): string[] {
  if (uiUrl === null || uiUrl === '') return [];
  const { origin, protocol, hostname, port: at } = new URL(uiUrl);
  if (hostname !== '127.0.0.1' && hostname !== 'localhost') return [origin];
  return ['127.0.0.1', 'localhost'].map((name) => new URL(`${protocol}//${name}${at === '' ? '' : `:${at}`}`).origin);
}

function port(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0 || n > 65_535) throw new InvalidArgumentError('a whole number from 0 to 65535 is allowed.');
  return n;
}
