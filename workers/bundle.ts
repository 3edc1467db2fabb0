import { writeFileSync } from 'node:fs';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { BUNDLE_PATH, bundleWorkflows } from './worker.ts';

/** Part of the build: writes the workflow bundle beside the compiled code. */
Runtime.install({ logger: new DefaultLogger('WARN') });
writeFileSync(BUNDLE_PATH, (await bundleWorkflows()).code);
