/** A list of numbers from 0 to 2^32 - 1, at 4 bytes each and room for as many again. */
export class Growing {
  #values = new Uint32Array(1024);
  #length = 0;

  /** Returns the new length. */
  push(value: number): number {
    if (this.#length === this.#values.length) {
      const wider = new Uint32Array(2 * this.#length);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.#length] = value;
    return (this.#length += 1);
  }

  at(place: number): number {
    return this.#values[place] as number;
  }

  set(place: number, value: number): void {
    this.#values[place] = value;
  }
}
