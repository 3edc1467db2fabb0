import { DataType, makeData, Type, type Data, type Field } from 'apache-arrow';
import { Bits, GrowingBytes, Numbers, Offsets } from './growing.ts';

/**
 * The values of one column, put straight into the buffers of the Arrow format as they come. `append` is false for a value that the column does
 * not hold; the builder is of no use afterwards.
 */
export interface ColumnBuilder {
  append(value: unknown): boolean;
  appendAll(values: readonly unknown[]): boolean;
  /** Appends what each of `rows` has under `name`. */
  appendEach(rows: readonly object[], name: string): boolean;
  /** Adds a place whose value nobody sees: it stands in a struct that is null. */
  skip(): void;
  /** Gives what was appended, until the next `append`, and begins anew. */
  take(): Data;
}

/** The builder of a column. Throws a TypeError that names the column for a type that is not written. */
export function columnBuilder(field: Field): ColumnBuilder {
  const type = field.type as DataType;
  const validity = field.nullable ? new Bits() : null;
  if (DataType.isUtf8(type)) return new Utf8Builder(type, validity);
  if (DataType.isInt(type) && type.bitWidth === 64) return new NumberBuilder(type, validity, new Numbers(BigInt64Array), 0n, isInt64);
  if (DataType.isInt(type)) return new NumberBuilder(type, validity, new Numbers(Int32Array), 0, isInt32);
  if (DataType.isFloat(type)) return new NumberBuilder(type, validity, new Numbers(Float64Array), 0, isNumber);
  if (DataType.isBool(type)) return new BoolBuilder(type, validity);
  if (DataType.isList(type)) return new ListBuilder(type, validity, columnBuilder(type.valueField));
  if (DataType.isStruct(type)) return new StructBuilder(type, validity, type.children);
  throw new TypeError(`${field.name}: columns of type ${Type[type.typeId]} are not written`);
}

const isInt64 = (value: unknown): value is bigint => typeof value === 'bigint' && BigInt.asIntN(64, value) === value;
const isInt32 = (value: unknown): value is number => typeof value === 'number' && (value | 0) === value;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);

/** What all builders share: their length, and which places are null. */
abstract class Builder implements ColumnBuilder {
  protected length = 0;
  readonly #type: DataType;
  /** null where no place may be null. */
  protected readonly validity: Bits | null;

  constructor(type: DataType, validity: Bits | null) {
    this.#type = type;
    this.validity = validity;
  }

  append(value: unknown): boolean {
    if (value === null) {
      if (this.validity === null) return false;
      this.skip();
      return true;
    }
    if (!this.put(value)) return false;
    this.validity?.push(true);
    this.length += 1;
    return true;
  }

  appendAll(values: readonly unknown[]): boolean {
    for (const value of values) if (!this.append(value)) return false;
    return true;
  }

  appendEach(rows: readonly object[], name: string): boolean {
    for (const row of rows) if (!this.append((row as Record<string, unknown>)[name])) return false;
    return true;
  }

  skip(): void {
    this.putNothing();
    this.validity?.push(false);
    this.length += 1;
  }

