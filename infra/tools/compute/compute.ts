import { z } from 'zod';
import type { Tool } from '../../../activities/tool.ts';
import { wireJsonSchema } from '../../../schemas/json-schema.ts';
import { answered, failed, oneLine } from '../answers.ts';
import { JobFailed, Thread } from '../thread.ts';

const LIMIT_MS = 2_000;
const MEMORY_MB = 160;
const MOST_BYTES = 8_000;
const LONGEST_IN_HEADLINE = 60;

const Input = z.strictObject({
  expression: z.string().describe('One expression, or several statements, one a line, such as "e = 250 W * 12 h" and then "e to kWh".'),
});

const DESCRIPTION = `Computes: exact fractions, units, matrices, statistics, algebra. The notation is the usual one:
(3 kWh) / (250 W) to h; 1/3 + 1/6; inv([[2, 1], [1, 3]]); mean([1, 2, 3]), std, median, quantileSeq(list, 0.9), corr(a, b); 20 degC to K;
simplify(f), expand(f), factor(f), derivative(f, x), integrate(f, x), integrate(f, x, from, to), solve(x^2 - 5x + 6 = 0, x), solve([x + y = 3, x - y = 1], [x, y]).
A line may assign a variable or define a function (f(x) = x^2). log is the natural logarithm, log(x, 10) that to a base. There is no text, no randomness and no IO.`;

/** The `compute` tool: the calculator in a thread of its own, ended after 2 s or 160 MB. */
export function computeTool(): { tool: Tool; close: () => Promise<void> } {
  const thread = new Thread<string, string>({ entry: 'bundle/compute.js', limitMs: LIMIT_MS, memoryMb: MEMORY_MB });
  const tool: Tool = {
    name: 'compute',
    description: DESCRIPTION,
    inputSchema: wireJsonSchema(Input),
    run: async (input, { signal }) => {
      const parsed = Input.safeParse(input);
      if (!parsed.success) return failed('compute', 'the input is { "expression": text }');
      const { expression } = parsed.data;
      try {
        const text = await thread.run(expression, signal);
        return answered('compute', text, headlineOf(expression, text), MOST_BYTES);
      } catch (error) {
        if (error instanceof JobFailed) return failed('compute', error.message);
        throw error;
      }
    },
  };
  return { tool, close: async () => await thread.close() };
}

/** The last statement and what it came to. */
function headlineOf(expression: string, text: string): string {
  const statement = oneLine(expression.trim().split('\n').at(-1) ?? '', LONGEST_IN_HEADLINE);
  const result = text.split('\n').at(-1) ?? '';
  return /^≈|^\w+ [=≈] /.test(result) ? `${statement.replace(/^\w+ = /, '')} ${result.replace(/^\w+ /, '')}` : `${statement} = ${result}`;
}
