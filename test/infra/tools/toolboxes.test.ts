import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import type { Tool } from '../../../activities/tool.ts';
import { packageRoot } from '../../../infra/package-root.ts';
import { Toolboxes, type Clock } from '../../../infra/tools/toolboxes.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { situation, sketchCampaign } from '../../harness/campaigns.ts';
import { CONTEXT } from './context.ts';

const SERVER = join(packageRoot, 'test', 'infra', 'tools', 'mcp', 'server.js');

/** Toolboxes of a campaign with one MCP server, on a clock that is moved by hand. */
async function toolboxes() {
  const store = new MemoryStore();
  const tools = [{ mcp: 'test', command: [process.execPath, SERVER], allow: ['pid', 'hang'] }];
  const { name } = await sketchCampaign(store, { situations: [situation(1)], file: { tools } });
  const due = new Map<object, { at: number; work: () => void }>();
  let now = 0;
  const clock: Clock = (ms, work) => {
    const timer = { callOff: () => void due.delete(timer) };
    due.set(timer, { at: now + ms, work });
    return timer;
  };
  const minutesPass = (minutes: number) => {
    now += minutes * 60_000;
    for (const [timer, { at, work }] of due) if (at <= now && due.delete(timer)) work();
  };
  const boxes = new Toolboxes(new CampaignReader(store), clock);
  onTestFinished(() => boxes.close());
  const run = (tool: string, signal = CONTEXT.signal) => boxes.use(name, async (all) => (await (all.find((each) => each.name === tool) as Tool).run({}, { ...CONTEXT, signal })).text);
  return { boxes, minutesPass, run, pid: async () => Number(await run('test_pid')) };
}

/** Whether a process is there; one that has just been ended may take a moment to go. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a toolbox is closed after ten minutes without use, and opened again by the next one', async () => {
  const { minutesPass, pid } = await toolboxes();
  const first = await pid();
  minutesPass(9);
  expect(await pid()).toBe(first);
  minutesPass(9);
  expect(await pid()).toBe(first);
  minutesPass(10);
  const second = await pid();
  expect(second).not.toBe(first);
  await expect.poll(() => isThere(first)).toBe(false);
  expect(isThere(second)).toBe(true);
});

test('a call that is under way counts as use, however long it takes', async () => {
  const { minutesPass, pid, run } = await toolboxes();
  const first = await pid();
  const abort = new AbortController();
  const hanging = run('test_hang', abort.signal);
  expect(await pid()).toBe(first);
  minutesPass(60);
  expect(await pid()).toBe(first);
  abort.abort(new Error('enough'));
  await expect(hanging).rejects.toThrow('enough');
  minutesPass(9);
  expect(await pid()).toBe(first);
});

test('closing ends the servers', async () => {
  const { boxes, pid } = await toolboxes();
  const first = await pid();
  await boxes.close();
  expect(isThere(first)).toBe(false);
});
