import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { packageRoot } from '../package-root.ts';
import { EncryptionCodec, MissingKeyCodec } from './encryption.ts';
import type { PayloadKeys } from './payload-keys.ts';
import { ReferenceCodec } from './references.ts';

/** Of workers and workflow bundles whose failures are encrypted: a file of its own, which Temporal loads by its path. */
export const SEALED_FAILURES = join(packageRoot, 'infra', 'codec', 'sealed-failures.cjs');

/**
 * How payloads are written and read. Without keys as plain JSON, references marked; with keys encrypted, messages and stack traces
 * of failures included. Plain payloads of earlier histories are read in any case.
 */
export function dataConverterOf(keys: PayloadKeys | null | undefined): DataConverter {
  const references = new ReferenceCodec();
  if (keys === null || keys === undefined) return { payloadCodecs: [references, new MissingKeyCodec()] };
  return { payloadCodecs: [references, new EncryptionCodec(keys)], failureConverterPath: SEALED_FAILURES };
}
