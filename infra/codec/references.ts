import type { Payload, PayloadCodec } from '@temporalio/common';
import { encodingOf } from './encryption.ts';

/** Encoding of JSON that names objects on S3 by hash or key: a codec endpoint shows what they hold beside it. */
export const REFERENCE = 'exemplar/ref';
const PLAIN = 'json/plain';

/** A JSON text that is the hash of an object, or the key of a response. */
const NAMES_AN_OBJECT = /"(?:[0-9a-f]{64}|responses\/[0-9a-f]{2}\/[0-9a-f]{64}\/[^"]+)"/;
/** Larger payloads are starts of campaigns and the like, which are shown as they are; bytes. */
const LARGEST = 16_384;

/** Marks payloads that carry references; their data stays as it is, and workers read it as the JSON that it is. */
export class ReferenceCodec implements PayloadCodec {
  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => (encodingOf(payload) === PLAIN && carriesReference(payload.data) ? renamed(payload, REFERENCE) : payload)));
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => (encodingOf(payload) === REFERENCE ? renamed(payload, PLAIN) : payload)));
  }
}

function carriesReference(data: Uint8Array | null | undefined): boolean {
  if (data === null || data === undefined || data.length > LARGEST) return false;
  return NAMES_AN_OBJECT.test(Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1'));
}

function renamed(payload: Payload, encoding: string): Payload {
  return { ...payload, metadata: { ...payload.metadata, encoding: Buffer.from(encoding) } };
}
