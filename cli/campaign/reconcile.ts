import { contradictions, type Contradictions } from '../../activities/finer.ts';
import { UsageError } from '../../infra/usage-error.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { FeedbackRecord } from '../../schemas/records.ts';
import { requireCampaign } from '../datasets.ts';
import { EXIT } from '../errors.ts';
import { counted } from '../figures.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';
import { goOnRunning } from './change.ts';

/**
 * Holds the plans of a finer campaign against what the coarser one's actions promise. Where they contradict each other, the coarser
 * plans get a critique and are revised, passed over and verified again. Returns the exit code.
 */
export async function reconcile(finer: string, output: Output, { detach, dryRun }: { detach: boolean; dryRun: boolean }): Promise<number> {
  return await withSession(async (session) => {
    const { file } = await requireCampaign(session.store, finer);
    if (file.situations.from !== 'campaign') throw new UsageError(`FINER: campaign "${finer}" takes its situations from a ${file.situations.from}, not from a coarser campaign`);
    const coarse = file.situations.campaign;
    const found = await contradictions(session.reader, coarse, finer);
    const indexes = Object.keys(found.findings);
    const said = `${counted(found.compared, 'finer plan')} held against ${coarse}: ${counted(Object.values(found.findings).flat().length, 'promise')} broken in ${counted(indexes.length, 'situation')}`;
    if (dryRun || indexes.length === 0) {
      output.result({ coarse, finer, compared: found.compared, findings: found.findings }, [said, ...lines(found)].join('\n'));
      return EXIT.ok;
    }
    output.say(said);
    const feedback: FeedbackRecord = { schema: 1, from: finer, findings: found.findings };
    const retry = Object.fromEntries(indexes.map((index) => [index, (found.tries[index] as number) + 1]));
    return await goOnRunning(session, coarse, output, { retry, feedback: await session.reader.save(canonicalJson(feedback)) }, detach);
  });
}

function lines({ findings }: Contradictions): string[] {
  return Object.entries(findings).flatMap(([index, list]) => list.map(({ node, severity, issue }) => `  situation ${index}, ${node} (${severity}): ${issue}`));
}
