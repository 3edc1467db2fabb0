/**
 * Whether a quote is taken from a text, as a careful reader would say: line breaks, Markdown's marks, the form of quotation marks and
 * dashes, and the case of letters do not count, and "..." or "[...]" may stand for what is left out, its pieces in the text's order. A single word is no quote: it is found in any
 * text.
 */
export function isQuoted(quote: string, text: string): boolean {
  const pieces = quote.split(/\s*(?:\[\s*)?(?:…|\.{3})(?:\s*\])?\s*/).map(plain).filter((piece) => piece !== '');
  if (pieces.every((piece) => !piece.includes(' '))) return false;
  const source = plain(text);
  let from = 0;
  for (const piece of pieces) {
    const at = source.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return true;
}

function plain(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[‘’‚‛′]/g, "'")
    .replace(/[“”„‟″«»]/g, '"')
    .replace(/[‐‑‒–—−]+/g, '-')
    .replace(/[*_`#>]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .toLowerCase();
}
