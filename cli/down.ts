import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'down', 'stop the local services: workers finish calls in flight; `up` goes on from there').action(async (options: { json?: boolean }) => {
    const { down, serviceStatus } = await import('../infra/dev/services.ts');
    const { stateFolder } = await import('./environment.ts');
    const output = new Output(options);
    const dir = stateFolder();
    const before = serviceStatus(dir).filter(({ alive }) => alive).map(({ name }) => name);
    const open = await openCampaigns();
    await down({ dir, say: output.say });
    const going = open.length === 0 ? [] : [`still to do: ${open.join(', ')}; \`exemplar up\` continues ${open.length === 1 ? 'it' : 'them'}`];
    output.result({ dir, stopped: before, openCampaigns: open }, [...going, 'data is kept; `exemplar up` starts the services again'].join('\n'));
  });
}

/** Campaigns whose workflow is under way; none where Temporal does not answer. */
async function openCampaigns(): Promise<string[]> {
  try {
    const { withSession } = await import('./session.ts');
    const { isPreview } = await import('./campaign/preview-name.ts');
    return await withSession(async ({ client }) => {
      const names: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType="campaign" AND ExecutionStatus="Running"' })) {
        const name = workflowId.replace(/^exemplar\//, '');
        if (!isPreview(name)) names.push(name);
      }
      return names;
    });
  } catch {
    return [];
  }
}
