import { join } from 'node:path';
import { storeSource } from '../../activities/shards/verify-source.ts';
import { verify } from '../../activities/shards/verify.ts';
import type { TrainResult } from '../../activities/training.ts';
import { readCampaignSource } from '../../infra/campaign-source.ts';
import type { Config } from '../../infra/config.ts';
import { up } from '../../infra/dev/services.ts';
import type { DevServices, ServiceName } from '../../infra/dev/state.ts';
import { packageRoot } from '../../infra/package-root.ts';
import { readFileAs } from '../../infra/read-file.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { CampaignFile } from '../../schemas/campaign.ts';
import { TrainFile } from '../../schemas/training.ts';
import { advance, openSource } from '../campaign/run-file.ts';
import { exitCodeOf, outcomeTable, readTokens } from '../campaign/table.ts';
import { stateFolder } from '../environment.ts';
import { EXIT, faultOf } from '../errors.ts';
import { counted } from '../figures.ts';
import type { Output } from '../output.ts';
import { withSession, type Session } from '../session.ts';
import { trainingText } from '../training/result.ts';
import { trainToEnd } from '../training/training.ts';
import { exampleText, findExample } from './example.ts';
import { readDataRows, valuesByVersion, valuesText } from './values.ts';

const SERVICES: readonly ServiceName[] = ['temporal', 's3', 'sim-model', 'worker'];

/** Services, campaign, verification, training, and what came of them. Returns the exit code. */
export async function runDemo({ name, train }: { name: string; train: boolean }, output: Output): Promise<number> {
  const valid = CampaignFile.shape.name.safeParse(name);
  if (!valid.success) throw new UsageError(`--name: ${valid.error.issues[0]?.message ?? 'not a name'} (is "${name}")`);
  const example = await readCampaignSource(join(packageRoot, 'examples', 'demo.yaml'));
  const source = { ...example, file: { ...example.file, name } };
  const dir = stateFolder();
  // no environment: everything is embedded
  const config = embedded(dir, await up({ dir, only: SERVICES, say: output.say }));
  return await withSession(async (session) => {
    const changed = await openSource(session, source, output);
    const { view, detached } = await advance(session, name, output, { detach: false, changed });
    if (detached) {
      output.say('detached: the demo goes on in the background; `npm run demo` comes back to it, `npx exemplar down` stops it');
      output.result({ detached, campaign: view }, '');
      return EXIT.ok;
    }
    output.say('verifying the dataset');
    const verification = await verify(storeSource(session.store, name));
    const rows = await readDataRows(session.store, name);
    const values = valuesByVersion(rows);
    const found = findExample(rows);
    const tokens = await readTokens(session.store, name);
    const training = train ? await tryTraining(session, name, dir, output) : null;

    const sound = verification.faults.length === 0;
    output.result(
      { detached, campaign: view, tokens, verification, values, example: found?.index ?? null, training },
      [
        outcomeTable(view, tokens),
        `verified: ${counted(verification.checks, 'check')}, ${sound ? 'all hold' : `${counted(verification.faults.length, 'fault')}, first: ${verification.faults[0]}`}`,
        valuesText(values),
        ...(found === null ? [] : [exampleText(found)]),
        ...(training === null ? [] : ['result' in training ? trainingText(training.result) : `training: ${training.failed}`]),
        goingOn(name, found?.index ?? 0),
      ].join('\n\n'),
    );
    return sound && (training === null || 'result' in training) ? exitCodeOf(view) : EXIT.failed;
  }, config);
}

/** The embedded services alone: neither environment nor `.env` counts. */
function embedded(dir: string, services: DevServices): Config {
  const { temporalAddress, uiUrl, bucket, s3Endpoint, accessKeyId, secretAccessKey, simModelUrl } = services;
  return {
    dir,
    temporal: { address: temporalAddress, namespace: 'default', uiUrl },
    s3: { bucket, endpoint: s3Endpoint, credentials: { accessKeyId, secretAccessKey } },
    model: { apiKey: 'simulated', baseURL: simModelUrl },
  };
}

/** What training gave; a trainer that cannot be set up must not hide the rest of the demo. */
async function tryTraining(session: Session, name: string, dir: string, output: Output): Promise<{ result: TrainResult } | { failed: string }> {
  try {
    await up({ dir, only: [...SERVICES, 'trainer'], say: output.say });
    const file = readFileAs(join(packageRoot, 'examples', 'train.yaml'), TrainFile);
    const result = await trainToEnd(session, { ...file, campaign: name, name: file.name.replace(/^demo/, name) }, output);
    return result === null ? { failed: 'detached; the run goes on' } : { result };
  } catch (error) {
    return { failed: `${faultOf(error).message}; \`npm run demo -- --no-train\` leaves it out` };
  }
}

function goingOn(name: string, situation: number): string {
  return [
    'The services still run. Go on with:',
    `  npx exemplar show ${name} ${situation}      every version of one plan, and why it changed`,
    `  npx exemplar status ${name}`,
    `  npx exemplar pull ${name} ./${name}-data`,
    '  npx exemplar down           stops the services; data is kept',
  ].join('\n');
}
