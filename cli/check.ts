import type { Command } from 'commander';
import pc from 'picocolors';
import { EXIT } from './errors.ts';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'check <file>', 'validate a campaign file, reach every service, and say how to mend what is wrong').action(async (file: string, options: { json?: boolean }) => {
    const { checkFile } = await import('./campaign/check-file.ts');
    const { findings, capabilities } = await checkFile(file);
    const ok = findings.every((finding) => finding.ok);
    const text = findings.map((finding) => `${finding.ok ? pc.green('ok') : pc.red('✗ ')} ${finding.what}: ${finding.says}`).join('\n');
    new Output(options).result({ file, ok, findings, capabilities }, text);
    process.exitCode = ok ? EXIT.ok : EXIT.failed;
  });
}
