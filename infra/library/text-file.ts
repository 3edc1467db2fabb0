import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { EXTENSIONS, formatOf, LARGEST_FILE, type Format } from './formats.ts';

/** What is wrong with a file of a library, and the field of library.yaml to put before it. */
export class TextFault extends Error {
  override name = 'TextFault';
  readonly field: 'file' | 'sha256' | 'extracted';

  constructor(message: string, field: TextFault['field'] = 'file') {
    super(message);
    this.field = field;
  }
}

/**
 * The bytes of one file of a library.
 * @throws TextFault where it does not exist, is no regular file, lies outside (by its path or by a link), is too large, or is in
 * a format that no library holds.
 */
export function readTextFile(folder: string, file: string): { bytes: Buffer; format: Format } {
  const path = join(folder, file);
  if (file.includes('\0')) throw new TextFault('a name without NUL characters is needed');
  if (isAbsolute(file) || !isInside(folder, path)) throw new TextFault(`"${file}" lies outside the library`);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new TextFault(`"${file}" does not exist in ${folder}`);
  if (!isInside(realpathSync(folder), realpathSync(path))) throw new TextFault(`"${file}" lies outside the library: it is a link that leads out of ${folder}`);
  if (!stat.isFile()) throw new TextFault(`"${file}" is not a regular file`);
  if (stat.size > LARGEST_FILE) throw new TextFault(`"${file}" has ${megabytes(stat.size)} MB; at most ${megabytes(LARGEST_FILE)} MB are allowed`);
  const format = formatOf(file);
  if (format === null) throw new TextFault(`"${file}" has no format that is known: ${EXTENSIONS.join(', ')} are allowed`);
  return { bytes: readFileSync(path), format };
}

export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(bytes % 2 ** 20 === 0 ? 0 : 1);
