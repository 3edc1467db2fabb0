import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** The environment with the file `.env` below it. */
export function environment(): NodeJS.ProcessEnv {
  const path = join(process.cwd(), '.env');
  // a folder of that name is an environment of Python
  const there = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return { ...(there ? parseEnv(readFileSync(path, 'utf8')) : {}), ...process.env };
}
