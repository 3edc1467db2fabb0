import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';

/** An entry of a PDF's outline. */
export interface Mark {
  label: string;
  /** 1 for the outline's top level. */
  depth: number;
  /** Index of the page, from 0. */
  page: number;
  /** Points from the page's lower edge; null for its top. */
  y: number | null;
}

type Items = Awaited<ReturnType<PDFDocumentProxy['getOutline']>>;

/** Where the coordinate of the top stands in a destination, by its kind. */
const TOP: Record<string, number> = { XYZ: 3, FitH: 2, FitBH: 2, FitR: 5 };

/** The outline's entries that point into the document, in reading order; empty where there is no outline. */
export async function outlineOf(document: PDFDocumentProxy): Promise<Mark[]> {
  const marks: Mark[] = [];
  const walk = async (items: Items, depth: number): Promise<void> => {
    // null without an outline, whatever the types say
    for (const { title, dest, items: below } of (items as Items | null) ?? []) {
      const label = title.replace(/\s+/g, ' ').trim();
      const at = await placeOf(document, dest);
      if (label !== '' && at !== null) marks.push({ label, depth, ...at });
      await walk(below as Items, depth + 1);
    }
  };
  await walk(await document.getOutline(), 1);
  return marks.sort((a, b) => a.page - b.page || (b.y ?? Infinity) - (a.y ?? Infinity) || 0);
}

async function placeOf(document: PDFDocumentProxy, dest: string | unknown[] | null): Promise<Pick<Mark, 'page' | 'y'> | null> {
  const explicit: unknown[] | null = typeof dest === 'string' ? await document.getDestination(dest) : dest;
  const [target, kind] = explicit ?? [];
  if (target === undefined || explicit === null) return null;
  const page = typeof target === 'number' ? target : await pageOf(document, target);
  const top = explicit[TOP[(kind as { name?: string } | undefined)?.name ?? ''] ?? explicit.length];
  return page === null ? null : { page, y: typeof top === 'number' ? top : null };
}

/** null for a reference to no page: broken outlines are common, and no reason to refuse a book. */
async function pageOf(document: PDFDocumentProxy, target: unknown): Promise<number | null> {
  try {
    return await document.getPageIndex(target as Parameters<PDFDocumentProxy['getPageIndex']>[0]);
  } catch {
    return null;
  }
}
