/*
 * The sequences inside an LZ4 block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): literals, then a copy of at least four
 * bytes from at most 65,535 before.
 */

const LEAST_MATCH = 4;
const FARTHEST = 0xffff;
/** The last bytes of a block are literals, and the last copy begins at least so many before its end: decoders rely on both. */
const LAST_LITERALS = 5;
const LAST_MATCH = 12;
/** Positions without a match until the search begins to skip, as a power of two. */
const PATIENCE = 6;
const HASH_BITS = 14;
/** From where on copying by the runtime beats a loop, bytes. */
const LONG = 48;

/** Where five bytes of a kind were last seen, plus one; 0 for never. Blocks of one frame share it, and it must be cleared for the next. */
export const POSITIONS = 1 << HASH_BITS;

/** Writes `plain[start, end)` to `out` from `at` on, as one block; returns where it ends. `out` must have room for its length * 256/255 + 16. */
export function compressBlock(plain: Uint8Array, start: number, end: number, out: Uint8Array, at: number, table: Uint32Array): number {
  const words = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const last = end - LAST_MATCH;
  const reach = end - LAST_LITERALS;
  let literals = start;
  let here = start;
  let misses = 1 << PATIENCE;
  while (here <= last) {
    const word = words.getInt32(here, true);
    const slot = slotOf(word, plain[here + 4] as number);
    let there = (table[slot] as number) - 1;
    table[slot] = here + 1;
    if (there < 0 || here - there > FARTHEST || words.getInt32(there, true) !== word) {
      here += misses++ >> PATIENCE;
      continue;
    }
    while (here > literals && there > 0 && plain[here - 1] === plain[there - 1]) {
      here -= 1;
      there -= 1;
    }
    const offset = here - there;
    let after = here + LEAST_MATCH;
    while (after + 4 <= reach && words.getInt32(after, true) === words.getInt32(after - offset, true)) after += 4;
    while (after < reach && plain[after] === plain[after - offset]) after += 1;
    at = writeSequence(plain, literals, here, offset, after - here, out, at);
    // what stands just before the next search is likely to be met again
    table[slotOf(words.getInt32(after - 2, true), plain[after + 2] as number)] = after - 1;
    literals = here = after;
    misses = 1 << PATIENCE;
  }
  return writeSequence(plain, literals, end, 0, 0, out, at);
}

/** Reads a block's bytes `block[at, end)` into `out` from `to` on, whose bytes before may be referred to; returns where it ends. Throws a RangeError. */
export function decompressBlock(block: Uint8Array, at: number, end: number, out: Uint8Array, to: number): number {
  while (at < end) {
    const token = block[at++] as number;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do literals += more = byteAt(block, at++, end);
      while (more === 255);
    }
    if (at + literals > end || to + literals > out.length) throw new RangeError('an LZ4 block whose literals run over');
    if (literals > LONG) out.set(block.subarray(at, at + literals), to);
    else for (let i = 0; i < literals; i++) out[to + i] = block[at + i] as number;
    at += literals;
    to += literals;
    if (at === end) break;
    const offset = byteAt(block, at, end) | (byteAt(block, at + 1, end) << 8);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let more: number;
      do length += more = byteAt(block, at++, end);
      while (more === 255);
    }
    length += LEAST_MATCH;
    if (offset === 0 || offset > to || to + length > out.length) throw new RangeError('an LZ4 block that copies from or to nowhere');
    if (length > LONG && offset >= length) out.copyWithin(to, to - offset, to - offset + length);
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - offset] as number;
    to += length;
  }
  return to;
}

/** A `length` of 0 ends the block: literals alone. */
function writeSequence(plain: Uint8Array, start: number, end: number, offset: number, length: number, out: Uint8Array, at: number): number {
  const literals = end - start;
  const more = length === 0 ? 0 : length - LEAST_MATCH;
  out[at++] = (Math.min(literals, 15) << 4) | Math.min(more, 15);
  if (literals >= 15) at = writeLength(literals - 15, out, at);
  if (literals > LONG) out.set(plain.subarray(start, end), at);
  else for (let i = 0; i < literals; i++) out[at + i] = plain[start + i] as number;
  at += literals;
  if (length === 0) return at;
  out[at++] = offset & 0xff;
  out[at++] = offset >> 8;
  return more >= 15 ? writeLength(more - 15, out, at) : at;
}

function writeLength(rest: number, out: Uint8Array, at: number): number {
  for (; rest >= 255; rest -= 255) out[at++] = 255;
  out[at++] = rest;
  return at;
}

/** Of five bytes, though four make a match: what shares five is a longer one. */
function slotOf(word: number, fifth: number): number {
  return Math.imul(word ^ Math.imul(fifth, 0x85ebca77), 0x9e3779b1) >>> (32 - HASH_BITS);
}

function byteAt(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw new RangeError('an LZ4 block that ends early');
  return bytes[at] as number;
}
