import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressFrame, decompressFrame } from '../../../infra/arrow/lz4.ts';
import { sha256Hex } from '../../../schemas/canonical.ts';
import { testPython } from '../../activities/shards/pyarrow.ts';

const BLOCK = 4 << 20;

/** Bytes that look random, the same every time. */
function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return new Uint8Array(length).map(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

/** Repeated text of one whole block, in whose last `before` bytes an earlier piece comes again, and `more` bytes behind it. */
function repeatsAtEnd(before: number, more: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK + more).map((_, i) => 65 + (i % 7));
  bytes.set(noise(40), BLOCK - 40);
  bytes.copyWithin(BLOCK - before, BLOCK - 35, BLOCK - 35 + before);
  return bytes;
}

const text = new TextEncoder().encode(Array.from({ length: 9_000 }, (_, n) => `n${n} [hours] -> walk to place ${n % 37}, then wait; `).join(''));
const CASES: Record<string, Uint8Array> = {
  empty: new Uint8Array(0),
  'one byte': new Uint8Array([7]),
  'twelve bytes': new Uint8Array(12),
  'thirteen equal bytes': new Uint8Array(13).fill(1),
  noise: noise(70_000),
  text,
  'text over several windows': new Uint8Array(Array.from({ length: 3 }, () => [...text]).flat()),
  'zeros of more than a block': new Uint8Array(BLOCK + 5),
  'noise, then its beginning again at the window\'s edge': new Uint8Array([...noise(65_536), ...noise(300)]),
  // decoders refuse a block whose last copy begins less than twelve bytes before its end
  ...Object.fromEntries([9, 10, 11, 12, 13].map((before) => [`a block whose last ${before} bytes were seen before`, repeatsAtEnd(before, 100)])),
};

describe('LZ4 frames', () => {
  it.each(Object.entries(CASES))('give back what was put in: %s', (_, plain) => {
    expect(Buffer.compare(decompressFrame(compressFrame(plain)), plain)).toBe(0);
  });

  it('give back whatever was put in', () => {
    const repetitive = fc.array(fc.constantFrom('a', 'ab', 'walk ', 'ü'), { maxLength: 400 }).map((words) => new TextEncoder().encode(words.join('')));
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), repetitive), (plain) => Buffer.compare(decompressFrame(compressFrame(plain)), plain) === 0));
  });

  it.skipIf(testPython === null)('are read by liblz4, and its frames are read (needs the Python environment)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'exemplar-lz4-'));
    const cases = Object.values(CASES);
    for (const [i, plain] of cases.entries()) {
      writeFileSync(join(folder, `${i}.plain`), plain);
      writeFileSync(join(folder, `${i}.frame`), compressFrame(plain));
    }
    const { stdout } = await promisify(execFile)(testPython as string, [fileURLToPath(new URL('lz4_frames.py', import.meta.url)), folder]);
    expect((JSON.parse(stdout) as string[]).map(Number).sort((a, b) => a - b)).toEqual(cases.map((_, i) => i));
    for (const [i, plain] of cases.entries()) {
      const theirs = readFileSync(join(folder, `${i}.theirs`));
      expect(Buffer.compare(decompressFrame(theirs), plain), `case ${i}`).toBe(0);
      // small frames differ by the header, which tells the size here
      expect(compressFrame(plain).length).toBeLessThan(1.05 * theirs.length + 16);
    }
  });

  it('have the bytes that campaigns were begun with: others need another version of the codec', () => {
    expect(sha256Hex(compressFrame(text))).toBe('0de385b6ab75c4b2fae053eda2747b1994a59e190af6ff59736318acd8b979aa');
  });

  it('that are cut, damaged or no frames are refused', () => {
    const frame = compressFrame(text);
    for (const length of [0, 3, 10, 15, 19, 200, frame.length - 4]) expect(() => decompressFrame(frame.subarray(0, length)), String(length)).toThrow(RangeError);
    expect(() => decompressFrame(text)).toThrow('not an LZ4 frame');
    expect(() => decompressFrame(frame.map((byte, i) => (i === 7 ? byte ^ 1 : byte)))).toThrow('header is damaged');
    fc.assert(
      fc.property(fc.nat(frame.length - 20), fc.integer({ min: 1, max: 255 }), (at, change) => {
        try {
          return decompressFrame(frame.map((byte, i) => (i === 15 + at ? byte ^ change : byte))).length === text.length;
        } catch (error) {
          return error instanceof RangeError;
        }
      }),
    );
  });
});
