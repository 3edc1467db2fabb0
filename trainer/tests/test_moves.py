"""Back-and-forth moves of real plans: the terms of their acceptance written out, and cases whose acceptance is known."""

import random
from collections import Counter
from dataclasses import replace

import pytest
import torch
from actors import actor_of, parsed_of, say_nothing_of_plans, situations_of

from exemplar_trainer import moves, policies
from exemplar_trainer.actor import ROLES, PlanActor
from exemplar_trainer.domain import size
from exemplar_trainer.local_search import log_acceptance
from exemplar_trainer.losses import Pair, readings_of
from exemplar_trainer.moves import move_between, moved
from exemplar_trainer.policies import memory_of, score, tell, with_explanations
from exemplar_trainer.situations import Step, path_to


@pytest.fixture
def pairs(moving):
    parsed = parsed_of(moving)
    return [
        Pair(reading, one.positive.tree, reading.explanation(one.positive.explanation), random.Random(place))
        for place, (one, reading) in enumerate(situations_of(moving, parsed)[:4])
    ]


@pytest.fixture
def actor(moving):
    parsed = parsed_of(moving)
    return actor_of(parsed.vocabulary, parsed.figures)


def branches(pair: Pair) -> tuple[list[Step], list[Step]]:
    """Two ways on from one state: to the plan, and to one that lacks some of it."""
    path = path_to(pair.tree, random.Random(7))
    cut = len(path) // 2
    return path[cut:], [*path[cut : cut + 2], Step(path[cut + 2].plan, None, 0.0)]


def move_of(actor: PlanActor, pairs: list[Pair], turned: bool = False):
    memory = memory_of(actor, readings_of(pairs))
    told = with_explanations(actor, memory, [pair.explanation for pair in pairs])
    back, forth = zip(*map(branches, pairs), strict=True)
    return move_between(actor, memory, told, pairs, *((forth, back) if turned else (back, forth)))


@torch.no_grad()
def test_the_terms_of_a_move_are_those_of_its_two_paths_by_hand(pairs, actor):
    found = move_of(actor, pairs)
    assert len({len(branches(pair)[0]) for pair in pairs}) > 1
    for place, pair in enumerate(pairs):
        memory = memory_of(actor, [pair.reading])
        told = with_explanations(actor, memory, [pair.explanation])
        untold = tell(actor, memory, None, [pair.explanation])[0].double()

        def along(beside, role, path, pair=pair):
            return sum(score(actor, beside, role, [pair.reading], [[step]]).log_pf.item() for step in path)

        for path, log_reward, log_pb, log_pf in zip(
            branches(pair), (found.log_reward_old, found.log_reward_new), (found.log_pb_old, found.log_pb_new), (found.log_pf_old, found.log_pf_new), strict=True
        ):
            undone = sum(step.log_pb for step in path)
            seen = score(actor, memory, "prior", [pair.reading], [[path[-1]]])
            text = (0.9 * tell(actor, memory, seen.plan(0), [pair.explanation])[0].double().exp() + 0.1 * untold.exp()).log().item()
            assert log_pf[place].item() == pytest.approx(along(told, "posterior", path), rel=1e-4)
            assert log_pb[place].item() == pytest.approx(undone, abs=1e-9)
            assert log_reward[place].item() == pytest.approx(along(memory, "prior", path) - undone + text, rel=1e-4)


@torch.no_grad()
def agree(actor: PlanActor) -> None:
    """The posterior becomes the prior, and neither reads condition or explanation."""
    prior, posterior = ROLES.index("prior"), ROLES.index("posterior")
    for layer in (*actor.plan_layers, *(layer for layers in actor.symbol_layers for layer in layers)):
        for parameter in layer.reading.out.parameters():
            parameter.zero_()
    for reading, _ in actor.figure_layers:
        for parameter in reading.out.parameters():
            parameter.zero_()
    for parameter in actor.gist_in.parameters():
        parameter.zero_()
    actor.symbol_out.copies.weight.zero_()
    actor.symbol_out.copies.bias.fill_(-100.0)
    actor.role.weight[posterior] = actor.role.weight[prior]
    for weights, each in ((actor.edit.weight, 3), (actor.edit.bias, 3), (actor.slot_kind.weight, 3)):
        weights[each * posterior : each * posterior + each] = weights[each * prior : each * prior + each]
    actor.symbol_layers[posterior].load_state_dict(actor.symbol_layers[prior].state_dict())


def test_where_posterior_and_prior_agree_and_the_text_says_nothing_only_lengths_decide(pairs, actor):
    log_a = log_acceptance(move_of(actor, pairs))
    assert log_a.abs().min() > 0.01
    agree(actor)
    assert log_acceptance(move_of(actor, pairs)).abs().min() > 1e-3  # by the text alone
    say_nothing_of_plans(actor)
    assert log_acceptance(move_of(actor, pairs)).abs().max() < 1e-2


def test_a_move_back_undoes_what_a_move_forth_gains(pairs, actor):
    there, here = (log_acceptance(move_of(actor, pairs, turned)) for turned in (False, True))
    assert torch.allclose(there, -here, rtol=1e-5) and there.abs().min() > 0.01


def test_a_plan_moves_to_what_is_drawn_from_some_state_on_its_way_or_stays(pairs, actor, monkeypatch):
    for limit, value in (("MOST_EDITS", 8), ("MOST_TEXT", 6)):
        monkeypatch.setattr(policies, limit, value)
    agree(actor)
    say_nothing_of_plans(actor)
    memory = memory_of(actor, readings_of(pairs))
    sizes = Counter()
    for seed in range(8):
        some = [replace(pair, rng=random.Random(seed)) for pair in pairs]
        after = moved(actor, memory, some, torch.Generator().manual_seed(seed))
        again = moved(actor, memory, [replace(pair, rng=random.Random(seed)) for pair in pairs], torch.Generator().manual_seed(seed))
        assert [pair.tree for pair in after] == [pair.tree for pair in again]
        assert [pair.explanation for pair in after] == [pair.explanation for pair in pairs]
        sizes.update("stays" if new.tree == old.tree else "smaller" if size(new.tree) < size(old.tree) else "other" for new, old in zip(after, pairs, strict=True))
    # what it moves to is smaller, nearly always accepted by its lengths, and was ended in time
    assert sizes["stays"] > 0 and sizes["smaller"] > 0


def test_a_plan_that_is_not_ended_in_time_is_not_taken(pairs, actor, monkeypatch):
    monkeypatch.setattr(policies, "MOST_EDITS", 0)
    monkeypatch.setattr(moves, "log_acceptance", lambda move: torch.full_like(move.log_q_old, float("inf")))
    memory = memory_of(actor, readings_of(pairs))
    assert [pair.tree for pair in moved(actor, memory, pairs, torch.Generator().manual_seed(0))] == [pair.tree for pair in pairs]
