import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../infra/package-root.ts';
import * as budget from './budget.ts';
import * as cancel from './cancel.ts';
import * as check from './check.ts';
import * as codecServer from './codec-server.ts';
import * as deploy from './deploy.ts';
import * as del from './delete.ts';
import * as demo from './demo.ts';
import * as down from './down.ts';
import * as estimate from './estimate.ts';
import * as explain from './explain.ts';
import * as exportVerb from './export.ts';
import * as gc from './gc.ts';
import * as init from './init.ts';
import * as library from './library.ts';
import * as logs from './logs.ts';
import * as merge from './merge.ts';
import * as pause from './pause.ts';
import * as preview from './preview.ts';
import * as pull from './pull.ts';
import * as reconcile from './reconcile.ts';
import * as resume from './resume.ts';
import * as retryFailed from './retry-failed.ts';
import * as run from './run.ts';
import * as sample from './sample.ts';
import * as set from './set.ts';
import * as show from './show.ts';
import * as simModel from './sim-model.ts';
import * as stats from './stats.ts';
import * as status from './status.ts';
import * as train from './train.ts';
import * as ui from './ui.ts';
import * as up from './up.ts';
import { environment } from './variables.ts';
import * as verify from './verify.ts';
import * as worker from './worker.ts';

/** Verbs as the help lists them. Each loads what it needs only when it runs. */
const GROUPS: Record<string, { register: (program: Command) => void }[]> = {
  'Local services:': [up, down, logs, ui, demo],
  'Campaigns:': [init, check, estimate, preview, run, status, pause, resume, cancel, set, budget, retryFailed, reconcile],
  'Datasets:': [show, explain, stats, pull, verify, exportVerb, merge, gc, del, train, sample],
  'Parts:': [library, worker, deploy, simModel, codecServer],
};

/** Variables that stand in for options. */
const OPTION_VARIABLES = ['EXEMPLAR_SLOTS', 'EXEMPLAR_BUILD_ID', 'EXEMPLAR_DEPLOYMENT'];

/** The `exemplar` command. It throws CommanderError where commander would exit. */
export function createProgram(): Command {
  const { version, description } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string; description: string };
  fillVariables();
  const program = new Command('exemplar')
    .description(description)
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', '\nExit codes: 0 ok, 1 failed, 2 usage error. EXEMPLAR_DEBUG=1 prints traces.');
  for (const [heading, verbs] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const { register } of verbs) register(program);
  }
  return program;
}

/** Commander, and the AWS SDK for profiles, read the process's environment alone. Set and empty is how compose files say "none". */
function fillVariables(): void {
  const given = environment();
  for (const name of [...OPTION_VARIABLES, ...Object.keys(given).filter((name) => name.startsWith('AWS_'))]) {
    if ((given[name] ?? '') === '') delete process.env[name];
    else process.env[name] = given[name];
  }
}
