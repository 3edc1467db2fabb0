/**
 * The model's answer breaks the rules of plans. Each fault is one line that names the node or field and what is allowed, in
 * the model's own ids, so that a repair can quote it.
 */
export class InvalidOutput extends Error {
  readonly faults: string[];

  constructor(faults: string[]) {
    // Faults quote the model's texts and ids, which may hold line breaks.
    const lines = faults.map((fault) => fault.replaceAll(/\s*[\r\n]\s*/g, ' '));
    super(lines.join('\n'));
    this.name = 'InvalidOutput';
    this.faults = lines;
  }
}
