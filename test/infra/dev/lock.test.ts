import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { withLock } from '../../../infra/dev/lock.ts';
import { startOf } from '../../../infra/dev/process-table.ts';
import { temporaryFolder } from './temporary-folder.ts';

const lockPath = () => join(temporaryFolder(), 'up.lock');

test('those who want a lock at once take turns, and those who wait are told by whom it is held', async () => {
  const path = lockPath();
  let inside = 0;
  let most = 0;
  const told: number[] = [];
  const turn = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside--;
  };
  await Promise.all(Array.from({ length: 4 }, async () => await withLock(path, (pid) => told.push(pid), turn)));
  expect(most).toBe(1);
  expect(told).toEqual([process.pid, process.pid, process.pid]);
  expect(readdirSync(dirname(path))).toEqual([]);
});

test.each([
  ['a process that has ended', () => JSON.stringify({ pid: spawnSync('true').pid, start: '1' })],
  ['a process whose pid was given to another', () => JSON.stringify({ pid: process.pid, start: `${startOf(process.pid)}0` })],
  ['a disk that was full', () => ''],
])('a lock left by %s is taken over', async (_, content) => {
  const path = lockPath();
  writeFileSync(path, content());
  const waited: number[] = [];
  expect(await withLock(path, (pid) => waited.push(pid), () => Promise.resolve('done'))).toBe('done');
  expect(waited).toEqual([]);
});

test('a failure frees the lock', async () => {
  const path = lockPath();
  await expect(withLock(path, () => {}, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(existsSync(path)).toBe(false);
});
