import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkerOptions } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import { packageRoot } from '../../infra/package-root.ts';
import * as workflows from '../../workflows/index.ts';
import { WORKFLOWS } from '../harness/engine.ts';
import { historyFromJson } from './history.ts';

vi.setConfig({ testTimeout: 60_000 });

const FOLDER = join(packageRoot, 'test', 'histories');
/** `<workflow>.<case>.json`; test/histories/record.js makes them. */
const HISTORIES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** What became of each history's replay: undefined, or why it failed. One worker replays them all. */
async function replayed(workflowBundle: NonNullable<WorkerOptions['workflowBundle']>): Promise<Map<string, Error | undefined>> {
  const histories = HISTORIES.map((workflowId) => ({ workflowId, history: historyFromJson(JSON.parse(readFileSync(join(FOLDER, workflowId), 'utf8'))) }));
  const found = new Map<string, Error | undefined>();
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle, dataConverter: dataConverterOf(null) }, histories)) found.set(workflowId, error);
  return found;
}

test('every workflow has a history', () => {
  expect(new Set(HISTORIES.map((name) => name.split('.')[0]))).toEqual(new Set(Object.keys(workflows)));
});

describe('with the workflows of today', () => {
  let found: Map<string, Error | undefined>;
  beforeAll(async () => {
    found = await replayed(WORKFLOWS);
  });

  test.each(HISTORIES)('%s replays', (name) => {
    expect(found.has(name)).toBe(true);
    expect(found.get(name)).toBeUndefined();
  });
});

describe('with workflows that begin otherwise', () => {
  let found: Map<string, Error | undefined>;
  beforeAll(async () => {
    const workflowsPath = fileURLToPath(new URL('changed-workflows.ts', import.meta.url));
    found = await replayed(await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') }));
  });

  test.each(HISTORIES)('%s does not replay', (name) => {
    expect(found.get(name)).toBeInstanceOf(DeterminismViolationError);
  });
});
