import { CommanderError } from 'commander';

/** Exit codes of every verb. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** A failure that is nobody's bug: an unreachable service, a dataset that does not verify. One line, exit code 1. */
export class Failure extends Error {
  override name = 'Failure';
}

/** How an error is shown: one line, without the leading `exemplar: `. */
export interface Fault {
  message: string;
  exitCode: number;
}

/** Errors by name, so that nothing heavy is loaded only to tell them apart. */
const USAGE_ERRORS = new Set(['UsageError', 'PullRefused', 'MergeRefused']);
const BUGS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'ZodError', 'AssertionError']);

/** What to print for an error, whoever threw it; `help` is the command that explains the usage. */
export function faultOf(error: unknown, help = 'exemplar --help'): Fault {
  if (error instanceof CommanderError) return { message: commanderLine(error, help), exitCode: EXIT.usage };
  if (!(error instanceof Error)) return { message: String(error), exitCode: EXIT.failed };
  if (USAGE_ERRORS.has(error.name)) return { message: firstLine(error.message), exitCode: EXIT.usage };
  if (error.name === 'StoreError') return { message: storeLine(error), exitCode: EXIT.failed };
  if (answerOf(error) !== null) return { message: `the model answers ${answerOf(error) as string}`, exitCode: EXIT.failed };
  if (error.name === 'WorkflowFailedError' && error.cause instanceof Error) return { message: `${firstLine(error.message)}: ${firstLine(innermost(error).message)}`, exitCode: EXIT.failed };
  if (error.name === 'ServiceError') return { message: `Temporal: ${firstLine(innermost(error).message)}`, exitCode: EXIT.failed };
  if (BUGS.has(error.name)) return { message: `internal error: ${firstLine(error.message)} (EXEMPLAR_DEBUG=1 prints the trace)`, exitCode: EXIT.failed };
  return { message: firstLine(error.message), exitCode: EXIT.failed };
}

/** What a model's server said, such as `HTTP 404: model: no-such-model`; null for an error of another kind. */
function answerOf(error: Error): string | null {
  const { status, error: body } = error as { status?: unknown; error?: { error?: { message?: unknown } } };
  const message = body?.error?.message;
  return typeof status === 'number' && typeof message === 'string' ? `HTTP ${status}: ${firstLine(message)}` : null;
}

function commanderLine({ message }: CommanderError, help: string): string {
  const line = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ').replace(/\.?\s*$/, '');
  return /\(Did you mean/.test(line) ? line : `${line}; see \`${help}\``;
}

function storeLine(error: Error & { status?: unknown }): string {
  const place = /\[(.*?), key=/.exec(error.message)?.[1] ?? 'S3';
  const cause = innermost(error);
  if (error.status === 401 || error.status === 403) return `S3: ${place} refuses the credentials (HTTP ${error.status}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  if (error.status === 404) return `S3: there is no bucket at ${place}: create it, or set EXEMPLAR_BUCKET`;
  if (cause.name === 'CredentialsProviderError') return `S3: no credentials for ${place}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  if (error.status === undefined) return `cannot reach S3: ${place}: ${reasonOf(cause)}`;
  return firstLine(error.message);
}

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ECONNREFUSED' ? 'connection refused; is it running, and is AWS_ENDPOINT_URL right?' : firstLine(error.message) || String(code ?? error.name);
}

function innermost(error: Error): Error {
  const { cause } = error;
  return cause instanceof Error && cause !== error ? innermost(cause) : error;
}

/** The first line; where that announces more, such as the end of a log, the last one too. */
function firstLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const first = lines[0] ?? text;
  return first.endsWith(':') && lines.length > 1 ? `${first} ${(lines.at(-1) as string).trim()}` : first;
}
