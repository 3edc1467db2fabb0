/*
 * Several command lines, one after another in one process, as most of what a usage error takes is the start of Node: JSON on stdin [{ args, cwd }], on stdout
 * [{ code, stdout, stderr }].
 */
import { text } from 'node:stream/consumers';
import { runCommandLine } from '../../dist/cli/command-line.js';

const write = process.stdout.write.bind(process.stdout);
const said = [];
for (const { args, cwd } of JSON.parse(await text(process.stdin))) {
  const one = { code: null, stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    process[stream].write = (chunk) => {
      one[stream] += chunk;
      return true;
    };
  }
  process.chdir(cwd);
  process.exitCode = undefined;
  await runCommandLine(args);
  one.code = process.exitCode ?? 0;
  said.push(one);
}
process.exitCode = 0;
write(JSON.stringify(said));
