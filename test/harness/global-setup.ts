import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { down, up, type DevServices } from '../../infra/dev/services.ts';
import { bundleWorkflows } from '../../workers/worker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    services: DevServices;
    /** Path of the workflows as bundled from source. */
    workflows: string;
  }
}

/**
 * One real Temporal server, one real S3 server and one bundle of the workflows for the whole run. Their folder, and every temporary folder that a test makes and
 * leaves, lie in one that is removed at the end: test processes inherit TMPDIR.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = mkdtempSync(join(tmpdir(), 'exemplar-tests-'));
  process.env['TMPDIR'] = root;
  const dir = join(root, 'services');
  const workflows = join(root, 'workflows.js');
  const [services, { code }] = await Promise.all([up({ dir, only: ['temporal', 's3'], say: (line) => console.log(line) }), bundleWorkflows()]);
  writeFileSync(workflows, code);
  project.provide('services', services);
  project.provide('workflows', workflows);
  return async () => {
    await down({ dir });
    rmSync(root, { recursive: true, force: true });
  };
}
