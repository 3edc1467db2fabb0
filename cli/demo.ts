import type { Command } from 'commander';
import { Output, verb } from './output.ts';

interface DemoOptions {
  json?: boolean;
  train: boolean;
  name: string;
}

export function register(program: Command): void {
  verb(program, 'demo', 'everything once, on embedded services and the simulated model, whatever the environment holds')
    .option('--no-train', 'without training, whose Python packages are large')
    .option('--name <name>', 'name of the campaign', 'demo')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('./demo/run-demo.ts');
      process.exitCode = await runDemo(options, new Output(options));
    });
}
