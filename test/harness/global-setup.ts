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

/** One real Temporal server and one real S3 server for the whole run, in a folder of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'exemplar-test-services-'));
  const services = await up({ dir, only: ['temporal', 's3'], say: (line) => console.log(line) });
  project.provide('services', services);
  return async () => {
    await down({ dir });
    rmSync(dir, { recursive: true, force: true });
  };
}
