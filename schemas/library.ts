import { z } from 'zod';

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in lower-case hex');

/** `library.yaml`: only texts listed here, whose bytes match their hash, are ever shown to the model. */
export const LibraryFile = z.strictObject({
  texts: z
    .array(
      z.strictObject({
        /** Path relative to library.yaml. */
        file: z.string().min(1),
        title: z.string().min(1),
        licence: z.string().min(1),
        tags: z.array(z.string().min(1)).default([]),
        sha256: Sha256,
      }),
    )
    .min(1),
});
export type LibraryFile = z.infer<typeof LibraryFile>;

/** One chapter as an activity sees it; the chapter's text is the object `sha256`. `textbook` is the file's base name. */
export const ChapterRef = z.strictObject({
  textbook: z.string(),
  title: z.string(),
  /** The text's licence, for the dataset card. */
  licence: z.string().optional(),
  chapter: z.string(),
  sha256: Sha256,
  chars: z.int(),
});
export type ChapterRef = z.infer<typeof ChapterRef>;
