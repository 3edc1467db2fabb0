import { expect, test } from 'vitest';
import { findingsHeadline } from '../../activities/headlines.ts';
import { printable, printableWithin, shownAsJson, shownOnTerminal } from '../../cli/terminal.ts';

const ATTACKS = {
  'clears the screen': '\u001b[2J\u001b[H',
  'sets the title': '\u001b]0;owned\u0007',
  'writes to the clipboard': '\u001b]52;c;cm0gLXJm\u0007',
  'moves back over the line': 'rm\r\b\b',
  'begins a sequence with one character': '\u009b2J',
  'reverses what follows': 'a\u202Ecod.exe',
  'deletes': '\u007f',
};

test.each(Object.entries(ATTACKS))('a text that %s is spelled out', (_, text) => {
  for (const shown of [printable(text), shownOnTerminal(text), shownAsJson({ text }), findingsHeadline([{ node: 'n1', severity: 'major', issue: text, suggestion: '', quote: '' }])]) {
    expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  }
  expect(shownOnTerminal(text)).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
  expect(JSON.parse(shownAsJson({ text }))).toEqual({ text });
});

test('lines, tabs and other alphabets stay, and so do the colours of the verbs', () => {
  expect(shownOnTerminal('a\n\tb é 漢字 🙂')).toBe('a\n\tb é 漢字 🙂');
  expect(shownOnTerminal('\u001b[32m+ a\u001b[39m\u001b[5m')).toBe('\u001b[32m+ a\u001b[39m\\x1b[5m');
});

test('a text within a record gets no colour of its own', () => {
  expect(printableWithin({ a: ['\u001b[31mred'], n: 1, none: null })).toEqual({ a: ['\\x1b[31mred'], n: 1, none: null });
});
