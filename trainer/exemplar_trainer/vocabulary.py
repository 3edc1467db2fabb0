"""
The text vocabulary: words of the training split, references into the condition, and bytes.

A plan names people, places and amounts that its situation introduces. Such a word is written as a reference, "the k-th of them in this
condition", so that a policy learns what to copy and not each name; new names in a new situation cost it nothing. Any other word that the
vocabulary lacks is spelled in UTF-8 bytes: every text has tokens, and they give it back to the letter.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .errors import ConfigError

PAD, BOS, EOS, SEP, OPEN, CUT, SPELL = range(7)
"""OPEN: in place of a target that is null. CUT: what follows of a text was left out. SPELL: around a word in bytes."""
SPECIAL = 7
BYTES = 256
REFERENCES = 96
"""Distinct words of one condition that can be referred to; later ones are spelled."""
FIRST_BYTE = SPECIAL
FIRST_REFERENCE = FIRST_BYTE + BYTES
FIRST_WORD = FIRST_REFERENCE + 2 * REFERENCES
"""Each reference has a token with a space before it and one without."""

LARGEST = 1e30
"""Numbers above it are taken for it."""

PIECE = re.compile(r" ?\w+(?:[.,:]\d+)*| ?[^\w\s]|\s+")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True)
class References:
    """The words that one condition introduces, and what those that are numbers amount to (log1p(value) / 10, otherwise 0)."""

    places: dict[str, int]
    values: tuple[float, ...]

    @property
    def words(self) -> list[str]:
        return list(self.places)


NONE = References({}, ())


class Vocabulary:
    """
    words: pieces of text, each with the space before it where it had one; their tokens are FIRST_WORD on. names: words that are referred to
    where the condition holds them.
    """

    def __init__(self, words: Sequence[str], names: Iterable[str] = ()) -> None:
        self._words, self._names = list(words), frozenset(names)
        self._tokens = {word: FIRST_WORD + place for place, word in enumerate(self._words)}
        if len(self._tokens) != len(self._words):
            raise ConfigError("vocabulary: a word stands in it twice")
        self._plain = {word.strip() for word in self._words} - self._names

    def __len__(self) -> int:
        return FIRST_WORD + len(self._words)

    @staticmethod
    def of(texts: Iterable[str], largest: int, least: int = 3) -> "Vocabulary":
        """
        The most frequent pieces of the texts, at most `largest`, each seen `least` times, numbers left out. A name is what is capitalised within a
        sentence.
        """
        seen: Counter[str] = Counter()
        names = set()
        for text in texts:
            pieces = PIECE.findall(text)
            seen.update(pieces)
            for before, piece in pairwise(pieces):
                if piece[0] == " " and piece[1:2].isupper() and before[-1:].isalnum():
                    names.add(piece.strip())
        kept = [
            piece
            for piece, times in sorted(seen.items(), key=lambda entry: (-entry[1], entry[0]))
            if times >= least and not _is_number(piece)
        ][:largest]
        return Vocabulary(kept, names & {piece.strip() for piece in kept})

    def references(self, condition: str) -> References:
        """The numbers, names and unknown words of a condition, in the order of their first place there."""
        places: dict[str, int] = {}
        values = []
        for piece in PIECE.findall(condition):
            word = piece.strip()
            if len(places) == REFERENCES:
                break
            if word not in places and word and word[0].isalnum() and word not in self._plain:
                places[word] = len(places)
                values.append(_value(word))
        return References(places, tuple(values))

    def encode(self, text: str, references: References = NONE, longest: int | None = None) -> list[int]:
        """Tokens of a text, the inverse of `decode`. Above `longest` tokens it ends in CUT."""
        tokens: list[int] = []
        for piece in PIECE.findall(text):
            place = references.places.get(piece.strip())
            if place is not None:
                tokens.append(FIRST_REFERENCE + 2 * place + (piece[0] == " "))
            elif piece in self._tokens:
                tokens.append(self._tokens[piece])
            else:
                tokens += [SPELL, *(FIRST_BYTE + byte for byte in piece.encode(errors="replace")), SPELL]
        if longest is not None and len(tokens) > longest:
            tokens = [*tokens[: longest - 1], CUT]
        return tokens

    def decode(self, tokens: Iterable[int], references: References = NONE) -> str:
        """The text of tokens; those that say nothing there (a reference beyond the condition's, bytes that are no UTF-8) are left out."""
        words = references.words
        parts: list[str] = []
        spelled = bytearray()
        for token in tokens:
            if FIRST_BYTE <= token < FIRST_REFERENCE:
                spelled.append(token - FIRST_BYTE)
                continue
            if spelled:
                parts.append(spelled.decode(errors="ignore"))
                spelled.clear()
            if token >= FIRST_WORD:
                parts.append(self._words[token - FIRST_WORD])
            elif token >= FIRST_REFERENCE:
                place, spaced = divmod(token - FIRST_REFERENCE, 2)
                if place < len(words):
                    parts.append(" " * spaced + words[place])
        parts.append(spelled.decode(errors="ignore"))
        return "".join(parts)

    def to_json(self) -> dict[str, list[str]]:
        return {"words": self._words, "names": sorted(self._names)}

    @staticmethod
    def from_json(value: Any) -> "Vocabulary":
        """Raises ConfigError."""
        lists = [value.get(key) for key in ("words", "names")] if isinstance(value, dict) else []
        if len(lists) != 2 or not all(isinstance(each, list) and all(isinstance(word, str) for word in each) for each in lists):
            raise ConfigError("vocabulary must be {words, names}, lists of words")
        return Vocabulary(*lists)


def _is_number(piece: str) -> bool:
    return NUMBER.fullmatch(piece.strip()) is not None


def _value(word: str) -> float:
    """Of a number; of a time of day the minutes since midnight; 0 of any other word, such as a date."""
    if not _is_number(word):
        return 0.0
    hours, colon, minutes = word.replace(",", "").partition(":")
    try:
        amount = 60 * float(hours) + float(minutes.partition(":")[0]) if colon else float(hours)
    except ValueError:
        return 0.0
    return math.log1p(min(amount, LARGEST)) / 10
