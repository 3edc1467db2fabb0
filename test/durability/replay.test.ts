import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { expect, test, vi } from 'vitest';
import { dataConverterOf } from '../../infra/codec/data-converter.ts';
import { packageRoot } from '../../infra/package-root.ts';
import * as workflows from '../../workflows/index.ts';
import { workflowBundle } from '../harness/engine.ts';
import { historyFromJson } from './history.ts';

vi.setConfig({ testTimeout: 60_000 });

const FOLDER = join(packageRoot, 'test', 'histories');
/** `<workflow>.<case>.json`; test/histories/record.js makes them. */
const HISTORIES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

let changed: Promise<WorkflowBundleWithSourceMap> | undefined;

async function replay(name: string, workflowBundle: WorkflowBundleWithSourceMap): Promise<void> {
  const history = historyFromJson(JSON.parse(readFileSync(join(FOLDER, name), 'utf8')));
  await Worker.runReplayHistory({ workflowBundle, dataConverter: dataConverterOf(null) }, history);
}

test('every workflow has a history', () => {
  expect(new Set(HISTORIES.map((name) => name.split('.')[0]))).toEqual(new Set(Object.keys(workflows)));
});

test.each(HISTORIES)('%s replays with the workflows of today', async (name) => {
  await replay(name, (await workflowBundle()) as WorkflowBundleWithSourceMap);
});

test.each(HISTORIES)('%s does not replay with workflows that begin otherwise', async (name) => {
  const workflowsPath = fileURLToPath(new URL('changed-workflows.ts', import.meta.url));
  changed ??= bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  await expect(replay(name, await changed)).rejects.toThrow(DeterminismViolationError);
});
