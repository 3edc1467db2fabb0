import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCampaignSource } from '../../infra/campaign-source.ts';
import { exemplar } from './exemplar.ts';

test('init writes a commented campaign file that parses as it is, and never overwrites one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-init-'));
  const first = await exemplar(['init', 'flood-relief', '--json'], { cwd: folder });
  expect(JSON.parse(first.stdout)).toEqual({ name: 'flood-relief', file: 'flood-relief.yaml' });
  const path = join(folder, 'flood-relief.yaml');
  const written = readFileSync(path, 'utf8');
  expect((await readCampaignSource(path)).listing.situations).toHaveLength(5);
  expect(written.match(/^\s*# /gm)?.length).toBeGreaterThan(10);

  const second = await exemplar(['init', 'flood-relief'], { cwd: folder });
  expect(second).toMatchObject({ code: 2, stderr: 'exemplar: NAME: flood-relief.yaml exists already; choose another name or remove it\n' });
  expect(readFileSync(path, 'utf8')).toBe(written);
});
