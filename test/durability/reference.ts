import { expect } from 'vitest';
import { CAMPAIGN, onMachine, type Machine } from './machine.ts';

/** The dataset of the campaign where nothing disturbs it: key -> sha256. */
export async function undisturbed(): Promise<Record<string, string>> {
  return await onMachine(async (machine) => {
    expect(await machine.verb('run', CAMPAIGN.file).ended).toMatchObject({ code: 0 });
    expect(machine.paidAgain()).toEqual([]);
    const dataset = await machine.dataset();
    expect(new Set(Object.keys(dataset).map((key) => key.split('/')[0]))).toEqual(new Set(['data', 'situations']));
    return dataset;
  });
}

/** The dataset must not tell that something went wrong on the way, and no call was paid for again that was not in flight there. */
export async function expectUnharmed(machine: Machine, reference: Record<string, string>): Promise<void> {
  expect(await machine.dataset()).toEqual(reference);
  expect(await machine.verb('verify', CAMPAIGN.name).ended).toMatchObject({ code: 0 });
  expect(machine.paidInVain()).toEqual([]);
  const { output } = await machine.verb('status', CAMPAIGN.name, '--json').ended;
  expect(JSON.parse(output)).toMatchObject({ state: 'done', planned: CAMPAIGN.situations, failed: 0, overBudget: 0, running: 0, waiting: 0 });
}
