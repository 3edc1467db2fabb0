import { z } from 'zod';
import { Stance } from '../../../schemas/plan.ts';
import { answered, asked, Message, SITUATION_SHAPE, situationColumns, tooLong, type View } from './view.ts';

export const sft: View = {
  about: 'One row a converged situation, with its verified final plan: for supervised fine-tuning.',
  shape: (style) =>
    z.strictObject({
      ...(style === 'plain' ? { prompt: z.string(), completion: z.string() } : { messages: z.array(Message) }),
      stance: Stance,
      log_reward: z.number().nullable(),
      ...SITUATION_SHAPE,
    }),
  notes: {
    prompt: 'what is asked',
    completion: 'the verified final version',
    messages: 'what is asked and the verified final version, as a conversation',
    stance: '`pursue`, `palliate` or `decline`: inaction may be the right plan',
    log_reward: 'exact value in nats where a simulated world knows it, else null',
  },

  *candidates(told, { options, prompt, completion }) {
    const { positive } = told;
    const text = completion(positive);
    const versions = [positive];
    if (tooLong(prompt, [text], options)) {
      yield { versions, drop: 'tooLong' };
      return;
    }
    const texts = options.style === 'plain' ? { prompt, completion: text } : { messages: [...asked(prompt, options.style), ...answered(text, options.style)] };
    yield { versions, row: { ...texts, stance: positive.row.stance, log_reward: positive.row.log_reward, ...situationColumns(told) } };
  },
};
