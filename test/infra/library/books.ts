import { deflateRawSync } from 'node:zlib';

/*
 * Books made by hand, without the packages that read them: a zip archive by its specification (APPNOTE 6.3.3), an EPUB in it, and a
 * PDF 1.4 with one font and an outline.
 */

/** Prose of about `chars` characters that differs from seed to seed, in paragraphs of some sixty words. */
export function prose(seed: number, chars: number): string[] {
  let state = seed * 7919 + 17;
  const words = ['river', 'promise', 'engine', 'winter', 'council', 'harvest', 'measure', 'signal', 'neighbour', 'ledger', 'bridge', 'repair', 'caution', 'witness', 'storage', 'morning'];
  const next = () => (state = (state * 48_271) % 2_147_483_647);
  const paragraphs: string[] = [];
  for (let length = 0; length < chars; ) {
    const paragraph = Array.from({ length: 60 }, (_, i) => (i % 12 === 11 ? `${words[next() % 16]} ${next() % 1000}.` : words[next() % 16])).join(' ');
    paragraphs.push(paragraph);
    length += paragraph.length + 2;
  }
  return paragraphs;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export function zip(entries: Record<string, string>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x800, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(locals.length, 8);
  end.writeUInt16LE(locals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

const page = (title: string, body: string) => `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>${title}</title></head><body>${body}</body></html>`;

const CONTAINER = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>';

/** An EPUB of documents in reading order; `nav` and `ncx` are the tables of contents of versions 3 and 2, `more` other entries. */
export function epub(documents: Record<string, { title?: string; body: string }>, { nav, ncx, more = {} }: { nav?: string; ncx?: string; more?: Record<string, string> } = {}): Buffer {
  const names = Object.keys(documents);
  const items = names.map((name, i) => `<item id="d${i}" href="${encodeURI(name)}" media-type="application/xhtml+xml"/>`);
  if (nav !== undefined) items.push('<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>');
  if (ncx !== undefined) items.push('<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>');
  const opf = `<package xmlns="http://www.idpf.org/2007/opf"><manifest>${items.join('')}</manifest><spine${ncx === undefined ? '' : ' toc="ncx"'}>${names.map((_, i) => `<itemref idref="d${i}"/>`).join('')}</spine></package>`;
  return zip({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': CONTAINER,
    'OEBPS/book.opf': opf,
    ...Object.fromEntries(Object.entries(documents).map(([name, { title = '', body }]) => [`OEBPS/${name}`, page(title, body)])),
    ...(nav === undefined ? {} : { 'OEBPS/nav.xhtml': page('Contents', `<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc">${nav}</nav>`) }),
    ...(ncx === undefined ? {} : { 'OEBPS/toc.ncx': `<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>${ncx}</navMap></ncx>` }),
    ...more,
  });
}

/** Lines of one page, from the top. An empty line leaves a gap. */
export type Page = string[];
export interface OutlineEntry {
  title: string;
  /** Index of the page. */
  page: number;
  /** Index of the line on the page that it points at; the page's top where it is left out. */
  line?: number;
}

const FIRST_LINE = 780;
const LEADING = 12;

/** A PDF of pages, Helvetica 10 points, with an outline of one level where entries are given. */
export function pdf(pages: Page[], outline: OutlineEntry[] = [], encrypt = false): Buffer {
  const objects: string[] = [];
  const add = (body: string) => objects.push(body);
  const pageAt = (i: number) => 4 + 2 * i;
  const first = 4 + 2 * pages.length;
  add(`<< /Type /Catalog /Pages 2 0 R${outline.length === 0 ? '' : ` /Outlines ${first} 0 R`} >>`);
  add(`<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, i) => `${pageAt(i)} 0 R`).join(' ')}] >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  for (const [i, lines] of pages.entries()) {
    const content = `BT /F1 10 Tf ${LEADING} TL 50 ${FIRST_LINE} Td ${lines.map((line) => `(${line.replace(/[\\()]/g, '\\$&')}) Tj T*`).join('\n')} ET`;
    add(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${pageAt(i) + 1} 0 R >>`);
    add(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  }
  if (outline.length > 0) {
    add(`<< /Type /Outlines /First ${first + 1} 0 R /Last ${first + outline.length} 0 R /Count ${outline.length} >>`);
    for (const [i, { title, page, line }] of outline.entries()) {
      const dest = line === undefined ? '/Fit' : `/XYZ 0 ${FIRST_LINE - LEADING * line + 9} 0`;
      add(`<< /Title (${title}) /Parent ${first} 0 R${i > 0 ? ` /Prev ${first + i} 0 R` : ''}${i + 1 < outline.length ? ` /Next ${first + i + 2} 0 R` : ''} /Dest [${pageAt(page)} 0 R ${dest}] >>`);
    }
  }
  // the standard handler with hashes of a password that nobody knows
  if (encrypt) add(`<< /Filter /Standard /V 1 /R 2 /P -44 /O <${'ab'.repeat(32)}> /U <${'cd'.repeat(32)}> >>`);
  let text = '%PDF-1.4\n';
  const offsets = objects.map((body, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj\n${body}\nendobj\n`;
    return at;
  });
  const xref = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')}`;
  const id = '<00112233445566778899aabbccddeeff>';
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R${encrypt ? ` /Encrypt ${objects.length} 0 R /ID [${id} ${id}]` : ''} >>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}

/** Paragraphs as lines of at most 90 characters, an empty one between paragraphs. */
export function wrapped(paragraphs: string[]): string[] {
  return paragraphs.flatMap((paragraph) => [...(paragraph.match(/.{1,90}(?:\s|$)/g) ?? []).map((line) => line.trim()), '']);
}
