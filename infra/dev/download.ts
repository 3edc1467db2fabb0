import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** No answer in this time: there is no way out to the internet, and the next way is tried. */
const ANSWER_MS = 4_000;
/** No byte in this time: the connection is lost. */
const STALL_MS = 20_000;

/**
 * Fetches a release archive (.tar.gz), unpacks it in `folder` and returns the path of the file called `name` in it.
 * @throws Error with one line when the server does not answer soon, answers with an error, or the archive lacks the file.
 */
export async function downloadRelease(url: string, name: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'release.tar.gz');
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error(`no answer in ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  const live = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error(`nothing came for ${ms / 1000} s`)), ms);
  };
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    live(STALL_MS);
    const body = Readable.fromWeb(response.body);
    body.on('data', () => live(STALL_MS));
    await pipeline(body, createWriteStream(archive), { signal: abort.signal });
  } catch (cause) {
    throw new Error(`${new URL(url).host}: ${reason(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
  await promisify(execFile)('tar', ['-xzf', archive, '-C', folder]);
  rmSync(archive);
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => path === name || path.endsWith(`/${name}`));
  if (found === undefined || !existsSync(join(folder, found))) throw new Error(`${url}: the archive holds no file ${name}`);
  return join(folder, found);
}

/** fetch says "fetch failed" and keeps the reason below it. */
function reason(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
