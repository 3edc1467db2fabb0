import type { Command } from 'commander';
import { columns, Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'up', 'start local services and workers in the background, or adopt those that run')
    .option('--no-train', 'without the trainer, whose Python packages are large')
    .option('--law <file>', 'rates of the simulated model')
    .action(async (options: { json?: boolean; train: boolean; law?: string }) => {
      const { serviceStatus, up } = await import('../infra/dev/services.ts');
      const { SERVICE_NAMES } = await import('../infra/dev/state.ts');
      const { stateFolder } = await import('./environment.ts');
      const { environment } = await import('./variables.ts');
      const output = new Output(options);
      const dir = stateFolder();
      if (options.law !== undefined) await checkLaw(options.law);
      await up({
        dir,
        say: output.say,
        only: SERVICE_NAMES.filter((name) => name !== 'trainer' || options.train),
        env: environment(),
        ...(options.law === undefined ? {} : { law: options.law }),
      });
      const services = serviceStatus(dir);
      const rows = services.map(({ name, pid, address }) => [`  ${name}`, String(pid), address]);
      output.result({ dir, services }, [columns([['  SERVICE', 'PID', 'ADDRESS'], ...rows]), '`exemplar down` stops them; data and addresses stay'].join('\n'));
    });
}

async function checkLaw(path: string): Promise<void> {
  const { readFileAs } = await import('../infra/read-file.ts');
  const { Law } = await import('../schemas/law.ts');
  readFileAs(path, Law);
}
