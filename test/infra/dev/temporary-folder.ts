import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder that goes when the test is over, after whatever the test registered later. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-dev-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
