import { Option, type Command } from 'commander';
import { shownAsJson, shownOnTerminal } from './terminal.ts';

/** Option that every verb takes. */
export const JSON_OPTION = new Option('--json', 'print one JSON object on stdout, progress on stderr');

/** Where a verb says things: its one result on stdout, everything else on stderr. */
export class Output {
  readonly json: boolean;

  constructor(options: { json?: boolean }) {
    this.json = options.json === true;
  }

  /** Progress, advice, notices. */
  readonly say = (line: string): void => {
    process.stderr.write(`${shownOnTerminal(line)}\n`);
  };

  /** The result: `value` under --json (camelCase keys), else the text. Once a run. */
  result(value: object, text: string): void {
    process.stdout.write(this.json ? `${shownAsJson(value)}\n` : text === '' ? '' : `${shownOnTerminal(text)}\n`);
  }
}

/** A verb as commander takes it, such as `run <file>`, with the option that all verbs share. */
export function verb(program: Command, usage: string, summary: string): Command {
  return program.command(usage).description(summary).addOption(JSON_OPTION);
}

/** Rows of cells as aligned columns: the first to the left, the others as `right` says. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows
    .map((row) => row.map((cell, i) => (right.includes(i) ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join('  ').trimEnd())
    .join('\n');
}
