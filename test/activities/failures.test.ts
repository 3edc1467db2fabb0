import Anthropic from '@anthropic-ai/sdk';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { CorruptData, toFailure, ToolUnreachable, WrongProvider } from '../../activities/failures.ts';
import { TurnedAway } from '../../activities/limits/turned-away.ts';
import { StoreError } from '../../infra/store-s3.ts';

const api = (status: number, message = 'no') => Anthropic.APIError.generate(status, { error: { message } }, message, new Headers());

const TABLE: [string, unknown, string, 'retry' | 'terminal'][] = [
  ['400', api(400), 'Model.BadRequest', 'terminal'],
  ['400 for a prompt that is too long', api(400, 'prompt is too long: 300000 tokens'), 'Model.Oversize', 'terminal'],
  ['401', api(401), 'Model.Authentication', 'retry'],
  ['403', api(403), 'Model.Authentication', 'retry'],
  ['404', api(404), 'Model.BadRequest', 'terminal'],
  ['409', api(409), 'Model.Unavailable', 'retry'],
  ['413', api(413), 'Model.Oversize', 'terminal'],
  ['422', api(422), 'Model.BadRequest', 'terminal'],
  ['429 that outlasted the wait', api(429), 'Model.RateLimited', 'retry'],
  ['500', api(500), 'Model.Unavailable', 'retry'],
  ['529 that outlasted the wait', api(529), 'Model.Overloaded', 'retry'],
  ['no connection', new Anthropic.APIConnectionError({ message: 'Connection error.' }), 'Model.Unavailable', 'retry'],
  ['timeout', new Anthropic.APIConnectionTimeoutError(), 'Model.Unavailable', 'retry'],
  ['store 500', new StoreError('internal', 500), 'Store.Unavailable', 'retry'],
  ['store 403', new StoreError('denied', 403), 'Store.Denied', 'retry'],
  ['store unreachable', new StoreError('connect ECONNREFUSED', undefined), 'Store.Unavailable', 'retry'],
  ['another provider than the campaign’s', new WrongProvider('x'), 'Model.WrongProvider', 'retry'],
  ['a tool out of reach', new ToolUnreachable('no map'), 'Tool.Unreachable', 'retry'],
  ['a worker that shuts down', new TurnedAway(), 'Worker.ShuttingDown', 'retry'],
  ['corrupt data', new CorruptData('hash'), 'Data.Corrupt', 'terminal'],
  ['a bug', new TypeError('x is not a function'), 'Internal', 'terminal'],
  ['anything else', new Error('odd'), 'Model.Unavailable', 'retry'],
];

test.each(TABLE)('%s is %3$s as %2$s', (_name, error, type, verdict) => {
  const failure = toFailure(error) as ApplicationFailure;
  expect(failure.type).toBe(type);
  expect(failure.nonRetryable === true ? 'terminal' : 'retry').toBe(verdict);
  expect(failure.cause).toBe(error);
});

test('cancellation and failures already mapped pass through', () => {
  const cancelled = new CancelledFailure('stop');
  const mapped = ApplicationFailure.nonRetryable('done', 'X');
  expect(toFailure(cancelled)).toBe(cancelled);
  expect(toFailure(mapped)).toBe(mapped);
});
