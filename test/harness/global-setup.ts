import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { down, up, type DevServices } from '../../infra/dev/services.ts';

declare module 'vitest' {
  interface ProvidedContext {
    services: DevServices;
  }
}

/**
 * One real Temporal server and one real S3 server for the whole run. Their folder, and every temporary folder that a test makes and
 * leaves, lie in one that is removed at the end: test processes inherit TMPDIR.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = mkdtempSync(join(tmpdir(), 'exemplar-tests-'));
  process.env['TMPDIR'] = root;
  const dir = join(root, 'services');
  const services = await up({ dir, only: ['temporal', 's3'], say: (line) => console.log(line) });
  project.provide('services', services);
  return async () => {
    await down({ dir });
    rmSync(root, { recursive: true, force: true });
  };
}
