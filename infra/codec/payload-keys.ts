import { readFileSync } from 'node:fs';
import { keepSecret } from '../../activities/secrets.ts';
import { UsageError } from '../usage-error.ts';

/** Keys of Temporal payloads: key id -> 32 bytes, in the order given. The first one encrypts, all decrypt. Never empty. */
export type PayloadKeys = ReadonlyMap<string, Uint8Array>;

export const KEYS_VARIABLE = 'EXEMPLAR_PAYLOAD_KEYS';
export const KEYS_FILE_VARIABLE = 'EXEMPLAR_PAYLOAD_KEYS_FILE';

const KEY_BYTES = 32;
const ID = /^[A-Za-z0-9._-]{1,32}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/**
 * Keys that the environment names, as `id:base64,id:base64` or in a file with one `id:base64` a line; null where it names none.
 * @throws UsageError naming the variable and the entry's place, never what stands there.
 */
export function readPayloadKeys(env: NodeJS.ProcessEnv): PayloadKeys | null {
  const [text, path] = [given(env[KEYS_VARIABLE]), given(env[KEYS_FILE_VARIABLE])];
  if (text !== null && path !== null) throw new UsageError(`${KEYS_VARIABLE}, ${KEYS_FILE_VARIABLE}: set one of them, not both`);
  if (text !== null) return parseKeys(KEYS_VARIABLE, text.split(','));
  if (path === null) return null;
  return parseKeys(`${KEYS_FILE_VARIABLE}: ${path}`, readKeysFile(path).split('\n').filter((line) => !line.trimStart().startsWith('#')));
}

function parseKeys(where: string, entries: string[]): PayloadKeys {
  const keys = new Map<string, Uint8Array>();
  for (const [i, entry] of entries.map((each) => each.trim()).filter((each) => each !== '').entries()) {
    const [id = '', key = ''] = entry.split(/:(.*)/s);
    if (!ID.test(id)) throw new UsageError(`${where}: entry ${i + 1} must be id:key, the id 1 to 32 letters, digits, ".", "_" or "-"`);
    if (!BASE64.test(key)) throw new UsageError(`${where}: the key "${id}" must be ${KEY_BYTES} bytes in base64 (\`openssl rand -base64 ${KEY_BYTES}\` makes one)`);
    if (keys.has(id)) throw new UsageError(`${where}: the key id "${id}" stands there twice`);
    keepSecret(key);
    keys.set(id, Buffer.from(key, 'base64'));
  }
  if (keys.size === 0) throw new UsageError(`${where}: there is no key; give id:key, or leave the variable out`);
  return keys;
}

function readKeysFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${KEYS_FILE_VARIABLE}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

/** Set and not empty: an empty variable is how compose files say "none". */
function given(value: string | undefined): string | null {
  return value === undefined || value.trim() === '' ? null : value;
}
