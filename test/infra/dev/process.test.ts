import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { isAlive, logTail, startProcess, stopMarked, stopProcess, type RunningProcess } from '../../../infra/dev/process.ts';
import { listensOn, markedProcesses, startOf } from '../../../infra/dev/process-table.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Runs a Node script in the background; it has started when its log holds "up". */
async function background(script: string): Promise<RunningProcess & { mark: string; log: string }> {
  const folder = temporaryFolder();
  const [mark, log] = [`${folder}:test`, join(folder, 'logs', 'test.log')];
  const running = await startProcess({ mark, log, command: [process.execPath, '-e', script], env: { PATH: process.env['PATH'] }, cwd: folder });
  onTestFinished(async () => void (await stopMarked(mark, 0)));
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toContain('up'), { timeout: 10_000 });
  return { ...running, mark, log };
}

const STAYS = `console.log('up'); setInterval(() => {}, 1000)`;
const HAS_A_CHILD = `require('node:child_process').spawn(process.execPath, ['-e', "console.log('up'); setInterval(() => {}, 1000)"], { stdio: 'inherit' })`;

test('a started process writes to its log and ends when asked', async () => {
  const running = await background(STAYS);
  expect(isAlive(running)).toBe(true);
  expect(logTail(running.log)).toBe('up');
  expect(await stopProcess(running, 10_000)).toBe('stopped');
  expect(isAlive(running)).toBe(false);
  expect(await stopProcess(running, 10_000)).toBe('gone');
});

test('a process that ignores SIGTERM is killed with its children after the grace period', async () => {
  const running = await background(`process.on('SIGTERM', () => {}); ${HAS_A_CHILD}`);
  expect(markedProcesses(running.mark)).toHaveLength(2);
  expect(await stopProcess(running, 100)).toBe('killed');
  await vi.waitFor(() => expect(markedProcesses(running.mark)).toEqual([]));
});

test('children that outlive a killed leader are found by their mark', async () => {
  const running = await background(HAS_A_CHILD);
  process.kill(running.pid, 'SIGKILL');
  await vi.waitFor(() => expect(isAlive(running)).toBe(false));
  expect(await stopMarked(running.mark, 5_000)).toBe(1);
  expect(markedProcesses(running.mark)).toEqual([]);
});

test('a pid that was given to another process is neither taken for alive nor signalled', async () => {
  const running = await background(STAYS);
  const reused = { pid: running.pid, start: String(Number(running.start) - 1) };
  expect(isAlive(reused)).toBe(false);
  expect(await stopProcess(reused, 10_000)).toBe('gone');
  expect(isAlive(running)).toBe(true);
});

test('a program that does not exist is named', async () => {
  const spec = { mark: 'none', log: join(temporaryFolder(), 'log'), env: {}, cwd: '/' };
  await expect(startProcess({ ...spec, command: ['/no/such/program'] })).rejects.toThrow('cannot run /no/such/program');
});

test.runIf(process.platform === 'linux')('the owner of a listening port is told from others', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const other = await background(STAYS);
  expect(listensOn(process.pid, port)).toBe(true);
  expect(listensOn(other.pid, port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(listensOn(process.pid, port)).toBe(false);
});

test('no process has a start when there is none', () => {
  expect(startOf(process.pid)).toMatch(/\d/);
  expect(startOf(2 ** 22 + 1)).toBeNull();
});
