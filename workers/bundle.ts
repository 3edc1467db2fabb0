import { writeFileSync } from 'node:fs';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { BUNDLE_PATH, bundleWorkflows, SEALED_BUNDLE_PATH } from './worker.ts';

/** Part of the build: writes the workflow bundles beside the compiled code. */
Runtime.install({ logger: new DefaultLogger('WARN') });
writeFileSync(BUNDLE_PATH, (await bundleWorkflows()).code);
writeFileSync(SEALED_BUNDLE_PATH, (await bundleWorkflows({ sealed: true })).code);
