import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { Output, verb } from './output.ts';

interface SimModelOptions {
  json?: boolean;
  port: number;
  law?: string;
  journal?: string;
  batches?: string;
}

export function register(program: Command): void {
  verb(program, 'sim-model', 'serve the simulated model over HTTP until told to stop')
    .option('--port <n>', 'port on the loopback interface; 0 takes a free one', port, 0)
    .option('--law <file>', 'rates by which it plays the actor')
    .option('--journal <file>', 'append a JSON line for each request')
    .option('--batches <file>', 'keep batches in this file, over a restart')
    .action(async ({ port: wanted, law: lawFile, journal, batches, ...options }: SimModelOptions) => {
      const { packageRoot } = await import('../infra/package-root.ts');
      const { readFileAs } = await import('../infra/read-file.ts');
      const { Law } = await import('../schemas/law.ts');
      const output = new Output(options);
      const law = readFileAs(lawFile ?? join(packageRoot, 'worlds', 'laws', 'default.json'), Law);
      const { startSimModel } = await import('../worlds/sim/server.ts');
      const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()).once('SIGINT', () => resolve()));
      const server = await startSimModel({ port: wanted, law, ...(journal === undefined ? {} : { journal }), ...(batches === undefined ? {} : { batches }) });
      output.result({ url: server.url, law: law.name }, `simulated model at ${server.url}, law "${law.name}"`);
      await stopped;
      await server.close();
    });
}

function port(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0 || n > 65_535) throw new InvalidArgumentError('a whole number from 0 to 65535 is allowed.');
  return n;
}
