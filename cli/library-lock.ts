import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import { UsageError } from '../infra/usage-error.ts';
import { sha256Hex } from '../schemas/canonical.ts';
import type { LibraryFile } from '../schemas/library.ts';

type Entry = LibraryFile['texts'][number];

/** Renews the sha256 of every listed text; comments and order stay. Returns the files whose hash changed. @throws UsageError for a missing text. */
export function lockLibrary(folder: string): string[] {
  const path = join(folder, 'library.yaml');
  const document = open(path);
  const changed: string[] = [];
  for (const [i, entry] of entries(document, path).entries()) {
    const file = String(entry.get('file'));
    const text = join(folder, file);
    if (!existsSync(text)) throw new UsageError(`${path}: texts.${i}.file: "${file}" does not exist in ${folder}`);
    const sha256 = sha256Hex(readFileSync(text));
    if (entry.get('sha256') === sha256) continue;
    entry.set('sha256', sha256);
    changed.push(file);
  }
  if (changed.length > 0) writeFileSync(path, document.toString({ lineWidth: 0 }));
  return changed;
}

/** Lists one more text, in a library.yaml that is made where there is none. @throws UsageError for a text that is missing or listed already. */
export function addText(text: string, folder: string, about: Pick<Entry, 'title' | 'licence' | 'tags'>): Entry {
  if (!existsSync(text)) throw new UsageError(`TEXT: no such file: ${text}`);
  if (!existsSync(folder)) throw new UsageError(`FOLDER: no such folder: ${folder}`);
  const path = join(folder, 'library.yaml');
  if (!existsSync(path)) writeFileSync(path, 'texts: []\n');
  const document = open(path);
  const inside = relative(resolve(folder), resolve(text));
  const file = inside.startsWith('..') ? basename(text) : inside;
  if (entries(document, path).some((entry) => entry.get('file') === file)) throw new UsageError(`TEXT: "${file}" is listed in ${path} already; \`exemplar library lock ${folder}\` renews its hash`);
  const target = join(folder, file);
  if (resolve(target) !== resolve(text)) {
    if (existsSync(target)) throw new UsageError(`TEXT: ${target} exists already; rename the text`);
    copyFileSync(text, target);
  }
  const entry: Entry = { file, ...about, sha256: sha256Hex(readFileSync(target)) };
  document.addIn(['texts'], document.createNode(entry));
  writeFileSync(path, document.toString({ lineWidth: 0 }));
  return entry;
}

function open(path: string): Document {
  if (!existsSync(path)) throw new UsageError(`${path}: no such file`);
  const document = parseDocument(readFileSync(path, 'utf8'));
  const [error] = document.errors;
  if (error !== undefined) throw new UsageError(`${path}: not YAML: ${error.message.split('\n')[0] ?? ''}`);
  return document;
}

function entries(document: Document, path: string): YAMLMap[] {
  const texts = document.get('texts');
  if (!isSeq(texts)) throw new UsageError(`${path}: texts: a list of { file, title, licence, tags, sha256 }`);
  return texts.items.map((item, i) => {
    if (!isMap(item)) throw new UsageError(`${path}: texts.${i}: { file, title, licence, tags, sha256 }`);
    return item;
  });
}
