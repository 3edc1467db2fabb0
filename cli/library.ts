import type { Command } from 'commander';
import type { LibraryText } from '../infra/library/chapters.ts';
import type { Format } from '../infra/library/formats.ts';
import type { LibraryFile } from '../schemas/library.ts';
import { count, counted, short } from './figures.ts';
import { columns, Output, verb } from './output.ts';

interface AddOptions {
  json?: boolean;
  title: string;
  licence: string;
  tags?: string;
}

export function register(program: Command): void {
  const library = program.command('library').description('texts that critics read: list them, add one, renew their hashes');
  verb(library, 'list [folder]', 'titles, licences, chapters and sizes').action(async (folder: string = 'library', options: { json?: boolean }) => {
    const texts = await readTexts(folder);
    const rows = texts.map((text) => [text.file, text.title, text.licence, text.tags.join(', '), text.format ?? '', count(text.chapters), count(text.chars), `~${short(text.tokens)}`]);
    new Output(options).result({ folder, texts }, columns([['FILE', 'TITLE', 'LICENCE', 'TAGS', 'FORMAT', 'CHAPTERS', 'CHARS', 'TOKENS'], ...rows], [5, 6, 7]));
  });
  verb(library, 'add <text> [folder]', 'list a text (Markdown, plain text, EPUB or PDF) in library.yaml; one from elsewhere is copied into the folder')
    .requiredOption('--title <title>', 'title of the text')
    .requiredOption('--licence <licence>', 'its licence, such as CC0-1.0')
    .option('--tags <tags>', 'separated by commas')
    .action(async (text: string, folder: string = 'library', options: AddOptions) => {
      const { addText } = await import('./library-lock.ts');
      const tags = (options.tags ?? '').split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
      const made = await addText(text, folder, { title: options.title, licence: options.licence, tags });
      const added = await sized(made.entry, made.text);
      const sizes = `${counted(added.chapters, 'chapter')}, ${count(added.chars)} characters, about ${short(added.tokens)} tokens`;
      new Output(options).result({ folder, ...added }, `added ${added.file} to ${folder}/library.yaml: ${sizes} (sha256 ${added.sha256})`);
    });
  verb(library, 'lock [folder]', 'write the hashes of the listed texts as they are now').action(async (folder: string = 'library', options: { json?: boolean }) => {
    const { lockLibrary } = await import('./library-lock.ts');
    const { libraryFolder } = await import('../infra/library.ts');
    const changed = await lockLibrary(libraryFolder(folder));
    new Output(options).result({ folder, changed }, changed.length === 0 ? `${folder}: every hash was right` : `${folder}: ${counted(changed.length, 'hash', 'hashes')} renewed: ${changed.join(', ')}`);
  });
}

/** A listed text and its size. */
type ListedText = LibraryFile['texts'][number] & {
  format: Format | null;
  /** At the default longest chapter. */
  chapters: number;
  chars: number;
  /** By a usual number of bytes a token: only a provider can count. */
  tokens: number;
};

async function readTexts(folder: string): Promise<ListedText[]> {
  const { libraryFolder, readLibrary } = await import('../infra/library.ts');
  const { file, texts } = await readLibrary(libraryFolder(folder));
  return await Promise.all(file.texts.map((entry, i) => sized(entry, texts[i] as LibraryText)));
}

async function sized(entry: LibraryFile['texts'][number], text: LibraryText): Promise<ListedText> {
  const { sketchChapters, USUAL_BYTES_A_TOKEN } = await import('../infra/library/chapters.ts');
  const { formatOf } = await import('../infra/library/formats.ts');
  const { LibraryChoice } = await import('../schemas/campaign.ts');
  const { chapterTokens } = LibraryChoice.parse({ path: '.' });
  const tokens = Math.round(Buffer.byteLength(text.text) / USUAL_BYTES_A_TOKEN);
  return { ...entry, format: formatOf(entry.file), chapters: sketchChapters([text], chapterTokens).length, chars: text.text.length, tokens };
}
