import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { dataConverterOf } from '../../../infra/codec/data-converter.ts';
import { readPayloadKeys } from '../../../infra/codec/payload-keys.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import { testPython } from '../../activities/shards/pyarrow.ts';

const keyText = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const env = { EXEMPLAR_PAYLOAD_KEYS: `k2:${keyText(2)},k1:${keyText(1)}` };
const codecs = dataConverterOf(readPayloadKeys(env)).payloadCodecs as PayloadCodec[];

/** As workers write and read them: through both codecs. */
async function encode(payloads: Payload[]): Promise<Payload[]> {
  for (const codec of codecs) payloads = await codec.encode(payloads);
  return payloads;
}
async function decode(payloads: Payload[]): Promise<Payload[]> {
  for (const codec of codecs.toReversed()) payloads = await codec.decode(payloads);
  return payloads;
}

const payload = (encoding: string, data: string, more: Record<string, string> = {}): Payload => ({
  metadata: Object.fromEntries(Object.entries({ encoding, ...more }).map(([name, value]) => [name, Buffer.from(value)])),
  data: Buffer.from(data),
});
const PAYLOADS = [
  payload('json/plain', '{"name":"run"}'),
  payload('json/plain', JSON.stringify({ log: 'a'.repeat(64) })),
  payload('binary/null', ''),
  payload('json/protobuf', '{}', { messageType: 'a.B' }),
  payload('json/plain', '"plan — ✓"'),
];

const wire = (payloads: Payload[]) => payloads.map(({ metadata, data }) => ({ metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])), data: Buffer.from(data ?? []).toString('base64') }));
const unwired = (given: ReturnType<typeof wire>) => given.map(({ metadata, data }): Payload => ({ metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])), data: Buffer.from(data, 'base64') }));

function python(payloads: Payload[], keys: Record<string, string>, ...args: string[]): ReturnType<typeof wire> | { error: string } {
  const script = join(packageRoot, 'test', 'infra', 'codec', 'payloads.py');
  const { stdout, stderr } = spawnSync(testPython as string, [script, ...args], { input: JSON.stringify(wire(payloads)), env: { ...keys, PYTHONPATH: join(packageRoot, 'trainer') }, encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof wire>;
}

describe.skipIf(testPython === null)("the trainer's codec", () => {
  test('reads what TypeScript encrypts, references as the JSON that they are', async () => {
    const sealed = await encode(PAYLOADS);
    expect(sealed.map(({ metadata }) => Buffer.from(metadata?.['encoding'] ?? []).toString())).toEqual(PAYLOADS.map(() => 'binary/encrypted'));
    expect(python(sealed, env)).toEqual(wire(PAYLOADS));
  });

  test('writes what TypeScript reads', async () => {
    const sealed = unwired(python(PAYLOADS, env, 'encode') as ReturnType<typeof wire>);
    expect(sealed.map(({ metadata }) => Buffer.from(metadata?.['encryption-key-id'] ?? []).toString())).toEqual(PAYLOADS.map(() => 'k2'));
    expect(wire(await decode(sealed))).toEqual(wire(PAYLOADS));
  });

  test('says the same of a key that is missing or wrong', async () => {
    const sealed = await encode([PAYLOADS[0] as Payload]);
    const said = async (keys: Record<string, string>) => {
      const other = dataConverterOf(readPayloadKeys(keys)).payloadCodecs?.at(-1) as PayloadCodec;
      return await other.decode(sealed).then(() => '', (error: Error) => error.message);
    };
    for (const keys of [{}, { EXEMPLAR_PAYLOAD_KEYS: `k1:${keyText(1)}` }, { EXEMPLAR_PAYLOAD_KEYS: `k2:${keyText(3)}` }]) {
      const error = await said(keys);
      expect(error).toContain('"k2"');
      expect(python(sealed, keys as Record<string, string>)).toEqual({ error });
    }
  });

  test('without keys leaves plain payloads alone', () => {
    expect(python(PAYLOADS, {}, 'encode')).toEqual(wire(PAYLOADS));
    expect(python(PAYLOADS, {})).toEqual(wire(PAYLOADS));
  });
});
