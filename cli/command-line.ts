import { inspect } from 'node:util';
import { CommanderError, type Command } from 'commander';
import { redacted } from '../activities/secrets.ts';
import { UsageError } from '../infra/usage-error.ts';
import { EXIT, faultOf } from './errors.ts';
import { createProgram } from './program.ts';
import { shownAsJson, shownOnTerminal } from './terminal.ts';

/** Runs what was typed after `exemplar`. Never throws: what goes wrong is told in one line, and in `process.exitCode`. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  let program: Command | undefined;
  try {
    program = createProgram();
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      process.exitCode = EXIT.usage;
      return;
    }
    const [help, named] = argv;
    if (help === 'help' && named !== undefined && verbsOf([named], program) === '') throw new UsageError(`unknown command '${named}'; see \`exemplar --help\``);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = EXIT.ok;
    else report(error, argv, program);
  }
}

/** The command that was meant, as far as it is known, such as ` library add`. */
function verbsOf(words: readonly string[], parent: Command | undefined): string {
  const verb = parent?.commands.find((command) => command.name() === words[0]);
  return verb === undefined ? '' : ` ${verb.name()}${verbsOf(words.slice(1), verb)}`;
}

/** One line on stderr; under --json also one object on stdout, so that there always is one. */
function report(error: unknown, argv: readonly string[], program: Command | undefined): void {
  const { message, exitCode } = faultOf(error, `exemplar${verbsOf(argv, program)} --help`);
  if (process.env['EXEMPLAR_DEBUG'] === '1') process.stderr.write(`${redacted(inspect(error))}\n`);
  process.stderr.write(`exemplar: ${shownOnTerminal(message)}\n`);
  if (argv.includes('--json')) process.stdout.write(`${shownAsJson({ error: { message, exitCode } })}\n`);
  process.exitCode = exitCode;
}
