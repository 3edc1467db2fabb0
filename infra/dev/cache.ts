import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Folder for what is fetched or built once a user, shared by all checkouts: `~/.cache/exemplar`, or under $XDG_CACHE_HOME. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'];
  // the XDG specification has relative paths ignored
  return join(base !== undefined && isAbsolute(base) ? base : join(env['HOME'] ?? homedir(), '.cache'), 'exemplar');
}
