import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { KEYS_FILE_VARIABLE, KEYS_VARIABLE, type PayloadKeys } from './payload-keys.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/*
 * An encrypted payload, as trainer/exemplar_trainer/payload_codec.py reads and writes it too:
 *   metadata   encoding = binary/encrypted, encryption-key-id = id of the key
 *   data       nonce (12 bytes, random) | ciphertext | tag (16 bytes); AES-256-GCM
 *   plaintext  one byte of form | body: form 0, a payload as protobuf; forms 1 and 2, the data of a payload that has nothing but an
 *              encoding, json/plain or exemplar/ref
 * The encoding, a zero byte and the key id are authenticated with it.
 */
export const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const WHOLE = 0;
/** Encoding by form; 0 is a whole payload. */
const FORMS: readonly (string | undefined)[] = [undefined, 'json/plain', 'exemplar/ref'];

/** A payload that cannot be decrypted with the keys at hand. Retried: a key can be supplied while work waits. */
export class PayloadKeyError extends Error {
  override name = 'PayloadKeyError';
}

/** Encrypts every payload with the first key and decrypts with the one that a payload names; plain payloads pass through. */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: PayloadKeys;
  readonly #first: string;

  constructor(keys: PayloadKeys) {
    this.#keys = keys;
    this.#first = [...keys.keys()][0] as string;
  }

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => this.#encrypt(payload)));
  }

  // async: what it throws is a rejection
  // eslint-disable-next-line @typescript-eslint/require-await
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (encodingOf(payload) === ENCRYPTED ? this.#decrypt(payload) : payload));
  }

  #encrypt(payload: Payload): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#keys.get(this.#first) as Uint8Array, nonce).setAAD(bound(this.#first));
    const data = Buffer.concat([nonce, cipher.update(plaintextOf(payload)), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { encoding: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(this.#first) }, data };
  }

  #decrypt(payload: Payload): Payload {
    const id = Buffer.from(payload.metadata?.[KEY_ID] ?? []).toString();
    const key = this.#keys.get(id);
    if (key === undefined) throw new PayloadKeyError(`a payload is encrypted with the key "${printable(id)}", which ${KEYS_VARIABLE} (or ${KEYS_FILE_VARIABLE}) does not hold: add it there`);
    const data = payload.data ?? new Uint8Array();
    let plain: Buffer;
    try {
      const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES }).setAAD(bound(id)).setAuthTag(data.subarray(-TAG_BYTES));
      plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      throw new PayloadKeyError(`a payload does not open with the key "${printable(id)}" of ${KEYS_VARIABLE} (or ${KEYS_FILE_VARIABLE}): the key is another one of that id, or the payload was changed`);
    }
    return payloadOf(plain);
  }
}

/** Stands in where no key is given: refuses encrypted payloads with the reason, and leaves the others as they are. */
export class MissingKeyCodec implements PayloadCodec {
  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads);
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    const encrypted = payloads.find((payload) => encodingOf(payload) === ENCRYPTED);
    if (encrypted !== undefined) await new EncryptionCodec(new Map()).decode([encrypted]);
    return payloads;
  }
}

export function encodingOf(payload: Payload): string {
  return Buffer.from(payload.metadata?.['encoding'] ?? []).toString();
}

function plaintextOf(payload: Payload): Uint8Array {
  const form = Object.keys(payload.metadata ?? {}).length === 1 && (payload.externalPayloads?.length ?? 0) === 0 ? FORMS.indexOf(encodingOf(payload)) : WHOLE;
  if (form <= WHOLE) return Buffer.concat([Uint8Array.of(WHOLE), PayloadMessage.encode(payload).finish()]);
  return Buffer.concat([Uint8Array.of(form), payload.data ?? new Uint8Array()]);
}

function payloadOf(plain: Buffer): Payload {
  const [form = -1] = plain;
  const body = plain.subarray(1);
  if (form === WHOLE) {
    const { metadata, data, externalPayloads } = PayloadMessage.decode(body);
    return { metadata, data, ...(externalPayloads.length === 0 ? {} : { externalPayloads }) };
  }
  const encoding = FORMS[form];
  if (encoding === undefined) throw new PayloadKeyError(`a payload has the form ${form}, which this version does not know: it was written by a newer one`);
  return { metadata: { encoding: Buffer.from(encoding) }, data: body };
}

function bound(id: string): Buffer {
  return Buffer.from(`${ENCRYPTED}\0${id}`);
}

/** An id as it came from the server: anything may stand there. */
function printable(id: string): string {
  return id.slice(0, 40).replaceAll(/[^\x20-\x7e]/g, '?');
}
