import { CompressionType, compressionRegistry } from 'apache-arrow';
import type { Zstd } from '@hpcc-js/wasm-zstd';
import type { Compression } from '../../schemas/campaign.ts';
import { compressFrame, decompressFrame } from './lz4.ts';
import { loadZstd } from './zstd.ts';

/** Fixed, for equal bytes everywhere; 3 is zstd's own default. */
const LEVEL = 3;
/** Raised whenever lz4-block.ts or lz4.ts would give other bytes. */
const LZ4_VERSION = 'exemplar-lz4/1';

/** What the Arrow format calls each compression; null for none. */
export const COMPRESSION_TYPES: Record<Compression, CompressionType | null> = { zstd: CompressionType.ZSTD, lz4: CompressionType.LZ4_FRAME, none: null };

let registered: Promise<Zstd> | undefined;

/** Teaches apache-arrow zstd and LZ4, which it brings no codecs for; later calls return at once. Resolves with zstd's version. */
export async function registerCodecs(): Promise<string> {
  registered ??= loadZstd().then((zstd) => {
    compressionRegistry.set(CompressionType.ZSTD, { encode: (plain) => zstd.compress(plain, LEVEL), decode: (compressed) => zstd.decompress(compressed) });
    compressionRegistry.set(CompressionType.LZ4_FRAME, { encode: compressFrame, decode: decompressFrame });
    return zstd;
  });
  return (await registered).version();
}

/** Names the codec as the campaign's fingerprint holds it, such as `zstd/1.5.7 level 3`. */
export async function codecName(compression: Compression): Promise<string> {
  if (compression === 'zstd') return `zstd/${(await registerCodecs()).replace(/^v/, '')} level ${LEVEL}`;
  return compression === 'lz4' ? LZ4_VERSION : 'none';
}
