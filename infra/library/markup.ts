import sax from 'sax';

/** An element of XML or XHTML: names in lower case and without their prefix, character references resolved. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: (Element | string)[];
}

/** Deepest nesting that is read: what lies deeper is no book. */
const DEEPEST = 500;
/** sax has comments and the like no longer than 64 kB, which books do have. */
sax.MAX_BUFFER_LENGTH = Infinity;

/** Reads markup forgivingly: an unclosed or unknown element is no error. @throws RangeError where elements nest too deeply. */
export function parseMarkup(text: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  const parser = sax.parser(false, { lowercase: true });
  const take = (words: string) => open.at(-1)?.children.push(words);
  parser.onopentag = ({ name, attributes }) => {
    const element: Element = { name: local(name), attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key === 'epub:type' ? key : local(key), value])), children: [] };
    open.at(-1)?.children.push(element);
    if (open.push(element) > DEEPEST) throw new RangeError(`elements nest deeper than ${DEEPEST}`);
  };
  parser.onclosetag = () => void open.pop();
  parser.ontext = take;
  parser.oncdata = take;
  parser.onerror = () => void (parser.error = null);
  parser.write(text).close();
  return root;
}

const local = (name: string) => name.slice(name.indexOf(':') + 1);

/** Every element below, in document order. */
export function* descendants(element: Element): Generator<Element> {
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    yield child;
    yield* descendants(child);
  }
}

export function find(element: Element, name: string): Element | undefined {
  for (const each of descendants(element)) if (each.name === name) return each;
  return undefined;
}

export function childrenOf(element: Element | undefined, name: string): Element[] {
  return (element?.children ?? []).filter((child): child is Element => typeof child !== 'string' && child.name === name);
}

/** The words of an element, on one line. */
export function wordsOf(element: Element): string {
  const words = (each: Element): string => each.children.map((child) => (typeof child === 'string' ? child : words(child))).join('');
  return words(element).replace(/\s+/g, ' ').trim();
}
