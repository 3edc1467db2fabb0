import { join } from 'node:path';
import type { MessageBatch } from '@anthropic-ai/sdk/resources/messages/batches';
import { stringify } from 'yaml';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { CampaignReader } from '../../activities/campaign-reader.ts';
import { readManifest } from '../../activities/shards/manifest.ts';
import { AnthropicBatches } from '../../infra/batches-anthropic.ts';
import { readArrow } from '../../infra/arrow/reader.ts';
import { addSetting } from '../../infra/campaign-records.ts';
import { openCampaign } from '../../infra/campaign-opening.ts';
import { readCampaignSource } from '../../infra/campaign-source.ts';
import { anthropicClient, AnthropicModel } from '../../infra/model-anthropic.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { identifyProvider } from '../../infra/provider.ts';
import { sha256Hex } from '../../schemas/canonical.ts';
import { datasetPrefix } from '../../schemas/keys.ts';
import type { Law } from '../../schemas/law.ts';
import type { SettingRecord } from '../../schemas/records.ts';
import type { LedgerRow } from '../../schemas/rows.ts';
import { campaignWorkflowId, QUEUES, settingsSignal, type CampaignProgress } from '../../workflows/messages.ts';
import { startSimModel, type SimModel } from '../../worlds/sim/server.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { startEngine, type Engine } from './engine.ts';

const FOLDER = join(packageRoot, 'test', 'durability', 'campaign');

/** An answered request at the simulated provider; `idempotencyKey` is the custom id of one in a batch. */
export interface PaidCall {
  idempotencyKey: string;
  bodyHash: string;
  status: number;
  times: number;
}

/** A simulated provider, an empty store and workers between them: nothing is shared with another such place. */
export class Place {
  readonly sim: SimModel;
  readonly engine: Engine;
  readonly store: MemoryStore;

  private constructor(sim: SimModel, engine: Engine, store: MemoryStore) {
    this.sim = sim;
    this.engine = engine;
    this.store = store;
  }

  /** `before`: what stands between workers and provider; given its address, resolves to the one that workers are told. */
  static async open(law: Law, before = (url: string) => Promise.resolve(url)): Promise<Place> {
    const sim = await startSimModel({ port: 0, law });
    const config = { apiKey: 'simulated', baseURL: await before(sim.url) };
    const store = new MemoryStore();
    const { identity } = await identifyProvider(config);
    const client = anthropicClient(config);
    return new Place(sim, await startEngine(new AnthropicModel(client), store, identity, { batches: new AnthropicBatches(client) }), store);
  }

  /** Opens the campaign of this file. */
  async campaign(fields: Record<string, unknown>): Promise<string> {
    const path = join(mkdtempSync(join(tmpdir(), 'batch-campaign-')), 'campaign.yaml');
    writeFileSync(
      path,
      stringify({
        name: 'in-batches',
        situations: { from: 'world', world: 'relief', count: 6, seed: 3 },
        agents: [join(packageRoot, 'agents', 'field-rover.yaml')],
        library: { path: join(FOLDER, 'library') },
        actor: { alternatives: 1, maxPasses: 3 },
        concurrency: 6,
        pageSize: 3,
        ...fields,
        model: { name: 'claude-sonnet-4-6', ...(fields['model'] as object | undefined) },
      }),
    );
    const provider = await identifyProvider({ apiKey: 'simulated', baseURL: this.sim.url });
    return (await openCampaign(this.store, await readCampaignSource(path), provider, 'schema')).campaign.name;
  }

  async start(name: string): Promise<{ ended: Promise<CampaignProgress> }> {
    const handle = await this.engine.client.workflow.start('campaign', { workflowId: campaignWorkflowId(name), taskQueue: QUEUES.orchestrate, args: [{ campaign: name }] });
    return { ended: handle.result() as Promise<CampaignProgress> };
  }

  async run(name: string): Promise<CampaignProgress> {
    return await (await this.start(name)).ended;
  }

  async change(name: string, setting: Omit<SettingRecord, 'schema' | 'n'>): Promise<void> {
    await addSetting(this.store, name, setting);
    await this.engine.client.workflow.getHandle(campaignWorkflowId(name)).signal(settingsSignal);
  }

  /** Data and situations files of the last generation: key -> sha256. */
  async files(name: string): Promise<Record<string, string>> {
    const keys = await this.keys(name, (kind) => kind !== 'ledger');
    return Object.fromEntries(keys.map((key) => [key, sha256Hex(this.store.objects.get(`${datasetPrefix(name)}${key}`) as Uint8Array)]));
  }

  async ledger(name: string): Promise<LedgerRow[]> {
    const keys = await this.keys(name, (kind) => kind === 'ledger');
    const rows = await Promise.all(keys.map((key) => readArrow<LedgerRow>(this.store.objects.get(`${datasetPrefix(name)}${key}`) as Uint8Array)));
    return rows.flat();
  }

  private async keys(name: string, wanted: (kind: string) => boolean): Promise<string[]> {
    const manifest = await readManifest(new CampaignReader(this.store).store, name);
    return (manifest?.pages ?? []).flatMap(({ files }) => files.filter(({ kind }) => wanted(kind)).map(({ key }) => key)).sort();
  }

  /** What the provider has answered and billed. */
  async paid(): Promise<PaidCall[]> {
    const { calls } = (await (await fetch(`${this.sim.url}/sim/calls`)).json()) as { calls: PaidCall[] };
    return calls.filter(({ status }) => status === 200);
  }

  /** Batches that the provider has been sent, newest first. */
  async batches(): Promise<MessageBatch[]> {
    return (await anthropicClient({ apiKey: 'simulated', baseURL: this.sim.url }).messages.batches.list()).data;
  }

  /** Bodies that were billed more often than once. */
  async paidAgain(): Promise<string[]> {
    const times = new Map<string, number>();
    for (const { bodyHash, times: n } of await this.paid()) times.set(bodyHash, (times.get(bodyHash) ?? 0) + n);
    return [...times].filter(([, n]) => n > 1).map(([bodyHash]) => bodyHash);
  }

  async close(): Promise<void> {
    await this.engine.stop();
    await this.sim.close();
  }
}
