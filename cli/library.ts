import type { Command } from 'commander';
import { counted, count } from './figures.ts';
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
    const { libraryFolder, readLibrary } = await import('../infra/library.ts');
    const { file, chapters } = readLibrary(libraryFolder(folder));
    const texts = file.texts.map((entry) => {
      const own = chapters.filter((chapter) => `${entry.file.replace(/^.*\//, '').replace(/\.[^.]*$/, '')}` === chapter.textbook);
      return { ...entry, chapters: own.length, chars: own.reduce((sum, { chars }) => sum + chars, 0) };
    });
    const rows = texts.map((text) => [text.file, text.title, text.licence, text.tags.join(', '), count(text.chapters), count(text.chars)]);
    new Output(options).result({ folder, texts }, columns([['FILE', 'TITLE', 'LICENCE', 'TAGS', 'CHAPTERS', 'CHARS'], ...rows], [4, 5]));
  });
  verb(library, 'add <text> [folder]', 'list a text in library.yaml; one from elsewhere is copied into the folder')
    .requiredOption('--title <title>', 'title of the text')
    .requiredOption('--licence <licence>', 'its licence, such as CC0-1.0')
    .option('--tags <tags>', 'separated by commas')
    .action(async (text: string, folder: string = 'library', options: AddOptions) => {
      const { addText } = await import('./library-lock.ts');
      const tags = (options.tags ?? '').split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
      const added = addText(text, folder, { title: options.title, licence: options.licence, tags });
      new Output(options).result({ folder, ...added }, `added ${added.file} to ${folder}/library.yaml (sha256 ${added.sha256})`);
    });
  verb(library, 'lock [folder]', 'write the hashes of the listed texts as they are now').action(async (folder: string = 'library', options: { json?: boolean }) => {
    const { lockLibrary } = await import('./library-lock.ts');
    const changed = lockLibrary(folder);
    new Output(options).result({ folder, changed }, changed.length === 0 ? `${folder}: every hash was right` : `${folder}: ${counted(changed.length, 'hash', 'hashes')} renewed: ${changed.join(', ')}`);
  });
}
