import { describe, expect, it } from 'vitest';
import { CampaignReader } from '../../../activities/campaign-reader.ts';
import { loadSteps, placeVersions } from '../../../activities/shards/versions.ts';
import type { OutcomeRecord } from '../../../schemas/records.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { Chain, plan, situation, tellStory } from './dataset.ts';

const store = new MemoryStore();
const { outcomes } = tellStory(store);

async function placed(outcome: OutcomeRecord, tolerance = 0.05, from = store) {
  const steps = await loadSteps(new CampaignReader(from), outcome);
  return placeVersions(steps, outcome, tolerance);
}
const said = async (outcome: OutcomeRecord, tolerance?: number) =>
  (await placed(outcome, tolerance)).map(({ branch, revision, isFinal, label, step }) => `${branch}.${revision}${isFinal ? '*' : ''} ${label} ${step.record.path}`);
const last = (index: number) => outcomes.get(index)?.at(-1) as OutcomeRecord;

describe('placeVersions', () => {
  it('separates the main line from verification branches and labels all of them against the final version', async () => {
    expect(await said(last(0))).toEqual([
      'a1.3 equivalent a1.explain',
      'a2.3 equivalent a2.explain',
      'a2.4 negative a2.t1.revise',
      'a2.5 equivalent a2.t2.revise',
      'main.0 negative draft',
      'main.1 equivalent p1.t1.revise',
      'main.2* positive p2.t1.revise',
    ]);
  });

  it('takes the branch that re-opened a situation into the main line', async () => {
    expect(await said(last(1))).toEqual([
      'a2.3 equivalent a2.explain',
      'main.0 negative draft',
      'main.1 negative a1.explain',
      'main.2* positive a1.t1.revise',
    ]);
  });

  it('labels no version of a situation without a positive', async () => {
    expect(await said(last(2))).toEqual(['main.0 none draft', 'main.1* none p1.t1.revise']);
    expect(await said(last(3))).toEqual([]);
    expect(await said(last(4))).toEqual([]);
  });

  it('judges by the given tolerance', async () => {
    expect(await said(last(0), 0)).toContain('main.1 negative p1.t1.revise');
  });

  it('sorts branches as plain strings', async () => {
    const own = new MemoryStore();
    const chain = new Chain(own, situation(9));
    const draft = chain.step('draft', 'draft', { version: { plan: plan('x') } });
    for (const path of ['a2.explain', 'a10.explain', 'a1.explain']) chain.step(path, 'explain', { version: { from: draft, plan: plan('x') } });
    const versions = await placed(chain.outcome('converged', { final: draft }), 0.05, own);
    expect(versions.map(({ branch }) => branch)).toEqual(['a1', 'a10', 'a2', 'main']);
  });
});

describe('records that contradict each other', () => {
  const own = new MemoryStore();
  const chain = new Chain(own, situation(8));
  const draft = chain.step('draft', 'draft', { version: { plan: plan('x') } });
  chain.step('p1.t1.revise', 'revise', { version: { from: draft, plan: plan('y') } });

  it('are told for a final version that the chain lacks', async () => {
    await expect(placed(chain.outcome('converged', { final: 'f'.repeat(64) }), 0.05, own)).rejects.toThrow('situation 8, try 0: its chain of 2 steps lacks the final version');
    await expect(placed(chain.outcome('failed'), 0.05, own)).rejects.toThrow('lacks the final version');
  });

  it('are told for a version of the main line that does not lead to the final one', async () => {
    await expect(placed(chain.outcome('converged', { final: draft }), 0.05, own)).rejects.toThrow('step p1.t1.revise is on no verification branch');
  });

  it('are told for a version whose origin is not in the chain', async () => {
    const broken = new Chain(own, situation(8));
    const only = broken.step('p1.t1.revise', 'revise', { version: { from: 'e'.repeat(64), plan: plan('y') } });
    await expect(placed(broken.outcome('converged', { final: only }), 0.05, own)).rejects.toThrow('builds on a version that its chain does not hold');
  });
});
