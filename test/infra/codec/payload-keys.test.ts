import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPayloadKeys } from '../../../infra/codec/payload-keys.ts';
import { temporaryFolder } from '../dev/temporary-folder.ts';

const [new64, old64] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')];

function file(text: string): string {
  const path = join(temporaryFolder(), 'payload-keys');
  writeFileSync(path, text);
  return path;
}

test('keys stand in the order given, the encrypting one first', () => {
  const keys = readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS: `new:${new64}, old:${old64}` });
  expect([...(keys ?? [])].map(([id, key]) => [id, Buffer.from(key).toString('base64')])).toEqual([['new', new64], ['old', old64]]);
});

test('a file holds one key a line, with comments', () => {
  const keys = readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS_FILE: file(`# since May\nnew:${new64}\n\nold:${old64}\n`) });
  expect([...(keys ?? new Map<string, Uint8Array>()).keys()]).toEqual(['new', 'old']);
});

test.each([{}, { EXEMPLAR_PAYLOAD_KEYS: '' }, { EXEMPLAR_PAYLOAD_KEYS: ' ', EXEMPLAR_PAYLOAD_KEYS_FILE: '' }])('no variable, or an empty one, means no keys: %j', (env) => {
  expect(readPayloadKeys(env)).toBeNull();
});

test.each([
  ['without an id', new64, 'EXEMPLAR_PAYLOAD_KEYS: entry 1 must be id:key'],
  ['a short key', `new:${Buffer.alloc(16, 1).toString('base64')}`, 'EXEMPLAR_PAYLOAD_KEYS: the key "new" must be 32 bytes in base64'],
  ['no base64', `new:${'*'.repeat(44)}`, 'EXEMPLAR_PAYLOAD_KEYS: the key "new" must be 32 bytes in base64'],
  ['an id twice', `new:${new64},new:${old64}`, 'EXEMPLAR_PAYLOAD_KEYS: the key id "new" stands there twice'],
  ['an odd id', `n w:${new64}`, 'EXEMPLAR_PAYLOAD_KEYS: entry 1 must be id:key'],
  ['nothing but commas', ',,', 'EXEMPLAR_PAYLOAD_KEYS: there is no key'],
])('%s is refused in a line that does not repeat the key', (_, text, says) => {
  expect(() => readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS: text })).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(says) as string }) as Error);
  try {
    readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS: text });
  } catch (error) {
    for (const part of text.split(/[:,]/).filter((each) => each.length > 10)) expect((error as Error).message).not.toContain(part);
  }
});

test('a file that is not there, and both variables at once, are refused by name', () => {
  expect(() => readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS_FILE: '/nowhere/keys' })).toThrow('EXEMPLAR_PAYLOAD_KEYS_FILE: /nowhere/keys cannot be read (ENOENT)');
  expect(() => readPayloadKeys({ EXEMPLAR_PAYLOAD_KEYS: `a:${new64}`, EXEMPLAR_PAYLOAD_KEYS_FILE: file(`b:${old64}`) })).toThrow('EXEMPLAR_PAYLOAD_KEYS, EXEMPLAR_PAYLOAD_KEYS_FILE: set one of them, not both');
});
