import { compressBlock, decompressBlock, POSITIONS } from './lz4-block.ts';

/*
 * LZ4 frames, as the Arrow format's LZ4_FRAME wants them (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). Integer arithmetic alone:
 * equal bytes on every machine.
 */

const MAGIC = 0x184d2204;
/** Version 1, blocks that may refer to the ones before, content size. */
const FLAGS = 0b0100_1000;
const BLOCK_SIZES = new Map([[4, 1 << 16], [5, 1 << 18], [6, 1 << 20], [7, 1 << 22]]);
const BLOCK_CODE = 7;
/** Bytes of plain text a block at most. */
const BLOCK_SIZE = 1 << 22;
/** Bit of a block's size that says that it is not compressed. */
const STORED = 0x8000_0000;
/** No sequence of LZ4 gives more than this many bytes a byte. */
const MOST_RATIO = 255;

// kept from frame to frame, as a file has hundreds
const table = new Uint32Array(POSITIONS);
let scratch = new Uint8Array(0);

/** One frame that holds `plain`, its size in the header. */
export function compressFrame(plain: Uint8Array): Uint8Array {
  const blocks = Math.ceil(plain.length / BLOCK_SIZE);
  const most = 32 + plain.length + Math.ceil(plain.length / 255) + 32 * blocks;
  if (scratch.length < most) scratch = new Uint8Array(most);
  const frame = scratch;
  table.fill(0);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, FLAGS);
  view.setUint8(5, BLOCK_CODE << 4);
  view.setBigUint64(6, BigInt(plain.length), true);
  view.setUint8(14, headerChecksum(frame.subarray(4, 14)));
  let at = 15;
  for (let start = 0; start < plain.length; start += BLOCK_SIZE) {
    const end = Math.min(start + BLOCK_SIZE, plain.length);
    const after = compressBlock(plain, start, end, frame, at + 4, table);
    if (after - at - 4 < end - start) {
      view.setUint32(at, after - at - 4, true);
      at = after;
    } else {
      view.setUint32(at, (STORED | (end - start)) >>> 0, true);
      frame.set(plain.subarray(start, end), at + 4);
      at += 4 + end - start;
    }
  }
  // a block of size 0 ends the frame
  view.setUint32(at, 0, true);
  return frame.slice(0, at + 4);
}

/** What a frame holds. Checksums of blocks and content are passed over: whoever reads a shard has checked its hash. Throws a RangeError for other bytes. */
export function decompressFrame(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flags = view.getUint8(4);
  const blockSize = BLOCK_SIZES.get((view.getUint8(5) >> 4) & 7);
  if (view.getUint32(0, true) !== MAGIC || flags >> 6 !== 1 || blockSize === undefined) throw new RangeError('not an LZ4 frame');
  const [blockSums, sized, dictionary] = [flags & 0b1_0000, flags & 0b1000, flags & 1];
  if (dictionary !== 0) throw new RangeError('an LZ4 frame with a dictionary of its own');
  let at = 7 + (sized === 0 ? 0 : 8);
  if (view.getUint8(at - 1) !== headerChecksum(frame.subarray(4, at - 1))) throw new RangeError('an LZ4 frame whose header is damaged');
  const size = sized === 0 ? null : Number(view.getBigUint64(6, true));
  if (size !== null && size > frame.length * MOST_RATIO) throw new RangeError(`an LZ4 frame of ${frame.length} bytes cannot hold ${size}`);
  let plain = new Uint8Array(size ?? blockSize);
  let written = 0;
  for (;;) {
    const header = view.getUint32(at, true);
    if (header === 0) break;
    const end = at + 4 + (header & ~STORED);
    if (end > frame.length) throw new RangeError('an LZ4 frame that ends early');
    if (size === null) plain = withRoom(plain, written + blockSize);
    if ((header & STORED) === 0) {
      written = decompressBlock(frame, at + 4, end, plain, written);
    } else {
      plain.set(frame.subarray(at + 4, end), written);
      written += end - at - 4;
    }
    at = end + (blockSums === 0 ? 0 : 4);
  }
  if (size !== null && written !== size) throw new RangeError(`an LZ4 frame holds ${written} bytes, its header says ${size}`);
  return written === plain.length ? plain : plain.slice(0, written);
}

function withRoom(bytes: Uint8Array<ArrayBuffer>, room: number): Uint8Array<ArrayBuffer> {
  if (bytes.length >= room) return bytes;
  const larger = new Uint8Array(Math.max(room, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}

const PRIME2 = 0x85ebca77;
const PRIME3 = 0xc2b2ae3d;
const PRIME4 = 0x27d4eb2f;
const PRIME5 = 0x165667b1;
const PRIME1 = 0x9e3779b1;

/** Second byte of xxHash32 with seed 0, for inputs below 16 bytes as headers are (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). */
function headerChecksum(header: Uint8Array): number {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  let hash = (PRIME5 + header.length) | 0;
  let at = 0;
  for (; at + 4 <= header.length; at += 4) {
    hash = (hash + Math.imul(view.getUint32(at, true), PRIME3)) | 0;
    hash = Math.imul((hash << 17) | (hash >>> 15), PRIME4);
  }
  for (; at < header.length; at += 1) {
    hash = (hash + Math.imul(view.getUint8(at), PRIME5)) | 0;
    hash = Math.imul((hash << 11) | (hash >>> 21), PRIME1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME3);
  hash ^= hash >>> 16;
  return (hash >>> 8) & 0xff;
}
