import { z } from 'zod';

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in lower-case hex');

const said = z.string().regex(/\S/, 'must not be empty');

/** `library.yaml`: only texts listed here, whose bytes match their hash, are ever shown to the model. */
export const LibraryFile = z.strictObject({
  texts: z
    .array(
      z.strictObject({
        /** Path relative to library.yaml. */
        file: z.string().min(1),
        title: said,
        licence: said,
        tags: z.array(z.string().min(1)).default([]),
        /** Of the file's bytes. */
        sha256: Sha256,
        /** Of the text taken from an EPUB or a PDF, at `<file>.md`; `exemplar library add` and `lock` write both. */
        extracted: Sha256.optional(),
      }),
    )
    .min(1),
});
export type LibraryFile = z.infer<typeof LibraryFile>;

/** A text's table of contents; `tokens` are those of the chapter's block in a prompt. */
export const TextContents = z.strictObject({ textbook: z.string(), title: z.string(), chapters: z.array(z.strictObject({ name: z.string(), tokens: z.int() })) });
export type TextContents = z.infer<typeof TextContents>;

/**
 * One chapter as an activity sees it; the chapter's text is the object `sha256`. `textbook` is the file's base name without its
 * extension; textbook and chapter together name one chapter.
 */
export const ChapterRef = z.strictObject({
  textbook: z.string(),
  title: z.string(),
  /** The text's licence, for the dataset card. */
  licence: z.string().optional(),
  chapter: z.string(),
  sha256: Sha256,
  /** UTF-16 code units of the text, which a text's chapters divide without a gap. */
  chars: z.int(),
  /** Tokens of the chapter's block in a prompt; 0 in records older than the counting of chapters. */
  tokens: z.int().min(0).default(0),
  /** True: the provider's own count. False: half the block's UTF-8 bytes, rounded up. */
  counted: z.boolean().default(false),
});
export type ChapterRef = z.infer<typeof ChapterRef>;
