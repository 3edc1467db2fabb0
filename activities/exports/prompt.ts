import type { AgentSpec } from '../../schemas/agent.ts';
import type { SituationRow } from '../../schemas/rows.ts';
import type { ExportOptions } from '../../schemas/exports.ts';
import type { ExportedVersion } from './source.ts';

const TASKS: Record<SituationRow['task'], string> = {
  plan: 'Make a plan for the agent.',
  predict: 'Predict what the world and the other agents will do, in the form of a plan.',
};

const FORMS: Record<ExportOptions['completion'], string> = {
  text:
    'Write the stance first (pursue, palliate or decline: inaction may be right), then one line a node, world states and actions ("->") in turn, from the initial state s0 to the end. ' +
    'An action may hold a sub-plan one level finer, indented below it. Each action has its chance of success, duration, resources and moral costs.',
  json: 'Answer with the plan as one JSON object: "stance", "stanceArgument" and "nodes", world states and actions in turn; an action may hold a sub-plan one level finer in "children".',
};

const EXPLAINED: Record<ExportOptions['completion'], string> = {
  text: 'Then explain the plan: a text, and claims with their premises and the nodes that they support.',
  json: 'Give it under "plan", and under "explanation" a text and arguments: claims with their premises and the nodes that they support.',
};

/** What a model is asked: who it plans for, what for, and in which form. Ends with a line break, so that a completion may follow at once. */
export function promptText(agent: AgentSpec | undefined, situation: SituationRow, { row }: ExportedVersion, { completion, with: addition }: Pick<ExportOptions, 'completion' | 'with'>): string {
  return [
    TASKS[situation.task],
    agent === undefined ? `Agent: ${situation.agent}` : agentText(agent),
    [
      `Horizon: ${situation.horizon.replaceAll('/', ', ')} (finest first)`,
      `Initial state: ${row.initial_state}`,
      `Target state: ${row.target_state ?? 'open; the plan ends in a state of its own'}`,
    ].join('\n'),
    [FORMS[completion], ...(addition === 'explanation' ? [EXPLAINED[completion]] : [])].join(' '),
    'Plan:\n',
  ].join('\n\n');
}

function agentText({ name, description, body, operating, needs, duties }: AgentSpec): string {
  return [
    `Agent: ${name}. ${description.trim()}`,
    `Sensors: ${body.sensors.join('; ')}`,
    `Actuators: ${body.actuators.join('; ')}`,
    `Power: ${body.powerW} W. Mass: ${body.massKg} kg.`,
    ...list('Operating ranges', operating.map(({ quantity, min, max, unit }) => `${quantity} ${min} to ${max}${unit === '1' ? '' : ` ${unit}`}`)),
    ...list('Needs', needs),
    ...list('Standing duties', duties),
  ].join('\n');
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${title}:`, ...items.map((item) => `- ${item}`)];
}
