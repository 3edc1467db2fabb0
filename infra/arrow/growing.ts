/*
 * Buffers of a column while it grows: each doubles where it is full. `take` gives what it holds and begins anew in the same place: what was taken
 * must be used up before more is added.
 */

const FIRST_LENGTH = 64;
/** Bytes that bitmaps are filled up to a multiple of, with zeros: a reader may look at whole cache lines. */
const BITS_ALIGNED = 64;
const INT32_MAX = 2 ** 31 - 1;

type NumberArray<T> = (T extends bigint ? BigInt64Array : Int32Array | Float64Array) & { length: number };

export class Numbers<T extends number | bigint> {
  readonly #make: new (length: number) => NumberArray<T>;
  #values: NumberArray<T>;
  #length = 0;

  constructor(make: new (length: number) => NumberArray<T>) {
    this.#make = make;
    this.#values = new make(0);
  }

  push(value: T): void {
    if (this.#length === this.#values.length) {
      const larger = new this.#make(Math.max(FIRST_LENGTH, 2 * this.#length));
      (larger as Int32Array).set(this.#values as Int32Array);
      this.#values = larger;
    }
    (this.#values as unknown as Record<number, T>)[this.#length++] = value;
  }

  take(): NumberArray<T> {
    const taken = this.#values.subarray(0, this.#length) as NumberArray<T>;
    this.#length = 0;
    return taken;
  }
}

/** Bits, the lowest of a byte first. */
export class Bits {
  #bytes = new Uint8Array(0);
  #length = 0;
  /** How many of them are 0. */
  zeros = 0;

  push(bit: boolean): void {
    const at = this.#length >> 3;
    if (at === this.#bytes.length) this.#bytes = doubled(this.#bytes, at + 1);
    const place = this.#length & 7;
    if (place === 0) this.#bytes[at] = 0;
    if (bit) (this.#bytes[at] as number) |= 1 << place;
    else this.zeros += 1;
    this.#length += 1;
  }

  take(): Uint8Array {
    const end = Math.ceil(this.#length / BITS_ALIGNED / 8) * BITS_ALIGNED;
    if (end > this.#bytes.length) this.#bytes = doubled(this.#bytes, end);
    const taken = this.#bytes.subarray(0, end).fill(0, Math.ceil(this.#length / 8));
    this.#length = 0;
    this.zeros = 0;
    return taken;
  }
}

/** Where each value ends, as the sum of lengths: one more entry than values, the first 0. */
export class Offsets {
  #ends = new Int32Array(FIRST_LENGTH);
  #length = 1;

  push(length: number): void {
    if (this.#length === this.#ends.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    const end = (this.#ends[this.#length - 1] as number) + length;
    if (end > INT32_MAX) throw new RangeError('a column of one record batch takes more than 2 GiB: fewer rows a batch are needed');
    this.#ends[this.#length++] = end;
  }

  take(): Int32Array {
    const taken = this.#ends.subarray(0, this.#length);
    this.#length = 1;
    return taken;
  }
}

export class GrowingBytes {
  #bytes = new Uint8Array(0);
  #length = 0;

  /** The place for the next `length` bytes; `advance` says how many were written. */
  room(length: number): Uint8Array {
    if (this.#length + length > this.#bytes.length) this.#bytes = doubled(this.#bytes, this.#length + length);
    return this.#bytes.subarray(this.#length, this.#length + length);
  }

  advance(length: number): void {
    this.#length += length;
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }
}

function doubled(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(FIRST_LENGTH, least, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}
