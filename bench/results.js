import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../dist/infra/package-root.js';

/**
 * Writes `bench/results/<name>.md` for people and `.json` for programs, and prints the former.
 * @param {string} name
 * @param {string[]} lines
 * @param {object} data
 */
export function writeResult(name, lines, data) {
  const folder = join(packageRoot, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const text = `${lines.join('\n')}\n`;
  writeFileSync(join(folder, `${name}.md`), text);
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(data, null, 2)}\n`);
  process.stdout.write(text);
}

/**
 * A Markdown table, numbers to the right.
 * @param {string[]} header
 * @param {(string | number)[][]} rows
 */
export function table(header, rows) {
  const right = header.map((_, i) => rows.every((row) => typeof row[i] === 'number' || /^[-+]?[\d.]/.test(String(row[i]))));
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(right.map((is) => (is ? '---:' : '---'))), ...rows.map((row) => line(row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell))))];
}

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(1)} %`;
