import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../activities/shards/manifest.ts';
import { verify } from '../../../activities/shards/verify.ts';
import { folderSource } from '../../../activities/shards/verify-source.ts';
import { readArrow } from '../../../infra/arrow/reader.ts';
import { writeArrow, writerIdentity } from '../../../infra/arrow/writer.ts';
import { DATA_SCHEMA, LEDGER_SCHEMA, SITUATIONS_SCHEMA } from '../../../schemas/arrow.ts';
import { CampaignRecord } from '../../../schemas/records.ts';
import { asJson } from './pyarrow.ts';

const root = fileURLToPath(new URL('../../golden/shards/', import.meta.url));
const datasets = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

const SCHEMAS = { data: DATA_SCHEMA, situations: SITUATIONS_SCHEMA, ledger: LEDGER_SCHEMA };

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

  it('is written again byte for byte, where this program names itself as its writer', async () => {
    const { file, writer } = CampaignRecord.parse(JSON.parse(await readFile(join(folder, 'campaign.json'), 'utf8')));
    const own = await writerIdentity(file.compression);
    if (own.version !== writer.version || own.codec !== writer.codec) return;
    const manifest = parseManifest(await readFile(join(folder, 'manifest.json')), name);
    for (const { kind, key } of manifest.pages.flatMap((page) => page.files)) {
      const bytes = await readFile(join(folder, key));
      const again = await writeArrow(SCHEMAS[kind], await readArrow<object>(bytes), { compression: file.compression });
      expect(Buffer.compare(again, bytes), key).toBe(0);
    }
  });
});

it('the writer of today has a golden dataset', async () => {
  const { version } = await writerIdentity('none');
  const writers = datasets.map((name) => CampaignRecord.parse(JSON.parse(readFileSync(join(root, name, 'campaign.json'), 'utf8'))).writer.version);
  expect(writers).toContain(version);
});
