import math
import random
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from actors import actor_of, parsed_of, say_nothing_of_plans, situations_of

from exemplar_trainer import evaluate as evaluating
from exemplar_trainer import losses
from exemplar_trainer.evaluate import cut, evaluate, ranking, validation_loss, watch, wilson
from exemplar_trainer.losses import Pair
from exemplar_trainer.policies import memory_of, score
from exemplar_trainer.situations import Reading, path_to


@pytest.fixture(scope="module")
def read(moving):
    """(an untrained actor, five held-out situations)"""
    parsed = parsed_of(moving)
    return actor_of(parsed.vocabulary, parsed.figures), situations_of(moving, parsed, "validation")


@torch.no_grad()
def log_p_of(actor, role, reading, tree, path):
    seen = score(actor, memory_of(actor, [reading]), role, [reading], [path])
    return seen.log_pf.sum().item() - sum(step.log_pb for step in path)


@pytest.mark.parametrize(("drafts", "at_once", "asked"), [(True, 512, 1), (True, 1, 5), (False, 512, 1)])
def test_situations_are_evaluated_as_by_hand(read, monkeypatch, drafts, at_once, asked):
    """By log p - log p_draft where that law was trained, along one path to each plan, which the situation and the version's place seed; many at once or few."""
    actor, some = read
    monkeypatch.setattr(evaluating, "STATES_AT_ONCE", at_once)
    assert len(list(evaluating.parts(some, lambda one: one.versions))) == asked
    energies, nats = [], []
    for one, reading in some:
        mine = []
        for place, version in enumerate(one.versions):
            path = path_to(version.tree, random.Random(f"{one.id}/{place}"))
            final = log_p_of(actor, "prior", reading, version.tree, path)
            mine.append(-final + (log_p_of(actor, "draft", reading, version.tree, path) if drafts else 0))
            nats += [-final] if place == 0 else []
        energies.append(mine)
    found = evaluate(actor, some, drafts)
    assert found["nats"] == pytest.approx(sum(nats) / len(nats), rel=1e-4)
    assert found | {"nats": None} == ranking(energies) | {"nats": None, "longerFirst": 0.5, "cut": {"conditions": 0, "texts": 0, "explanations": 0}}
    assert validation_loss(actor, some) == pytest.approx(found["nats"], rel=1e-4)
    assert actor.training


def test_longer_plans_first_is_what_length_alone_would_get(read):
    actor, some = read
    one, reading = some[0]
    short = type(one.positive)(one.positive.tree[:1], "", None)
    longest_first = type(one)(one.id, one.condition, one.positive, (short,) * 3)
    shortest_first = type(one)(one.id, one.condition, short, (one.positive,))
    assert evaluate(actor, [(longest_first, reading)])["longerFirst"] == 1.0
    assert evaluate(actor, [(longest_first, reading), (shortest_first, reading)])["longerFirst"] == 0.75


def test_what_is_too_long_is_counted(read):
    actor, some = read
    one, reading = some[0]
    long = type(one.positive)(one.positive.tree, "because it rains " * 100, None)
    found = evaluate(actor, [(type(one)(one.id, one.condition, long, one.negatives), reading)])
    assert found["cut"] == {"conditions": 0, "texts": 0, "explanations": 1}
    condition = replace(one.condition, initial="it rains and " * 300)
    assert cut([(one, Reading(reading.vocabulary, reading.texts, condition))])["conditions"] == 1


def test_of_no_situation_nothing_is_said(read):
    actor, _ = read
    found = evaluate(actor, [])
    assert found["nats"] is found["pairAccuracy"] is found["longerFirst"] is None
    assert math.isnan(validation_loss(actor, []))


def test_the_watch_sees_explanations_that_say_nothing_of_plans_and_a_posterior_that_does_not_read_them(read, monkeypatch):
    actor, some = read
    found = watch(actor, some)
    most = sum(math.log(min(3, len(one.versions))) for one, _ in some) / len(some)
    assert found["swapNats"] != 0 != found["sharedNats"] and found["sharedNats"] <= most + 1e-4
    assert found["sharedShare"] == pytest.approx(found["sharedNats"] / most, abs=2e-4)
    assert found["collapsed"]  # untrained

    mute = deepcopy(actor)
    say_nothing_of_plans(mute)
    deaf = watch(mute, some)
    assert abs(deaf["swapNats"]) < 1e-3 and deaf["tokenNats"] == pytest.approx(deaf["untoldTokenNats"], abs=1e-3) and deaf["collapsed"]

    monkeypatch.setattr(losses, "with_explanations", lambda actor, memory, texts: memory)
    assert abs(watch(actor, some)["sharedNats"]) < 1e-3


@torch.no_grad()
def test_paths_that_count_alike_are_as_many_as_they_are_and_encodings_spread_as_their_law_says(read, monkeypatch):
    actor, some = read
    pairs = [Pair(reading, one.positive.tree, [], random.Random(place)) for place, (one, reading) in enumerate(some)]
    memory = memory_of(actor, [reading for _, reading in some])
    assert 1.0 <= evaluating._path_ess(actor, memory, pairs) <= 8.0
    alike = deepcopy(actor)
    alike.plan_out.weight.mul_(0.25)
    assert evaluating._spread(alike, memory, pairs) == pytest.approx(evaluating._spread(actor, memory, pairs) / 4, rel=1e-4)
    for weights, ess in (([0.0] * 8, 8.0), ([0.0, 0.0, *[-50.0] * 6], 2.0), ([math.log(3), 0.0, *[-50.0] * 6], 1.6)):
        monkeypatch.setattr(evaluating, "log_p", lambda *given, weights=weights: torch.tensor(weights))
        assert evaluating._path_ess(actor, memory, pairs) == pytest.approx(ess, rel=1e-5)


@pytest.mark.parametrize(
    ("swap", "share", "ess", "spread", "collapsed"),
    [(1.5, 0.9, 4.0, 0.8, False), (0.9, 0.9, 4.0, 0.8, True), (1.5, 0.4, 4.0, 0.8, True), (1.5, 0.9, 1.9, 0.8, True), (1.5, 0.9, 4.0, 0.4, True)],
)
def test_each_sign_of_collapse_is_one_alone(read, monkeypatch, swap, share, ess, spread, collapsed):
    actor, some = read
    lengths = torch.tensor([1.0 + len(reading.explanation(one.positive.explanation)) for one, reading in some])
    said = iter([(torch.zeros(5), torch.zeros(5)), (swap / lengths, torch.zeros(5))])
    monkeypatch.setattr(evaluating, "telling", lambda actor, memory, pairs: next(said))
    monkeypatch.setattr(evaluating, "_shared_nats", lambda actor, memory, situations: (share * math.log(3), math.log(3)))
    monkeypatch.setattr(evaluating, "_path_ess", lambda actor, memory, pairs: ess)
    monkeypatch.setattr(evaluating, "_spread", lambda actor, memory, pairs: spread)
    found = watch(actor, some)
    assert found["collapsed"] is collapsed
    assert (found["swapNats"], found["sharedShare"]) == (pytest.approx(swap, abs=1e-3), pytest.approx(share, abs=1e-3))


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
