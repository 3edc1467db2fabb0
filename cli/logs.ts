import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { Output, verb } from './output.ts';
import { shownOnTerminal } from './terminal.ts';
import { wholeNumber } from './whole-number.ts';

interface LogsOptions {
  json?: boolean;
  follow?: boolean;
  lines: number;
}

const POLL_MS = 300;

export function register(program: Command): void {
  verb(program, 'logs [service]', 'last lines of the local services')
    .option('-f, --follow', 'go on with what they write; Ctrl-C stops')
    .option('-n, --lines <n>', 'lines a service', wholeNumber(1), 20)
    .action(async (service: string | undefined, options: LogsOptions) => {
      const { UsageError } = await import('../infra/usage-error.ts');
      const { SERVICE_NAMES } = await import('../infra/dev/state.ts');
      const { stateFolder } = await import('./environment.ts');
      if (service !== undefined && !(SERVICE_NAMES as readonly string[]).includes(service)) throw new UsageError(`SERVICE: no "${service}"; known: ${SERVICE_NAMES.join(', ')}`);
      if (options.json === true && options.follow === true) throw new UsageError('--follow: not with --json, which prints one object');
      const paths = SERVICE_NAMES.filter((name) => service === undefined || name === service)
        .map((name) => ({ name, path: join(stateFolder(), 'logs', `${name}.log`) }))
        .filter(({ path }) => existsSync(path));
      const logs = paths.map(({ name, path }) => ({ service: name, path, lines: readFileSync(path, 'utf8').trimEnd().split('\n').slice(-options.lines) }));
      const text = logs.flatMap((log) => log.lines.map((line) => `${log.service} | ${line}`)).join('\n');
      new Output(options).result({ logs }, text === '' ? 'no logs yet: `exemplar up` starts the services' : text);
      if (options.follow === true) await follow(paths);
    });
}

/** Prints what is appended, until interrupted. */
async function follow(paths: { name: string; path: string }[]): Promise<void> {
  const open = paths.map(({ name, path }) => {
    const file = openSync(path, 'r');
    return { name, file, at: fstatSync(file).size, rest: '' };
  });
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  while (!interrupt.signal.aborted) {
    for (const log of open) {
      const buffer = Buffer.alloc(Math.max(0, fstatSync(log.file).size - log.at));
      const read = readSync(log.file, buffer, 0, buffer.length, log.at);
      log.at += read;
      const lines = (log.rest + buffer.toString('utf8', 0, read)).split('\n');
      log.rest = lines.pop() as string;
      for (const line of lines) process.stdout.write(`${log.name} | ${shownOnTerminal(line)}\n`);
    }
    await sleep(POLL_MS, undefined, { signal: interrupt.signal }).catch(() => undefined);
  }
  for (const { file } of open) closeSync(file);
}
