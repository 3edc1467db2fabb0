import { inspect } from 'node:util';
import { CommanderError, type Command } from 'commander';
import { redacted } from '../activities/secrets.ts';
import { UsageError } from '../infra/usage-error.ts';
import { EXIT, faultOf } from './errors.ts';
import { createProgram } from './program.ts';
import { shownAsJson, shownOnTerminal } from './terminal.ts';

// one line is all that users see: neither Node's deprecations nor the SDKs' advice on versions of Node and models
process.noDeprecation = true;
console.warn = () => undefined;
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `exemplar status | head`: the reader has enough
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

const argv = process.argv.slice(2);
let program: Command | undefined;
try {
  program = createProgram();
  if (argv.length === 0) {
    program.outputHelp({ error: true });
    process.exitCode = EXIT.usage;
  } else {
    const [help, named] = argv;
    if (help === 'help' && named !== undefined && verbsOf([named], program) === '') throw new UsageError(`unknown command '${named}'; see \`exemplar --help\``);
    await program.parseAsync(argv, { from: 'user' });
  }
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = EXIT.ok;
  else report(error);
}

/** The command that was meant, as far as it is known, such as ` library add`. */
function verbsOf(words: readonly string[], parent: Command | undefined): string {
  const verb = parent?.commands.find((command) => command.name() === words[0]);
  return verb === undefined ? '' : ` ${verb.name()}${verbsOf(words.slice(1), verb)}`;
}

/** One line on stderr; under --json also one object on stdout, so that there always is one. */
function report(error: unknown): void {
  const { message, exitCode } = faultOf(error, `exemplar${verbsOf(argv, program)} --help`);
  if (process.env['EXEMPLAR_DEBUG'] === '1') process.stderr.write(`${redacted(inspect(error))}\n`);
  process.stderr.write(`exemplar: ${shownOnTerminal(message)}\n`);
  if (argv.includes('--json')) process.stdout.write(`${shownAsJson({ error: { message, exitCode } })}\n`);
  process.exitCode = exitCode;
}
