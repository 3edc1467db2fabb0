import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EMITTED_FOLDER, emittedFiles } from '../../schemas/emit.ts';

const folder = new URL(`../../${EMITTED_FOLDER}/`, import.meta.url);

it('finds the schemas that Python reads equal to what the code emits (else: npm run schemas)', () => {
  const onDisk = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]);
  expect(Object.fromEntries(onDisk)).toEqual(Object.fromEntries(emittedFiles()));
});

it('says nested columns in full', () => {
  const { columns } = JSON.parse(emittedFiles().get('data.json') as string) as { columns: { name: string }[] };
  expect(columns.find(({ name }) => name === 'nodes')).toMatchObject({
    type: 'list',
    nullable: false,
    item: { name: 'item', type: 'struct', nullable: false, fields: expect.arrayContaining([{ name: 'success', type: 'float64', nullable: true }]) as unknown },
  });
  expect(columns.find(({ name }) => name === 'situation_index')).toEqual({ name: 'situation_index', type: 'int32', nullable: false });
});
