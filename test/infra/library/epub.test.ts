import { expect, test } from 'vitest';
import { epubText } from '../../../infra/library/epub.ts';
import { sectionsOf } from '../../../infra/library/sections.ts';
import { epub, prose, zip } from './books.ts';

const p = (words: string) => `<p>${words}</p>`;

test('documents come in the order of the spine, as Markdown', () => {
  const book = epub({
    'b.xhtml': { body: '<h1>First</h1><p>One&nbsp;&amp; two<br/>three&#8212;four.</p><ul><li>a</li><li><p>b</p></li></ul><ol><li>x</li><li>y</li></ol>' },
    'a.xhtml': { body: '<h2>Second</h2><blockquote><p>said</p></blockquote><pre>a\n  b</pre><table><tr><td>1</td><td>2</td></tr></table><script>no()</script><p><img alt="no"/><em>kept</em></p>' },
  });
  expect(epubText('a.epub', book)).toBe(
    ['# First', 'One & two\nthree—four.', '- a\n- b', '1. x\n2. y', '## Second', '> said', '```\na\n  b\n```', '1 | 2', 'kept'].join('\n\n').replace('- b\n\n1. x', '- b\n1. x') + '\n',
  );
});

test('the navigation document of EPUB 3 names the chapters, down to anchors inside a document', () => {
  const book = epub(
    { 'one two.xhtml': { body: `<h1>ONE.</h1>${p('a')}<h4>inner</h4>${p('b')}<div id="x">${p('c')}</div>` }, 'three.xhtml': { body: p('d') } },
    { nav: '<ol><li><a href="one%20two.xhtml">One</a><ol><li><a href="one%20two.xhtml#x">Inside</a></li></ol></li><li><a href="three.xhtml">Three</a></li></ol>' },
  );
  expect(epubText('a.epub', book)).toBe('# One\n\na\n\n#### inner\n\nb\n\n## Inside\n\nc\n\n# Three\n\nd\n');
});

test('the table of EPUB 2 names them too', () => {
  const point = (label: string, src: string, inner = '') => `<navPoint><navLabel><text>${label}</text></navLabel><content src="${src}"/>${inner}</navPoint>`;
  const book = epub({ 'a.html': { body: p('a') }, 'b.html': { body: `<h2 class="t">Chapter 2: Oaths</h2>${p('b')}` } }, { ncx: point('Part I', 'a.html', point('Oaths', 'b.html')) });
  expect(epubText('a.epub', book)).toBe('# Part I\n\na\n\n## Oaths\n\nb\n');
});

test('without headings or tables the documents are chapters by their titles', () => {
  const book = epub({ 'a.xhtml': { title: 'Dawn', body: p('a') }, 'b.xhtml': { body: p('b') } });
  expect(epubText('a.epub', book)).toBe('# Dawn\n\na\n\n# Section 2\n\nb\n');
});

test('words that look like a heading stay words', () => {
  const text = epubText('a.epub', epub({ 'a.xhtml': { body: `<h1>Real</h1>${p('# not one')}` } }));
  expect(sectionsOf(text, false).map(({ name }) => name)).toEqual(['Real']);
});

test('a million characters and more come out the same each time, chapter by chapter', () => {
  const chapters = Array.from({ length: 40 }, (_, i) => prose(i, 27_000));
  const book = epub(Object.fromEntries(chapters.map((paragraphs, i) => [`c${i}.xhtml`, { body: `<h1>Chapter ${i}</h1>${paragraphs.map(p).join('')}` }])));
  const text = epubText('a.epub', book);
  expect(text.length).toBeGreaterThan(1_000_000);
  expect(text).toBe(`${chapters.map((paragraphs, i) => [`# Chapter ${i}`, ...paragraphs].join('\n\n')).join('\n\n')}\n`);
  expect(epubText('a.epub', book)).toBe(text);
});

test.each([
  ['no archive', Buffer.from('words'), /^"a\.epub" is no EPUB: it cannot be unpacked \([^\n]*\)$/],
  ['an archive of something else', zip({ 'a.txt': 'words' }), /^"a\.epub" is no EPUB: it names no package document$/],
  ['no text', epub({ 'a.xhtml': { body: '<h1>Title</h1><img src="a.png"/>' } }), /^"a\.epub" has no text$/],
  [
    'an encrypted book',
    epub({ 'a.xhtml': { body: p('a') } }, { more: { 'META-INF/encryption.xml': '<encryption xmlns:enc="x"><enc:EncryptedData><enc:CipherData><enc:CipherReference URI="OEBPS/a.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>' } }),
    /^"a\.epub" is encrypted/,
  ],
  ['elements without end', epub({ 'a.xhtml': { body: '<div>'.repeat(100_000) } }), /^"a\.epub" cannot be read as an EPUB \([^\n]*nest[^\n]*\)$/],
])('%s is refused in one line', (_name, bytes, message) => {
  expect(() => epubText('a.epub', bytes)).toThrow(message);
});

test('a book whose fonts alone are obscured is open', () => {
  const fonts = '<encryption><EncryptedData><CipherData><CipherReference URI="OEBPS/serif.otf"/></CipherData></EncryptedData></encryption>';
  expect(epubText('a.epub', epub({ 'a.xhtml': { body: `<h1>A</h1>${p('a')}` } }, { more: { 'META-INF/encryption.xml': fonts } }))).toBe('# A\n\na\n');
});

test('a book that unpacks to far too much is refused before it is unpacked', () => {
  const bomb = epub({ 'a.xhtml': { body: 'x'.repeat(1_000) } });
  // the directory's own word for the size: 512 MB
  const at = bomb.indexOf('OEBPS/a.xhtml', bomb.indexOf('PK\x01\x02')) - 46 + 24;
  bomb.writeUInt32LE(512 * 2 ** 20, at);
  expect(() => epubText('a.epub', bomb)).toThrow('"a.epub" unpacks to more than 256 MB of text');
});

test('a book that says it is small and is not, is not unpacked beyond what it says', () => {
  const bomb = epub({ 'a.xhtml': { body: p('y'.repeat(2_000_000)) } });
  const at = bomb.indexOf('OEBPS/a.xhtml', bomb.indexOf('PK\x01\x02')) - 46 + 24;
  bomb.writeUInt32LE(1_000, at);
  let text = '';
  try {
    text = epubText('a.epub', bomb);
  } catch (error) {
    expect((error as Error).message).toMatch(/^"a\.epub" [^\n]*$/);
  }
  expect(text.length).toBeLessThan(2_000);
});

test('entities that unfold into each other are left as they stand', () => {
  const entities = Array.from({ length: 10 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
  const text = epubText('a.epub', epub({ 'a.xhtml': { body: `<!DOCTYPE x [<!ENTITY e0 "haha">${entities}]>${p('before &e10; after')}` } }));
  expect(text.length).toBeLessThan(5_000);
  expect(text).not.toContain('hahahaha');
});

test('a chapter whose path leads out of the book is not there', () => {
  const book = epub({ '../../../../etc/passwd.xhtml': { body: p('slipped') }, 'a.xhtml': { body: p('inside') } });
  expect(epubText('a.epub', book)).toContain('inside');
});
