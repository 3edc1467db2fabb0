import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pinnedTorch, withoutTorch } from '../../../infra/dev/requirements.ts';
import { packageRoot } from '../../../infra/package-root.ts';

const LOCK = `# made by hand
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
nvidia-cublas==13.4.1.3 ; sys_platform == 'linux' \\
    --hash=sha256:cc
    # via torch
cuda-toolkit==13.2.2 \\
    --hash=sha256:dd
torch==2.15.0 \\
    --hash=sha256:ee
torchmetrics==1.0 \\
    --hash=sha256:ff
triton==3.9.0 \\
    --hash=sha256:00
`;

test('the lock without torch keeps every other entry whole', () => {
  expect(withoutTorch(LOCK)).toBe(`numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
torchmetrics==1.0 \\
    --hash=sha256:ff
`);
});

test('the pin of torch is found, and its absence too', () => {
  expect(pinnedTorch(LOCK)).toBe('2.15.0');
  expect(pinnedTorch(withoutTorch(LOCK))).toBeNull();
});

test("without torch the trainer's own lock keeps what it imports and has nothing of CUDA", () => {
  const lock = readFileSync(join(packageRoot, 'trainer', 'requirements.txt'), 'utf8');
  const names = [...withoutTorch(lock).matchAll(/^([a-z0-9-]+)==/gm)].map((match) => match[1]);
  expect(names).toEqual(expect.arrayContaining(['numpy', 'pyarrow', 'safetensors', 'temporalio', 'sympy', 'networkx', 'jinja2', 'fsspec', 'filelock', 'typing-extensions']));
  expect(names.filter((name) => /cuda|nvidia|torch|triton/.test(name as string))).toEqual([]);
});
