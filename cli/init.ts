import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Command } from 'commander';
import { Output, verb } from './output.ts';

export function register(program: Command): void {
  verb(program, 'init [name]', 'write a commented campaign file to start from').action(async (name: string = 'my-campaign', options: { json?: boolean }) => {
    const { CampaignFile } = await import('../schemas/campaign.ts');
    const { UsageError } = await import('../infra/usage-error.ts');
    const { packageRoot } = await import('../infra/package-root.ts');
    const { WORLDS } = await import('../worlds/index.ts');
    const valid = CampaignFile.shape.name.safeParse(name);
    if (!valid.success) throw new UsageError(`NAME: ${valid.error.issues[0]?.message ?? 'not a name'} (is "${name}")`);
    const path = `${name}.yaml`;
    if (existsSync(path)) throw new UsageError(`NAME: ${path} exists already; choose another name or remove it`);
    const world = Object.values(WORLDS)[0];
    const here = (...parts: string[]) => relative(process.cwd(), join(packageRoot, ...parts)).split(sep).join('/') || '.';
    const agent = readdirSync(join(packageRoot, 'agents')).find((file) => file === `${world?.agent}.yaml`) ?? 'field-rover.yaml';
    writeFileSync(path, campaignText({ name, world: world?.name ?? 'relief', agent: here('agents', agent), library: here('library') }));
    new Output(options).result({ name, file: path }, `wrote ${path}; next: \`exemplar check ${path}\`, \`exemplar estimate ${path}\`, \`exemplar run ${path}\``);
  });
}

function campaignText({ name, world, agent, library }: { name: string; world: string; agent: string; library: string }): string {
  return `# A campaign: situations, who acts in them, the texts that criticise the plans, and the model that does the work.
# Paths are relative to this file. \`exemplar check ${name}.yaml\` says what is missing.

name: ${name}

model:
  name: claude-opus-5
  # Longest answer in tokens; budgets are reserved at this length.
  maxOutputTokens: 8000
  # Only for a model that the price table does not know, in USD a million tokens:
  # price: { inputPerMTok: 3, outputPerMTok: 15, cacheWritePerMTok: 3.75, cacheReadPerMTok: 0.3 }

situations:
  # Drawn from a simulated world, which knows the exact value of every plan. The simulated model plays only such situations.
  from: world
  world: ${world}
  count: 5
  seed: 0
  # Or written by hand, one { task, agent, horizon, initial, target } each:
  # from: file
  # file: situations.yaml
  # Or imagined by the model: from: imagine, count, domains, horizons. Or the actions of another campaign: from: campaign.

# Specification of every agent that a situation is for.
agents:
  - ${agent}

library:
  # Folder with library.yaml; \`exemplar library add\` lists a text of yours.
  path: ${library}
  # all texts; \`tags\`, those with one of \`tags:\`; or \`routed\`, chosen for each situation by one cheap call.
  select: tags
  tags: [core]

# What critics may call: compute, knowledge, world, or any MCP server.
# tools:
#   - builtin: compute

actor:
  # Passes over all texts before a situation counts as unconverged.
  maxPasses: 6
  # Fresh explanations that a converged plan is tried with.
  alternatives: 2

# Situations under way at once; \`exemplar set ${name} concurrency=16\` changes it later.
concurrency: 8

# The most that may be spent, in USD. Required unless the model is simulated.
budget: 15

# Shares of situation families in the dataset.
splits: { train: 0.9, validation: 0.05, test: 0.05 }
seed: 0
`;
}
