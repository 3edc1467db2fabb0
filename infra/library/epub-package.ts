import { posix } from 'node:path';
import { childrenOf, descendants, find, wordsOf, type Element } from './markup.ts';
import type { Target } from './xhtml.ts';

/** The documents inside a book, read as markup when asked for. */
export interface Documents {
  read(path: string): Element | null;
}

export interface Package {
  /** Paths of the documents in reading order, the table of contents itself left out. */
  spine: string[];
  /** Path of the EPUB 3 navigation document, or of the EPUB 2 table. */
  nav: string | null;
  ncx: string | null;
}

/** What META-INF/container.xml and the package document say; null where there is none. */
export function readPackage(documents: Documents): Package | null {
  const container = documents.read('META-INF/container.xml');
  const path = container === null ? undefined : find(container, 'rootfile')?.attributes['full-path'];
  const opf = path === undefined ? null : documents.read(path);
  if (path === undefined || opf === null) return null;
  const items = new Map(childrenOf(find(opf, 'manifest'), 'item').map(({ attributes }) => [attributes['id'], attributes]));
  const at = (id: string | undefined) => resolve(path, items.get(id)?.['href']);
  const spine = find(opf, 'spine');
  const nav = resolve(path, [...items.values()].find(({ properties = '' }) => properties.split(/\s+/).includes('nav'))?.['href']);
  const ncx = at(spine?.attributes['toc']) ?? resolve(path, [...items.values()].find((item) => item['media-type'] === 'application/x-dtbncx+xml')?.['href']);
  const order = childrenOf(spine, 'itemref').filter(({ attributes }) => attributes['linear'] !== 'no').map(({ attributes }) => at(attributes['idref']));
  return { spine: order.filter((each): each is string => each !== null && each !== nav), nav, ncx };
}

/** The table of contents, by the document that each entry points into. */
export function readTargets(documents: Documents, { nav, ncx }: Package): Map<string, Target[]> {
  const targets = new Map<string, Target[]>();
  const add = (table: string, href: string | undefined, label: string, depth: number) => {
    const path = resolve(table, href);
    if (path === null || label === '') return;
    const id = href?.split('#')[1];
    const own = targets.get(path) ?? [];
    own.push({ id: id === undefined || id === '' ? null : decode(id), label, depth });
    targets.set(path, own);
  };
  const contents = nav === null ? undefined : tableOf(documents.read(nav));
  if (nav !== null && contents !== undefined) walkNav(contents, 1, (href, label, depth) => add(nav, href, label, depth));
  if (targets.size > 0 || ncx === null) return targets;
  const map = documents.read(ncx);
  walkNcx(map === null ? undefined : find(map, 'navmap'), 1, (href, label, depth) => add(ncx, href, label, depth));
  return targets;
}

type Visit = (href: string | undefined, label: string, depth: number) => void;

function tableOf(document: Element | null): Element | undefined {
  const navs = document === null ? [] : [...descendants(document)].filter(({ name }) => name === 'nav');
  return navs.find(({ attributes }) => attributes['epub:type']?.split(/\s+/).includes('toc')) ?? navs[0];
}

function walkNav(element: Element, depth: number, visit: Visit): void {
  for (const list of childrenOf(element, 'ol')) {
    for (const item of childrenOf(list, 'li')) {
      const link = childrenOf(item, 'a')[0];
      if (link !== undefined) visit(link.attributes['href'], wordsOf(link), depth);
      walkNav(item, depth + 1, visit);
    }
  }
}

function walkNcx(element: Element | undefined, depth: number, visit: Visit): void {
  for (const point of childrenOf(element, 'navpoint')) {
    const label = childrenOf(point, 'navlabel')[0];
    visit(childrenOf(point, 'content')[0]?.attributes['src'], label === undefined ? '' : wordsOf(label), depth);
    walkNcx(point, depth + 1, visit);
  }
}

/** Path inside the book of a reference in one of its documents; null where there is none, or it leads elsewhere. */
function resolve(from: string, href: string | undefined): string | null {
  const path = href?.split('#')[0];
  if (path === undefined || path === '' || /^[a-z]+:/i.test(path)) return null;
  return posix.normalize(posix.join(posix.dirname(from), decode(path)));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
