import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../infra/package-root.ts';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  ms: number;
}

/** Runs the built command in a folder, with nothing of the user's environment that names services or keys. */
export async function exemplar(args: readonly string[], { cwd, env = {} }: { cwd: string; env?: Record<string, string> }): Promise<Ran> {
  return await node(join(packageRoot, 'bin', 'exemplar.js'), args, cwd, env);
}

/** The same for several command lines, one after another in one process, so without an environment of their own. */
export async function exemplarLines(lines: { args: readonly string[]; cwd: string }[]): Promise<Omit<Ran, 'ms'>[]> {
  const { stdout, stderr } = await node(join(packageRoot, 'test', 'cli', 'lines.js'), [], packageRoot, {}, JSON.stringify(lines));
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Omit<Ran, 'ms'>[];
}

async function node(script: string, args: readonly string[], cwd: string, env: Record<string, string>, input = ''): Promise<Ran> {
  const began = performance.now();
  const child = spawn(process.execPath, [script, ...args], { cwd, env: { PATH: process.env['PATH'] ?? '', HOME: cwd, NO_COLOR: '1', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout, stderr, ms: performance.now() - began };
}
