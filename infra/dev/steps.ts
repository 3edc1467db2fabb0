import { spawn } from 'node:child_process';

/** Where progress lines go, such as stderr. */
export type Say = (line: string) => void;

const HEARTBEAT_MS = 30_000;
const TAIL_CHARS = 4_000;

export interface Step {
  command: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** What it does, such as "building Temporal": repeated while it lasts. */
  doing: string;
  say: Say;
  limitMs: number;
}

/** Runs a set-up step to its end and returns what it wrote to stdout. @throws Error with the end of what it wrote, in one line. */
export async function runStep({ command, env, cwd, doing, say, limitMs }: Step): Promise<string> {
  const [program, ...args] = command;
  const began = Date.now();
  const heartbeat = setInterval(() => say(`  still ${doing} (${Math.round((Date.now() - began) / 1000)} s)`), HEARTBEAT_MS);
  try {
    return await new Promise<string>((resolve, reject) => {
      const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
      let answer = '';
      let tail = '';
      const keep = (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-TAIL_CHARS));
      child.stdout.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      child.stdout.on('data', keep);
      child.stderr.on('data', keep);
      child.once('error', (cause) => reject(new Error(`cannot run ${program}: ${cause.message}`, { cause })));
      child.once('close', (code, signal) => {
        if (code === 0) resolve(answer.trim());
        else reject(new Error(`${program} ${args[0] ?? ''} ended with ${code ?? signal}: ${lastWords(tail)}`));
      });
    });
  } finally {
    clearInterval(heartbeat);
  }
}

function lastWords(output: string): string {
  return output.trim().split(/\s*\n\s*/).slice(-6).join(' | ');
}
