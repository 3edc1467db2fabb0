/** Faults shown by name; what lies beyond is counted. */
const SHOWN = 1000;

/** Counts checks and keeps the faults, one line each. */
export class Findings {
  checks = 0;
  readonly #faults: string[] = [];
  #more = 0;

  /** Counts a check and, where it did not hold, keeps its fault. Returns whether it held. */
  check(holds: boolean, fault: () => string): boolean {
    this.checks += 1;
    if (holds) return true;
    if (this.#faults.length < SHOWN) this.#faults.push(fault().replaceAll(/\s*\n\s*/g, ' '));
    else this.#more += 1;
    return false;
  }

  get faults(): string[] {
    return this.#more === 0 ? [...this.#faults] : [...this.#faults, `and ${this.#more} more faults`];
  }
}
