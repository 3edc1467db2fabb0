import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../activities/shards/manifest.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { folderSource } from '../../../activities/shards/verify-source.ts';
import { readArrow } from '../../../infra/arrow/reader.ts';
import { asJson } from './pyarrow.ts';

const root = fileURLToPath(new URL('../../golden/shards/', import.meta.url));
const datasets = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

describe.each(datasets)('the golden dataset %s', (name) => {
  const folder = join(root, name);

  it('holds by every check of verify', async () => {
    const { checks, faults } = await verify(folderSource(folder));
    expect(faults).toEqual([]);
    expect(checks).toBeGreaterThan(300);
  });

  it('has the rows that were written', async () => {
    const expected = JSON.parse(readFileSync(join(root, `${name}.rows.json`), 'utf8')) as Record<string, unknown[]>;
    const manifest = parseManifest(await readFile(join(folder, 'manifest.json')), name);
    const keys = manifest.pages.flatMap((page) => page.files.map(({ key }) => key));
    expect(keys.sort()).toEqual(Object.keys(expected).sort());
    for (const key of keys) expect(asJson(await readArrow(await readFile(join(folder, key)))), key).toEqual(expected[key]);
  });
});
