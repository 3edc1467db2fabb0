/*
 * The bare chain's worker: a process of its own, with the product's settings for its two queues. Its one argument is JSON that says
 * where everything is; it prints a line when it polls, and ends on SIGTERM.
 */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { TUNING } from '../../dist/workers/tuning.js';
import { bareActivities } from './activities.js';

const { temporal, ...where } = JSON.parse(process.argv[2] ?? '{}');
Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await NativeConnection.connect({ address: temporal });
const workflowBundle = await bundleWorkflowCode({ logger: new DefaultLogger('WARN'), workflowsPath: fileURLToPath(new URL('workflows.js', import.meta.url)) });
const workers = await Promise.all([
  Worker.create({ connection, taskQueue: 'bare-chains', workflowBundle, ...TUNING.orchestrate }),
  Worker.create({ connection, taskQueue: 'bare-steps', activities: bareActivities(where), ...TUNING.llm }),
]);
const running = Promise.all(workers.map((worker) => worker.run()));
process.stdout.write('polling\n');
await running;
await connection.close();
