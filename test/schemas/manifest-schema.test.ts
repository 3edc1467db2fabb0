import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { publish } from '../../activities/shards/manifest.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { explainedKey } from '../../schemas/keys.ts';
import { EMITTED_FOLDER } from '../../schemas/emit.ts';
import { MANIFEST_NOTES } from '../../schemas/manifest-notes.ts';
import { Manifest } from '../../schemas/manifest.ts';
import { publishedDataset } from '../activities/shards/dataset.ts';

const emitted = JSON.parse(readFileSync(new URL(`../../${EMITTED_FOLDER}/manifest.json`, import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, formats: { date: true } }).compile(emitted);

type Path = (string | number)[];

/** Every place in a value, the value itself first. */
function* places(value: unknown, at: Path = []): Generator<[Path, unknown]> {
  yield [at, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...at, Array.isArray(value) ? Number(key) : key]);
}

/** A copy with something else at a place; undefined takes it away. */
function changed(value: unknown, at: Path, to: unknown): unknown {
  const [first, ...rest] = at;
  if (first === undefined) return to;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  const inner = changed(copy[first], rest, to);
  if (inner === undefined && !Array.isArray(copy)) delete copy[first];
  else copy[first] = inner;
  return copy;
}

let plain: Manifest;
let full: Manifest;
beforeAll(async () => {
  const { store, campaign, manifest } = await publishedDataset();
  plain = manifest;
  const record = (calls: number) => canonicalJson({ schema: 1, run: 'r', index: 0, calls, nanoUsd: 500 });
  await store.putIfAbsent(explainedKey(campaign.name, 0, 'r', 'end'), record(2));
  const quote = { date: '2026-01-01', source: 'a price list', inputPerMTok: 1, outputPerMTok: 1, cacheWritePerMTok: 1, cacheReadPerMTok: 1 };
  const next = await publish(store, { ...campaign, quote } as unknown as typeof campaign, campaign.listing, [{ ...(manifest.pages[0] as Manifest['pages'][number]), booked: 20_000 }]);
  full = { ...next.manifest, imagined: { calls: 0, nanoUsd: 0 } };
});

describe('the JSON Schema of a manifest', () => {
  it('takes manifests as they are published, with and without what is optional', () => {
    for (const manifest of [plain, full]) {
      expect([validate(manifest), validate.errors]).toEqual([true, null]);
    }
    expect(Object.keys(full)).toEqual(expect.arrayContaining(['prices', 'explained', 'imagined']));
  });

  it('judges as the program does when anything in a manifest is taken away, or has another type, sign or spelling', () => {
    let refused = 0;
    for (const [at] of places(full)) {
      for (const to of [undefined, null, 'text', '', -1, 1.5, 7, true, [], {}, { more: 1 }]) {
        const other = changed(full, at, to);
        const taken = Manifest.safeParse(other).success;
        expect({ at, to, taken: validate(other) }).toEqual({ at, to, taken });
        if (!taken) refused += 1;
      }
      if (!isObject(full, at)) continue;
      const extended = changed(full, [...at, 'unheardOf'], 1);
      expect({ at, taken: validate(extended) }).toEqual({ at, taken: Manifest.safeParse(extended).success });
      expect(validate(extended)).toBe(false);
    }
    expect(refused).toBeGreaterThan(1_000);
  });

  it.each(['../escape.arrow', 'data/A.arrow', 'elsewhere/a.arrow', 'data/a.parquet'])('refuses a file with the key %s', (key) => {
    expect(validate(changed(plain, ['pages', 0, 'files', 0, 'key'], key))).toBe(false);
  });

  it('says what every field means, and the page on manifests names them all', () => {
    const page = readFileSync(new URL('../../docs/manifest.md', import.meta.url), 'utf8');
    for (const [path, note] of Object.entries(MANIFEST_NOTES)) if (path !== '') expect(page).toContain(`| \`${path}\` | ${note.replaceAll('|', '\\|')} |`);
  });
});

function isObject(value: unknown, at: Path): boolean {
  let inner = value;
  for (const key of at) inner = (inner as Record<string | number, unknown>)[key];
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner);
}
