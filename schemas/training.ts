import { z } from 'zod';
import { CampaignFile } from './campaign.ts';

const { name } = CampaignFile.shape;
const atLeast = (least: number) => z.int().min(least);

/**
 * What one training run reads and does (`exemplar train FILE`). But for `wait`, the fields, defaults and limits are those of `TrainConfig`
 * of trainer/exemplar_trainer/config.py, which takes them (of what it starts from the address), and has addresses and `threads` besides.
 */
export const TrainFile = z
  .strictObject({
    name,
    /** The campaign whose manifest is read. */
    campaign: name,
    /** RUN or RUN/STEP: a checkpoint that the first step begins from, of a run its best one. null: from weights drawn at random. */
    startFrom: z.string().min(1).nullable().default(null),
    /** null: the newest there is when the run begins, and then that one to its end. */
    generation: atLeast(1).nullable().default(null),
    /** Each epoch takes the newest generation anew. */
    follow: z.boolean().default(false),
    /** A generation that is not published yet is waited for. */
    wait: z.boolean().default(false),
    /** Initial weights, the order of batches, and what is drawn. */
    seed: atLeast(0).default(0),
    epochs: atLeast(1).default(20),
    /** Situations a batch, each with its positive and its negatives. */
    batchGroups: atLeast(1).default(8),
    /** After a linear warm-up, and before a linear decay over all epochs. */
    learningRate: z.number().positive().default(1e-3),
    /** Of the network. */
    size: z.enum(['tiny', 'small', 'base', 'large']).default('small'),
    /** Steps of a path to a plan that one batch learns from. */
    stepsAPlan: atLeast(1).default(6),
    /** `em`: all policies; `imitation`: the forward policy alone, of final plans. */
    objective: z.enum(['em', 'imitation']).default('em'),
    /** The loss by which final versions are held against earlier ones. */
    contrast: z.enum(['corrected', 'plain', 'dpo', 'none']).default('corrected'),
    contrastWeight: z.number().positive().default(0.1),
    /** `own`: earlier versions of the same plan; `random`: final plans of other situations; `shuffled`: labels are drawn at random, which must not help. */
    negatives: z.enum(['own', 'random', 'shuffled']).default('own'),
    checkpointEverySteps: atLeast(1).default(50),
    evaluateEverySteps: atLeast(1).default(200),
    /** Evaluations without a better validation loss after which the run ends; null: it never ends early. */
    stopAfter: atLeast(1).nullable().default(null),
    /** torch.compile of the network's layers, with lengths rounded up to a few: worth its minutes of start on a GPU. */
    compile: z.boolean().default(false),
  })
  .superRefine(({ follow, generation }, context) => {
    if (follow && generation !== null) context.addIssue({ code: 'custom', path: ['follow'], message: `takes up newer generations, and generation ${generation} pins one: give one of the two` });
  });
export type TrainFile = z.infer<typeof TrainFile>;
