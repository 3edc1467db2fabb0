import { CompressionType, compressionRegistry } from 'apache-arrow';
import type { Zstd } from '@hpcc-js/wasm-zstd';
import { loadZstd } from './zstd.ts';

/** Fixed, for equal bytes everywhere; 3 is zstd's own default. */
const LEVEL = 3;

let registered: Promise<Zstd> | undefined;

/** Teaches apache-arrow zstd, which it brings no codec for; later calls return at once. Resolves with zstd's version. */
export async function registerZstd(): Promise<string> {
  registered ??= loadZstd().then((zstd) => {
    compressionRegistry.set(CompressionType.ZSTD, {
      encode: (plain) => zstd.compress(plain, LEVEL),
      decode: (compressed) => zstd.decompress(compressed),
    });
    return zstd;
  });
  return (await registered).version();
}

/** Names the codec as the campaign's fingerprint holds it, such as `zstd/1.5.7 level 3`. */
export async function codecName(compression: 'zstd' | 'none'): Promise<string> {
  return compression === 'none' ? 'none' : `zstd/${(await registerZstd()).replace(/^v/, '')} level ${LEVEL}`;
}
