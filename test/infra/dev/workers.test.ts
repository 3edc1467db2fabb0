import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { workerEnvironment } from '../../../infra/dev/environment.ts';
import { trainerService } from '../../../infra/dev/workers.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import { testPython } from '../../activities/shards/pyarrow.ts';

/** What a training puts, again and again over one connection. */
const PUT = `
from exemplar_data.storage import open_store

store = open_store("s3://exemplar/checkpoints/many-writes")
for step in range(20):
    for name, size in (("model", 2_000_000), ("metrics", 3_000), ("state", 2_000)):
        store.write(f"{step}/{name}", b"x" * size)
print(len(store.names()))
`;

test.skipIf(testPython === null)('what the trainer puts reaches the local S3 server, however small it is', () => {
  const env = workerEnvironment(inject('services'), { temporal: false, s3: false, model: false });
  const service = trainerService(tmpdir(), env, ['python']).on({});
  const written = execFileSync(testPython as string, ['-c', PUT], { env: { ...process.env, ...service.env, PYTHONPATH: join(packageRoot, 'trainer') }, encoding: 'utf8' });
  expect(written).toBe('20\n');
});
