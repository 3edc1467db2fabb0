import json
import math
import random
import sys

import pytest

from exemplar_trainer.errors import ConfigError
from exemplar_trainer.vocabulary import CUT, FIRST_BYTE, FIRST_REFERENCE, FIRST_WORD, REFERENCES, SPECIAL, SPELL, References, Vocabulary

TEXTS = ["The rover goes to Marram with 5 pumps.", "The rover goes back to Marram, then waits.", "Ask Samir. The rover waits."]
PLAIN = "The rover waits"


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.of(TEXTS, 100, least=1)


def text_of(source: random.Random) -> str:
    """Up to 30 characters from all over Unicode, and some that are near to what the vocabulary knows."""
    character = (
        lambda: chr(source.choice((source.randrange(0xD800), source.randrange(0xE000, sys.maxunicode + 1)))),
        lambda: source.choice(" \t\n\u00a0\u2028.,:;-_'\"\0"),
        lambda: source.choice("0123456789.,:"),
        lambda: source.choice(("The", " rover", "rover", "Samir", " 5", "e\u0301", "\u00e9")),
    )
    return "".join(source.choice(character)() for _ in range(source.randrange(31)))


def test_any_text_comes_back_to_the_letter_with_references_and_without(vocabulary):
    source = random.Random(0)
    for turn in range(3000):
        text, condition = text_of(source), text_of(source) + " " + text_of(source)
        for references in (References({}, ()), vocabulary.references(condition), vocabulary.references(text)):
            tokens = vocabulary.encode(text, references)
            assert vocabulary.decode(tokens, references) == text, (turn, text, condition)
            assert all(0 < token < len(vocabulary) for token in tokens)


def test_a_text_without_pieces_has_no_tokens(vocabulary):
    assert vocabulary.encode("") == []
    assert vocabulary.decode([]) == ""


def test_names_and_numbers_of_the_condition_are_copied_and_known_words_are_not(vocabulary):
    references = vocabulary.references("The rover waits at Gorsefield with 17 pumps for Samir; Gorsefield is far.")
    assert references.words == ["at", "Gorsefield", "17", "for", "Samir", "is", "far"]
    gorsefield, seventeen = 1, 2
    assert vocabulary.encode(" Gorsefield", references) == [FIRST_REFERENCE + 2 * gorsefield + 1]
    assert vocabulary.encode("17", references) == [FIRST_REFERENCE + 2 * seventeen]
    assert [token >= FIRST_WORD for token in vocabulary.encode("The rover waits", references)] == [True] * 3

    # the same tokens mean the other condition's words: what is learnt of them is where to copy from
    other = vocabulary.references("A rover at Oldham with 3 pumps for Hanna")
    said = vocabulary.encode(" Gorsefield has 17", references)
    assert vocabulary.decode(said, References({"x": 0, "Oldham": 1, "3": 2}, (0.0,) * 3)) == " Oldham has 3"
    assert other.words[-1] == "Hanna"


def test_a_name_in_the_vocabulary_is_copied_where_the_condition_holds_it_and_else_a_word(vocabulary):
    """Marram is capitalised within a sentence, The only at the beginning of one."""
    references = vocabulary.references("The rover goes to Marram.")
    assert references.words == ["Marram"]
    (copied,) = vocabulary.encode(" Marram", references)
    (said,) = vocabulary.encode(" Marram")
    assert FIRST_REFERENCE <= copied < FIRST_WORD <= said


def test_unknown_words_are_spelled_in_bytes_between_marks(vocabulary):
    assert vocabulary.encode(" Zug") == [SPELL, *(FIRST_BYTE + byte for byte in b" Zug"), SPELL]
    assert vocabulary.encode("é") == [SPELL, FIRST_BYTE + 0xC3, FIRST_BYTE + 0xA9, SPELL]
    assert vocabulary.decode([SPELL, FIRST_BYTE + 0xC3, SPELL]) == ""


