import { keepSecret } from '../activities/secrets.ts';

/** Variables that hold a secret by their name, whatever product they are of. */
const NAMED_SECRET = /(KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)$/;
/** Names of keys, not keys; and lists of keys, which are taken apart where they are read. */
const NO_SECRET = new Set(['AWS_ACCESS_KEY_ID', 'EXEMPLAR_PAYLOAD_KEYS']);

/** Makes the secrets of an environment known: variables named like one, and passwords within addresses. */
export function keepSecretVariables(env: NodeJS.ProcessEnv): void {
  for (const [name, value = ''] of Object.entries(env)) {
    if (NAMED_SECRET.test(name) && !NO_SECRET.has(name)) keepSecret(value);
    const password = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/i.exec(value)?.[1];
    if (password !== undefined) keepSecret(password, decoded(password));
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