  take(): Data {
    const { length } = this;
    this.length = 0;
    const nullCount = this.validity?.zeros ?? 0;
    const nullBitmap = this.validity?.take();
    return makeData({ type: this.#type, length, nullCount, nullBitmap: nullCount === 0 ? undefined : nullBitmap, ...this.buffers() } as never);
  }

  protected abstract put(value: unknown): boolean;
  protected abstract putNothing(): void;
  protected abstract buffers(): object;
}

class NumberBuilder<T extends number | bigint> extends Builder {
  readonly #values: Numbers<T>;
  readonly #zero: T;
  readonly #holds: (value: unknown) => value is T;

  constructor(type: DataType, validity: Bits | null, values: Numbers<T>, zero: T, holds: (value: unknown) => value is T) {
    super(type, validity);
    this.#values = values;
    this.#zero = zero;
    this.#holds = holds;
  }

  protected put(value: unknown): boolean {
    if (!this.#holds(value)) return false;
    this.#values.push(value);
    return true;
  }

  protected putNothing(): void {
    this.#values.push(this.#zero);
  }

  protected buffers() {
    return { data: this.#values.take() };
  }
}

class BoolBuilder extends Builder {
  readonly #values = new Bits();

  protected put(value: unknown): boolean {
    if (typeof value !== 'boolean') return false;
    this.#values.push(value);
    return true;
  }

  protected putNothing(): void {
    this.#values.push(false);
  }

  protected buffers() {
    return { data: this.#values.take() };
  }
}

/** UTF-16 code units of short strings that are encoded at once. */
const AT_ONCE = 1 << 16;
/** UTF-16 code units from which on a string is encoded by itself. */
const LONG = 1 << 10;
const utf8 = new TextEncoder();

/** Short strings are gathered and encoded many at once: an encoder costs more by the call than by the byte. */
class Utf8Builder extends Builder {
  readonly #offsets = new Offsets();
  readonly #bytes = new GrowingBytes();
  #waiting: string[] = [];
  #units = 0;

  protected put(value: unknown): boolean {
    if (typeof value !== 'string') return false;
    if (value.length >= LONG) {
      this.#encodeWaiting();
      this.#encode(value);
    } else {
      this.#waiting.push(value);
      this.#units += value.length;
      if (this.#units >= AT_ONCE) this.#encodeWaiting();
    }
    return true;
  }

  protected putNothing(): void {
    this.#waiting.push('');
  }

  protected buffers() {
    this.#encodeWaiting();
    return { valueOffsets: this.#offsets.take(), data: this.#bytes.take() };
  }

  #encode(string: string): void {
    const { written } = utf8.encodeInto(string, this.#bytes.room(3 * string.length));
    this.#offsets.push(written);
    this.#bytes.advance(written);
  }

  #encodeWaiting(): void {
    const text = this.#waiting.join('');
    const { written } = utf8.encodeInto(text, this.#bytes.room(3 * text.length));
    if (written === text.length) {
      // nothing beyond ASCII: each code unit is a byte
      for (const string of this.#waiting) this.#offsets.push(string.length);
      this.#bytes.advance(written);
    } else {
      for (const string of this.#waiting) this.#encode(string);
    }
    this.#waiting = [];
    this.#units = 0;
  }
}

class ListBuilder extends Builder {
  readonly #offsets = new Offsets();
  readonly #items: ColumnBuilder;

  constructor(type: DataType, validity: Bits | null, items: ColumnBuilder) {
    super(type, validity);
    this.#items = items;
  }

  protected put(value: unknown): boolean {
    if (!Array.isArray(value)) return false;
    if (!this.#items.appendAll(value)) return false;
    this.#offsets.push(value.length);
    return true;
  }

  protected putNothing(): void {
    this.#offsets.push(0);
  }

  protected buffers() {
    return { valueOffsets: this.#offsets.take(), child: this.#items.take() };
  }
}

class StructBuilder extends Builder {
  readonly #names: readonly string[];
  readonly #children: readonly ColumnBuilder[];

  constructor(type: DataType, validity: Bits | null, fields: readonly Field[]) {
    super(type, validity);
    this.#names = fields.map(({ name }) => name);
    this.#children = fields.map(columnBuilder);
  }

  /** Column by column, which is faster than value by value. */
  override appendAll(values: readonly unknown[]): boolean {
    if (this.validity !== null) return super.appendAll(values);
    // a loop, as `every` passes over holes
    for (const value of values) if (!isObject(value)) return false;
    for (const [i, child] of this.#children.entries()) if (!child.appendEach(values as object[], this.#names[i] as string)) return false;
    this.length += values.length;
    return true;
  }

  protected put(value: unknown): boolean {
    if (!isObject(value)) return false;
    for (const [i, child] of this.#children.entries()) if (!child.append(value[this.#names[i] as string])) return false;
    return true;
  }

  protected putNothing(): void {
    for (const child of this.#children) child.skip();
  }

  protected buffers() {
    return { children: this.#children.map((child) => child.take()) };
  }
}
