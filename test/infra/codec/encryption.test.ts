import { randomBytes, webcrypto } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataConverterOf } from '../../../infra/codec/data-converter.ts';
import { EncryptionCodec, MissingKeyCodec } from '../../../infra/codec/encryption.ts';

const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString();
const json = (value: unknown): Payload => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) });
const key = () => new Uint8Array(randomBytes(32));
const [newKey, oldKey] = [key(), key()];
const current = new EncryptionCodec(new Map([['new', newKey], ['old', oldKey]]));
const former = new EncryptionCodec(new Map([['old', oldKey]]));
const one = async (codec: EncryptionCodec, payload: Payload) => (await codec.encode([payload]))[0] as Payload;
/** As messages of different classes are: by what they hold. */
const plain = (payload: Payload | undefined) => ({
  metadata: Object.fromEntries(Object.entries(payload?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('hex')])),
  data: Buffer.from(payload?.data ?? []).toString('hex'),
});

test('any payload comes back as it was, and nothing of it is to be seen in between', async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const payloads = fc.record({ metadata: fc.dictionary(fc.constantFrom('encoding', 'messageType', 'other'), bytes), data: bytes });
  await fc.assert(
    fc.asyncProperty(fc.array(payloads, { maxLength: 4 }), async (given) => {
      const sealed = await current.encode(given);
      expect((await current.decode(sealed)).map(plain)).toEqual(given.map(plain));
      for (const [i, { data }] of given.entries()) if (data.length >= 8) expect(Buffer.from(sealed[i]?.data ?? []).includes(Buffer.from(data))).toBe(false);
    }),
  );
});

test('what it writes is AES-256-GCM as another implementation reads it, bound to encoding and key id', async () => {
  const { metadata, data } = await one(current, json({ plan: 'cross the ford' }));
  expect([text(metadata?.['encoding']), text(metadata?.['encryption-key-id'])]).toEqual(['binary/encrypted', 'new']);
  const imported = await webcrypto.subtle.importKey('raw', newKey, 'AES-GCM', false, ['decrypt']);
  const sealed = new Uint8Array(data ?? []);
  const open = async (aad: string) => Buffer.from(await webcrypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.slice(0, 12), additionalData: Buffer.from(aad) }, imported, sealed.slice(12)));
  expect((await open('binary/encrypted\0new')).toString()).toBe('\x01{"plan":"cross the ford"}');
  await expect(open('binary/encrypted\0old')).rejects.toThrow();
});

test('a nonce is never used twice', async () => {
  const sealed = await current.encode(Array.from({ length: 2_000 }, () => json('same')));
  expect(new Set(sealed.map(({ data }) => Buffer.from(data ?? []).subarray(0, 12).toString('hex'))).size).toBe(2_000);
});

test('it adds 29 bytes', async () => {
  const payload = json({ headline: 'no findings' });
  expect(((await one(current, payload)).data?.length ?? 0) - (payload.data?.length ?? 0)).toBe(29);
});

test('after a rotation old payloads are read, new ones written with the new key, and plain ones left alone', async () => {
  const [before, after] = [await one(former, json(1)), await one(current, json(2))];
  expect((await current.decode([before, after, json(3)])).map(({ data }) => text(data))).toEqual(['1', '2', '3']);
  await expect(former.decode([after])).rejects.toThrow('a payload is encrypted with the key "new", which EXEMPLAR_PAYLOAD_KEYS (or EXEMPLAR_PAYLOAD_KEYS_FILE) does not hold: add it there');
});

test('without any key an encrypted payload is refused by the key that it needs, and a plain one is read', async () => {
  const sealed = await one(current, json(1));
  const { payloadCodecs = [] } = dataConverterOf(null);
  expect(payloadCodecs.at(-1)).toBeInstanceOf(MissingKeyCodec);
  await expect(new MissingKeyCodec().decode([json(1), sealed])).rejects.toThrow('encrypted with the key "new", which EXEMPLAR_PAYLOAD_KEYS');
  expect((await new MissingKeyCodec().decode([json(1)])).map(({ data }) => text(data))).toEqual(['1']);
});

test('another key of the same id does not open a payload, and the error names the id, not the key', async () => {
  const other = key();
  const { name, message } = await new EncryptionCodec(new Map([['new', other]])).decode([await one(current, json(1))]).then(() => new Error('it opens'), (error: Error) => error);
  expect([name, message]).toEqual(['PayloadKeyError', expect.stringContaining('does not open with the key "new" of EXEMPLAR_PAYLOAD_KEYS')]);
  expect(message).not.toContain(Buffer.from(other).toString('base64'));
});

test('no byte of it can be changed or cut off, and no other key id put on it', async () => {
  const sealed = await one(current, json({ a: 'b' }));
  const data = Buffer.from(sealed.data ?? []);
  for (let i = 0; i < data.length; i++) {
    const changed = Buffer.from(data);
    changed[i] = (changed[i] as number) ^ 1;
    await expect(current.decode([{ ...sealed, data: changed }])).rejects.toThrow('does not open with the key "new"');
    await expect(current.decode([{ ...sealed, data: data.subarray(0, i) }])).rejects.toThrow('does not open with the key "new"');
  }
  const twins = new EncryptionCodec(new Map([['new', newKey], ['twin', newKey]]));
  await expect(twins.decode([{ ...sealed, metadata: { ...sealed.metadata, 'encryption-key-id': Buffer.from('twin') } }])).rejects.toThrow('does not open with the key "twin"');
});