def test_tokens_that_say_nothing_here_are_left_out(vocabulary):
    beyond = FIRST_REFERENCE + 2 * 40
    assert vocabulary.decode([*range(SPECIAL), beyond, *vocabulary.encode(PLAIN), beyond + 1]) == PLAIN


def test_a_condition_has_at_most_so_many_references_and_later_words_are_spelled(vocabulary):
    words = [f"w{place}" for place in range(REFERENCES + 5)]
    references = vocabulary.references(" ".join(words))
    assert references.words == words[:REFERENCES]
    tokens = vocabulary.encode(" ".join(words), references)
    assert max(tokens[:REFERENCES]) == FIRST_REFERENCE + 2 * REFERENCES - 1
    assert tokens[REFERENCES] == SPELL
    assert vocabulary.decode(tokens, references) == " ".join(words)


def test_values_of_numbers_by_hand():
    """log1p(value) / 10; a time of day in minutes since midnight."""
    found = Vocabulary([]).references("at 9 or 1,250 or 2.5 or 14:05 or Oldham")
    values = dict(zip(found.words, found.values, strict=True))
    expected = {"9": 0.2302585, "1,250": 0.7131699, "2.5": 0.1252763, "14:05": 0.6740519, "Oldham": 0.0}
    assert {word: values[word] for word in expected} == pytest.approx(expected, abs=1e-6)


def test_whatever_looks_like_a_number_has_a_finite_value(vocabulary):
    for number in ("1.2.3", "1.12.2026", "1:2:3", "1,2:30", "12:30.5", "1.5:30", "0", "٣", "１２", "9" * 400, f"{'9' * 400}:00"):
        (value,) = vocabulary.references(number).values
        assert value == 0 or math.isfinite(value) and value > 0.05, number


def test_half_a_surrogate_pair_which_json_may_hold_is_spelled_as_a_question_mark(vocabulary):
    assert vocabulary.decode(vocabulary.encode("a\ud800b")) == "a?b"


def test_a_long_text_ends_in_a_mark_that_it_was_cut(vocabulary):
    whole = vocabulary.encode("The rover goes to Marram")
    assert vocabulary.encode("The rover goes to Marram", longest=5) == whole
    assert vocabulary.encode("The rover goes to Marram", longest=4) == [*whole[:3], CUT]
    assert vocabulary.decode([*whole[:3], CUT]) == "The rover goes"


def test_the_most_frequent_pieces_are_kept_and_numbers_are_not():
    """By hand: ` b` 3 times, ` c` and `a` 2 times, ` d` once, ` 7` 3 times."""
    found = Vocabulary.of(["a b 7 b c", "a 7 b 7 c d"], 100, least=2)
    assert found.to_json() == {"words": [" b", " c", "a"], "names": []}
    assert Vocabulary.of(["a b 7 b c", "a 7 b 7 c d"], 1, least=2).to_json()["words"] == [" b"]


def test_json_gives_the_same_vocabulary(vocabulary):
    again = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    condition = "The rover goes to Marram and to Gorsefield with 4 pumps."
    assert len(again) == len(vocabulary)
    assert again.references(condition) == vocabulary.references(condition)
    assert again.encode(condition, again.references(condition)) == vocabulary.encode(condition, vocabulary.references(condition))


@pytest.mark.parametrize("value", [None, [], {}, {"words": ["a"]}, {"words": "a", "names": []}, {"words": [1], "names": []}, {"words": [], "names": [None]}])
def test_what_is_no_vocabulary_is_refused(value):
    with pytest.raises(ConfigError, match="vocabulary must be {words, names}, lists of words"):
        Vocabulary.from_json(value)


def test_a_word_that_stands_twice_is_refused():
    with pytest.raises(ConfigError, match="a word stands in it twice"):
        Vocabulary.from_json({"words": ["a", "b", "a"], "names": []})
