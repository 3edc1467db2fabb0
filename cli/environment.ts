import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readConfig, type Config } from '../infra/config.ts';

/** Folder with the state of the local services. */
export function stateFolder(): string {
  return process.env['EXEMPLAR_DIR'] ?? join(process.cwd(), '.exemplar');
}

/** The environment with `.env` below it. */
export function environment(): NodeJS.ProcessEnv {
  const path = join(process.cwd(), '.env');
  return { ...(existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}), ...process.env };
}

/** Configuration from environment, `.env` and the local services. @throws UsageError naming the variable to set. */
export function configured(): Config {
  return readConfig({ dir: stateFolder(), env: environment() });
}

/** The object store's part of it, for verbs that only read datasets: neither Temporal nor a model need be configured. */
export function configuredStore(): Config['s3'] {
  const unused = { TEMPORAL_ADDRESS: 'unused', ANTHROPIC_BASE_URL: 'unused' };
  return readConfig({ dir: stateFolder(), env: { ...unused, ...environment() } }).s3;
}
