import Anthropic from '@anthropic-ai/sdk';
import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { PullRefused } from '../../activities/shards/pull.ts';
import { Failure, faultOf } from '../../cli/errors.ts';
import { StoreError } from '../../infra/store-s3.ts';
import { UsageError } from '../../infra/usage-error.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:7070'), { code: 'ECONNREFUSED' });
const unknownModel = new Anthropic.NotFoundError(404, { type: 'error', error: { type: 'not_found_error', message: 'model: nobody' } }, 'no such model', new Headers());

/** What was thrown, the line without `exemplar: `, and the exit code. */
const FAULTS: [string, unknown, string, number][] = [
  ['a mistake of the user', new UsageError('demo.yaml: name: too short'), 'demo.yaml: name: too short', 2],
  ['a folder that pull refuses', new PullRefused('DIR: out holds x'), 'DIR: out holds x', 2],
  ['a known failure', new Failure('the trainer is away'), 'the trainer is away', 1],
  ['a typing error', new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'"), "unknown option '--x'; see `exemplar --help`", 2],
  ['a typing error with a guess', new CommanderError(1, 'commander.unknownCommand', "error: unknown command 'rnu'\n(Did you mean run?)"), "unknown command 'rnu' (Did you mean run?)", 2],
  ['a message of many lines', new Error('first\nsecond'), 'first', 1],
  ['the end of a log', new Error('worker ended at start; the end of w.log:\n\nstarting\nno such module\n'), 'worker ended at start; the end of w.log: no such module', 1],
  ['a bucket that is missing', new StoreError('NoSuchBucket [s3://b at http://h, key=k]', 404), 'S3: there is no bucket at s3://b at http://h: create it, or set EXEMPLAR_BUCKET', 1],
  ['credentials that are wrong', new StoreError('Denied [s3://b, key=k]', 403), 'S3: s3://b refuses the credentials (HTTP 403): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY', 1],
  ['a store that is away', new StoreError('connect [s3://b, key=k]', undefined, { cause: refused }), 'cannot reach S3: s3://b: connection refused; is it running, and is AWS_ENDPOINT_URL right?', 1],
  ['a model that nobody knows', unknownModel, 'the model answers HTTP 404: model: nobody', 1],
  ['a bug', new TypeError('x is undefined'), 'internal error: x is undefined (EXEMPLAR_DEBUG=1 prints the trace)', 1],
  ['something thrown that is no error', 'oops', 'oops', 1],
];

test.for(FAULTS)('%s is said in one line', ([, thrown, message, exitCode]) => {
  expect(faultOf(thrown)).toEqual({ message, exitCode });
});
