import random

import pytest

from exemplar_trainer.evaluate import ranking, wilson


def test_pairs_and_tops_are_counted_by_hand():
    """Positive first. Right pairs: 2 of 2, 1 of 2, a tie for 0.5 of 1; lowest: yes, no, shared by two."""
    found = ranking([[0.0, 1.0, 2.0], [1.0, 0.0, 2.0], [1.0, 1.0]])
    assert found["pairs"] == 5
    assert found["pairAccuracy"] == pytest.approx(3.5 / 5)
    assert found["top1"] == pytest.approx(1.5 / 3, abs=1e-4)
    assert found["top1Chance"] == pytest.approx((1 / 3 + 1 / 3 + 1 / 2) / 3, abs=1e-4)
    assert found["chance"] == 0.5


def test_an_empty_split_gives_nulls_and_a_sentence():
    found = ranking([])
    assert found["pairAccuracy"] is found["interval"] is found["top1"] is found["top1Chance"] is None
    assert (found["pairs"], found["situations"]) == (0, 0)
    assert found["note"].startswith("No situation")


def test_few_situations_are_said_to_be_few():
    assert ranking([[0.0, 1.0]])["note"].startswith("Only 1 situation:")
    assert ranking([[0.0, 1.0]] * 29)["note"].startswith("Only 29 situations:")
    assert ranking([[0.0, 1.0]] * 30)["note"] is None


def test_the_wilson_interval_equals_published_values():
    """Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81/263, 15/148, 0/20, 1/29."""
    for right, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)):
        assert wilson(right / trials, trials) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_does_not_shrink_when_each_situations_pairs_are_copies():
    once = ranking([[0.0, 1.0]] * 6 + [[1.0, 0.0]] * 4)
    eightfold = ranking([[0.0] + [1.0] * 8] * 6 + [[1.0] + [0.0] * 8] * 4)
    assert once["interval"] == eightfold["interval"]


def test_the_interval_covers_the_truth_where_pairs_of_a_situation_hang_together():
    """Situations are right with their own probability, 0.5 or 0.9; pair accuracy in truth 0.7. 95 % wanted, 300 trials."""
    source = random.Random(7)
    covered = 0
    for _ in range(300):
        energies = []
        for _ in range(40):
            right = source.choice((0.5, 0.9))
            energies.append([0.0] + [1.0 if source.random() < right else -1.0 for _ in range(source.randint(1, 8))])
        low, high = ranking(energies)["interval"]
        covered += low <= 0.7 <= high
    assert covered / 300 >= 0.93
