import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { Client } from '@temporalio/client';
import { readBudget, retire } from '../../activities/budget.ts';
import { trainingsOn } from '../../activities/datasets/garbage.ts';
import { callOff, holdings, markDeleting, removeDataset, type Holdings } from '../../activities/datasets/removal.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import { ensureSearchAttributes } from '../../infra/temporal.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { holdOf } from '../campaign/cap.ts';
import { endOrphans } from '../campaign/launch.ts';
import { kindOf, type CampaignNames } from '../campaign/list.ts';
import { imagineSightOf, sightOf } from '../campaign/sight.ts';
import { noDataset } from '../datasets.ts';
import { EXIT, Failure } from '../errors.ts';
import { count, counted, size } from '../figures.ts';
import type { Output } from '../output.ts';
import { withOutlook, type Outlook, type Session } from '../session.ts';

/** How often the progress of a long removal is told, in objects. */
const TOLD_EVERY = 20_000;

/** Removes everything of a dataset but what was paid for and what was made from it. Returns the exit code. */
export async function deleteDataset(name: string, output: Output, yes: boolean): Promise<number> {
  return await withOutlook(async (outlook) => {
    const { store } = outlook;
    const kind = await kindOf(store, name);
    if (kind === null) throw noDataset(store, name);
    await requireIdle(outlook, name, kind);
    const held = await holdings(store, name);
    const manifest = await readManifest(store, name);
    const trainings = manifest === null ? [] : await trainingsOn(store, manifest.fingerprint);
    const runs = trainings.map(({ run }) => run);
    output.say(plan(name, kind, held, runs));
    if (!yes && !(await agreed(`Delete ${name}? [y/N] `, output))) {
      output.result({ name, deleted: false }, `${name}: nothing was removed`);
      return EXIT.failed;
    }
    await markDeleting(store, name);
    try {
      // what started before the mark is seen now, and what starts after it sees the mark
      await requireIdle(outlook, name, kind);
    } catch (error) {
      if (kind !== 'deleting') await callOff(store, name);
      throw error;
    }
    const session = sessionOf(outlook);
    if (session !== null && kind !== 'merged') await leaveNothing(session, name, output);
    let told = 0;
    const removed = await removeDataset(store, name, {
      ...(kind === 'merged' ? { forgetMs: 0 } : {}),
      tell: ({ objects }) => {
        if (objects - told < TOLD_EVERY) return;
        told = objects;
        output.say(`${count(objects)} objects removed`);
      },
    });
    output.result({ name, deleted: true, kind, ...held, removed, staying: ['responses/', 'objects/', ...runs.map((run) => `checkpoints/${run}/`)] }, `${name}: deleted, ${counted(removed.objects, 'object')}, ${size(removed.bytes)}`);
    return EXIT.ok;
  });
}

/** What goes and what stays. */
function plan(name: string, kind: keyof CampaignNames, { generations, files, bytes }: Holdings, runs: readonly string[]): string {
  const what = { begun: 'campaign', imagined: 'imagined situations', merged: 'merged dataset', deleting: 'what is left' }[kind];
  const records = kind === 'merged' ? '' : ', its settings, grants and outcomes';
  const stays = ['answers of the model and step records (responses/, objects/): they are paid for, and a campaign with the same calls reuses them', ...(runs.length === 0 ? [] : [`checkpoints of ${runs.join(', ')}`])];
  return [`${name}, ${what}: goes ${counted(generations, 'generation')} of ${counted(files, 'file')}, ${size(bytes)}${records}`, `stays: ${stays.join('; ')}`].join('\n');
}

async function agreed(question: string, { json }: Output): Promise<boolean> {
  if (json || !process.stdin.isTTY) throw new UsageError('--yes: required where nobody can be asked');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(question)).trim());
  } finally {
    asking.close();
  }
}

/** Workflows beside a campaign's own that work with its dataset, and what to do about them. */
const BUSY: Record<string, string> = {
  batch: 'a batch of its calls is at the provider: `exemplar cancel NAME` has it canceled, and takes a moment',
  explain: 'a version is being explained: wait until it is',
  train: 'a training reads it: wait for its end, or terminate ID in the Temporal UI',
};

/** @throws UsageError where something works on it. Of a merged dataset only trainings can be asked for, and only where Temporal can. */
async function requireIdle(outlook: Outlook, name: string, kind: keyof CampaignNames): Promise<void> {
  const session = sessionOf(outlook);
  if (session === null) {
    if (kind === 'merged') return;
    throw new Failure(`whether "${name}" runs cannot be seen: ${outlook.client as string}`);
  }
  const { client } = session;
  const [campaign, imagination] = await Promise.all([sightOf(client, name), imagineSightOf(client, name)]);
  if (campaign.kind === 'running') throw new UsageError(`NAME: campaign "${name}" is running: \`exemplar cancel ${name}\` first`);
  if (imagination.kind === 'running') throw new UsageError(`NAME: the situations of "${name}" are being imagined: wait until they are, or terminate exemplar/${name}/imagine in the Temporal UI`);
  for (const seen of [campaign, imagination]) if (seen.kind === 'unreachable') throw new Failure(seen.reason);
  await ensureSearchAttributes(client);
  for await (const { workflowId, type } of client.workflow.list({ query: `ExemplarCampaign="${name}" AND ExecutionStatus="Running"` })) {
    const why = BUSY[type]?.replace('NAME', name).replace('ID', workflowId);
    if (why !== undefined) throw new UsageError(`NAME: "${name}": ${why}`);
  }
}

/** Ends pages that have outlived their campaign, moves what it has spent out of its name, and has Temporal forget its workflows. */
async function leaveNothing(session: Session, name: string, output: Output): Promise<void> {
  const { store, reader, client } = session;
  if (!(await endOrphans(session, name, 'its campaign is deleted'))) throw new Failure(`campaign "${name}" has been started meanwhile`);
  const hold = (await readBudget(store)).holds[name];
  // one that has ended has said what it spent
  if (hold !== undefined) await retire(store, name, hold.state === 'closed' ? hold.nanoUsd : (await holdOf(reader, name)).nanoUsd);
  else await retire(store, name, 0);
  await forget(client, name).catch((error: unknown) => output.say(`Temporal keeps its record of the workflows until their retention ends: ${(error as Error).message}`));
}

/** Histories of deleted campaigns would stand among those of a later one of the same name. The server removes them by and by; trainings stay. */
async function forget({ workflowService, options: { namespace, identity } }: Client, name: string): Promise<void> {
  const visibilityQuery = `ExemplarCampaign="${name}" AND WorkflowType!="train" AND StartTime<"${new Date().toISOString()}"`;
  await workflowService.startBatchOperation({ namespace, jobId: randomUUID(), reason: `campaign ${name} is deleted`, visibilityQuery, deletionOperation: { identity: identity ?? 'exemplar' } });
}

function sessionOf(outlook: Outlook): Session | null {
  const { client } = outlook;
  return typeof client === 'string' ? null : { ...outlook, client };
}
