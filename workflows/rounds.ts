import type { Round } from './messages.ts';

/** The table of rounds as Markdown, for the UI's details of a running workflow. */
export function roundsTable(rounds: Round[]): string {
  const lines = rounds.map(
    (round) => `| ${round.pass} | ${round.findings} | ${round.major} | ${round.revisions} | ${round.material} | ${round.calls} | ${(round.nanoUsd / 1e9).toFixed(4)} |`,
  );
  return ['| pass | findings | major | revisions | material | calls | USD |', '|---|---|---|---|---|---|---|', ...lines].join('\n');
}
