"""Paths to plans, drawn by P_B: against all paths to a plan, written out."""

import math
import random
from collections import Counter

import pytest

from exemplar_trainer.domain import ROOT, Edit, Node, PlanSpace, apply, revert, size, undo_of, undos
from exemplar_trainer.situations import ORDERED, path_to, undo_law

LABEL, STATE, BARE = 1, 0, 0
NESTED = (
    Node(False, LABEL, 0),
    Node(False, LABEL, 1, (3, 4)),
    Node(False, BARE, 2),
    Node(True, STATE, 2),
    Node(False, BARE, 2),
    Node(True, STATE, 1),
    Node(False, BARE, 1),
    Node(True, STATE + 1, 1),
    Node(False, BARE, 1),
)
"""Five edits, of which some wait for others: the first state below the root cannot go before the action in front of it is bare."""


def law_of_paths(plan):
    """Every path backwards from `plan`, as the plans on it, with its probability: from the words of the docstring of path_to, not its code."""
    if plan == ROOT:
        return {(plan,): 1.0}
    possible = list(undos(plan))
    found = Counter()
    for place, undo in enumerate(possible):
        chance = (1 - ORDERED) / len(possible) + (ORDERED if place == len(possible) - 1 else 0.0)
        for path, rest in law_of_paths(revert(plan, undo)).items():
            found[(*path, plan)] += chance * rest
    return found


def grown(source: random.Random, edits: int):
    space, plan = PlanSpace(labels=2, states=2, max_states=6, max_depth=2), ROOT
    for _ in range(edits):
        plan = apply(plan, source.choice(list(space.edits(plan)) or [Edit("label", 0, 1)]))
    return plan


def test_edits_replayed_from_the_root_give_the_plan_in_as_many_steps_as_it_has_elements():
    source = random.Random(0)
    for _ in range(200):
        plan = grown(source, source.randrange(12))
        path = path_to(plan, source)
        at = ROOT
        for step in path[:-1]:
            assert step.plan == at
            at = apply(at, step.edit)
        assert (at, path[-1].plan, path[-1].edit, path[-1].log_pb) == (plan, plan, None, 0.0)
        assert len(path) == size(plan) + 1


def test_figures_come_with_their_label():
    edits = [step.edit for step in path_to(NESTED, random.Random(0)) if step.edit]
    assert [edit.characteristics for edit in edits if edit.kind == "label"].count((3, 4)) == 1
    assert all(edit.characteristics == () for edit in edits if edit.kind != "label")


def test_undos_of_a_state_have_probabilities_that_sum_to_1():
    assert undo_law(ROOT) == []
    laws = [undo_law(step.plan) for seed in range(20) for step in path_to(NESTED, random.Random(seed))[1:]]
    assert {1, 2, 3} <= {len(law) for law in laws}
    assert [undo for undo, _ in laws[-1]] == list(undos(NESTED))
    for law in laws:
        assert sum(math.exp(log_pb) for _, log_pb in law) == pytest.approx(1, abs=1e-12)


def test_each_step_tells_the_probability_of_its_undo_and_a_path_their_product():
    law = law_of_paths(NESTED)
    assert len(law) == 40 and sum(law.values()) == pytest.approx(1, abs=1e-12)
    source = random.Random(1)
    for _ in range(300):
        path = path_to(NESTED, source)
        assert math.exp(sum(step.log_pb for step in path)) == pytest.approx(law[tuple(step.plan for step in path)], rel=1e-9)


def test_paths_are_drawn_as_often_as_they_say():
    law = law_of_paths(NESTED)
    assert all(len({revert(plan, undo) for undo in undos(plan)}) == len(list(undos(plan))) for path in law for plan in path)
    draws, source = 12_000, random.Random(2)
    seen = Counter(tuple(step.plan for step in path_to(NESTED, source)) for _ in range(draws))
    assert seen.keys() <= law.keys()
    often = {path: chance for path, chance in law.items() if chance * draws >= 20}
    rest = 1 - sum(often.values())
    terms = [(seen[path] - chance * draws) ** 2 / (chance * draws) for path, chance in often.items()]
    others = draws - sum(seen[path] for path in often)
    terms.append((others - rest * draws) ** 2 / (rest * draws))
    freedom = len(terms) - 1
    assert freedom >= 8
    assert sum(terms) < freedom + 4 * math.sqrt(2 * freedom)  # four standard deviations of chi-square


def test_most_paths_write_plans_from_the_top_down():
    """The last row that can go does, with probability ORDERED and its share of the rest: the last edit is then the last in pre-order."""
    source, draws = random.Random(3), 2000
    *_, latest = undos(NESTED)
    share = sum(undo_of(path_to(NESTED, source)[-2].edit) == latest for _ in range(draws)) / draws
    expected = 0.9 + 0.1 / 4
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / draws)
