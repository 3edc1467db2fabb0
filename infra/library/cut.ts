import type { Section } from './sections.ts';

/** A chapter's stretch of a text: characters [from, to). */
export interface Piece {
  from: number;
  to: number;
}

/** Share of the room that a re-cut piece is meant to fill: its parts are not all equally dense. */
const MARGIN = 0.95;
/** Pieces this short are never cut again, bytes: what is still too long then is the prompt around them. */
const SHORTEST = 64;

/** Where a section too long is best cut, most wanted first: before a heading, between paragraphs, sentences, lines, words. */
const SEAMS = [/\n(?=#{1,6}[ \t])/g, /\n[ \t]*\n/g, /[.!?]["')\]]?\s/g, /\n/g, /\s/g];

/**
 * Neighbouring sections gathered, and long ones cut, so that no piece has more than `room` UTF-8 bytes. The pieces together are
 * the stretch [from, to) whole.
 */
export function pack(text: string, sections: readonly Section[], room: number, within: Piece = { from: 0, to: text.length }): Piece[] {
  const pieces: Piece[] = [];
  let open: (Piece & { bytes: number }) | null = null;
  const close = () => {
    if (open !== null) pieces.push({ from: open.from, to: open.to });
    open = null;
  };
  for (const section of sections) {
    const from = Math.max(section.from, within.from);
    const to = Math.min(section.to, within.to);
    if (from >= to) continue;
    const bytes = Buffer.byteLength(text.slice(from, to));
    if (open !== null && open.bytes + bytes <= room) {
      open = { from: open.from, to, bytes: open.bytes + bytes };
    } else {
      close();
      if (bytes <= room) open = { from, to, bytes };
      else pieces.push(...split(text, { from, to }, bytes, room));
    }
  }
  close();
  return pieces;
}

/** The same pieces where each has at most `limit` tokens; the others cut anew, by the density that their own count shows. */
export function recut(text: string, sections: readonly Section[], pieces: readonly Piece[], tokens: readonly number[], limit: number): Piece[] {
  return pieces.flatMap((piece, i) => {
    const counted = tokens[i] ?? 0;
    const bytes = Buffer.byteLength(text.slice(piece.from, piece.to));
    if (counted <= limit || bytes <= SHORTEST) return [piece];
    return pack(text, sections, Math.max(SHORTEST, Math.floor((MARGIN * bytes * limit) / counted)), piece);
  });
}

/** Parts of about equal length, each cut off at the best seam near its end. */
function split(text: string, { from, to }: Piece, bytes: number, room: number): Piece[] {
  const pieces: Piece[] = [];
  let left = bytes;
  for (let at = from; at < to; ) {
    const end = reach(text, at, to, room);
    const next = end === to ? to : seam(text, at, reach(text, at, end, Math.ceil(left / Math.ceil(left / room))), end);
    pieces.push({ from: at, to: next });
    left -= Buffer.byteLength(text.slice(at, next));
    at = next;
  }
  return pieces;
}

/** The furthest character that `bytes` UTF-8 bytes from `from` reach, surrogate pairs kept whole. */
function reach(text: string, from: number, to: number, bytes: number): number {
  let left = bytes;
  let at = from;
  while (at < to) {
    const point = text.codePointAt(at) as number;
    left -= point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (left < 0 && at > from) break;
    at += point < 0x10000 ? 1 : 2;
  }
  return at;
}

/** Of the best seams between half way to `aim` and `end`, the one nearest to `aim`; `end` where there is none. */
function seam(text: string, from: number, aim: number, end: number): number {
  const start = from + Math.floor((aim - from) / 2);
  const window = text.slice(start, end);
  for (const pattern of SEAMS) {
    const places = [...window.matchAll(pattern)].map((match) => start + match.index + match[0].length);
    if (places.length > 0) return places.reduce((best, place) => (Math.abs(place - aim) < Math.abs(best - aim) ? place : best));
  }
  return end;
}
