import { InvalidArgumentError, Option, type Command } from 'commander';
import { UsageError } from '../infra/usage-error.ts';
import { columns, Output, verb } from './output.ts';

/** What names a version, or an installation. @throws InvalidArgumentError where nothing stands. */
export function versionName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('a name is needed.');
  return text;
}

/** Name that the versions of one installation share. */
export const DEPLOYMENT_OPTION = new Option('--deployment <name>', 'name that the versions of one installation share').env('EXEMPLAR_DEPLOYMENT').default('exemplar').argParser(versionName);

export function register(program: Command): void {
  verb(program, 'deploy', 'make a version of the workers current, and show which older ones are still needed')
    .argument('[build-id]', 'the version; without it, they are only shown', versionName)
    .option('--unversioned', 'workers without a build id, such as the one that `exemplar up` starts, get what begins from now on')
    .addOption(DEPLOYMENT_OPTION)
    .action(async (given: string | undefined, { deployment, unversioned, ...options }: { json?: boolean; deployment: string; unversioned?: true }) => {
      if (given !== undefined && unversioned) throw new UsageError('--unversioned: give it, or a build id, not both');
      const buildId = unversioned ? '' : given;
      const output = new Output(options);
      const { configured } = await import('./environment.ts');
      const { connectTemporal } = await import('../infra/temporal.ts');
      const { deploymentVersions, makeCurrent } = await import('../infra/deployments.ts');
      const client = await connectTemporal(configured());
      try {
        if (buildId !== undefined) await makeCurrent(client, { deployment, buildId });
        const versions = await deploymentVersions(client, deployment);
        const rows = versions.map((version) => [version.buildId, version.state, MEANING[version.state]]);
        output.result({ deployment, versions }, rows.length === 0 ? `no versioned worker of "${deployment}" has polled yet: \`exemplar worker --build-id ID\` starts one` : columns([['VERSION', 'STATE', ''], ...rows]));
      } finally {
        await client.connection.close();
      }
    });
}

const MEANING = {
  current: 'what begins, begins here',
  ramping: 'some of what begins, begins here',
  draining: 'workflows begun on it still run: keep its workers',
  drained: 'no workflow needs it: its workers can go',
  inactive: 'has never been current',
};
