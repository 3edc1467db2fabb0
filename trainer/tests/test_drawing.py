"""Plans and explanations that are drawn: by the law that scores them, the likeliest at temperature 0, within the limits."""

import math
from collections import Counter

import pytest
import torch
from actors import FIGURES, MARKS
from judge import faults

from exemplar_trainer import policies
from exemplar_trainer.domain import ROOT, Edit, Node, PlanSpace, apply
from exemplar_trainer.plan_tree import plan_of
from exemplar_trainer.policies import draw, explain, memory_of, score, tell
from exemplar_trainer.situations import Step
from exemplar_trainer.vocabulary import CUT, EOS, FIRST_WORD, SPECIAL


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("role", ["prior", "posterior"])
def test_a_drawn_plan_has_the_log_probability_that_scoring_its_path_gives(marking, role):
    actor, reading = marking
    memory = memory_of(actor, [reading, reading])
    (drawn, _) = draw(actor, memory, role, [reading, reading], 120, generator(0))
    assert len({one.plan for one in drawn}) > 30
    for one in drawn:
        assert one.stopped and one.path[-1].edit is None and one.path[-1].plan == one.plan
        for step, after in zip(one.path, one.path[1:], strict=False):
            assert apply(step.plan, step.edit) == after.plan
        with torch.no_grad():
            seen = score(actor, memory.first(1), role, [reading], [one.path])
        assert seen.log_pf.sum().item() == pytest.approx(one.log_pf, abs=1e-4)


def test_drawn_plans_are_valid_and_their_actions_have_figures(marking):
    actor, reading = marking
    (drawn,) = draw(actor, memory_of(actor, [reading]), "draft", [reading], 80, generator(1), temperature=1.5)
    for one in drawn:
        assert faults(plan_of(one.plan, reading.condition, reading.texts, FIGURES), reading.condition) == []
        assert sum(node.is_state for node in one.plan) <= 3
        for row, node in enumerate(one.plan):
            known = not node.is_state and node.symbol and row > 0
            assert len(node.characteristics) == (4 if known else 0) and all(each >= 1 for each in node.characteristics)
    assert {row for one in drawn for row, node in enumerate(one.plan) if node.characteristics} > {1}
    assert {len(reading.texts.of(node)) for one in drawn for node in one.plan if reading.texts.of(node) != "..."} > {1, 2}


def test_draws_at_temperature_1_follow_the_law_that_scores_them(marking, monkeypatch):
    """The first edit of 1,500 plans, by what is done with which text of one mark: chi-square below its 99.99 % point."""
    actor, reading = marking
    monkeypatch.setattr(policies, "MOST_EDITS", 1)
    memory, draws = memory_of(actor, [reading]), 1500
    (drawn,) = draw(actor, memory, "prior", [reading], draws, generator(2))
    seen = Counter(said(reading, one.path[0]) for one in drawn)

    things = [(kind, mark) for kind in ("label", "expand") for mark in MARKS]
    edits = [Edit(kind, 0, reading.texts.number(mark) + (kind == "label")) for kind, mark in things]
    with torch.no_grad():
        done = score(actor, memory, "prior", [reading], [[*(Step(ROOT, edit, 0.0) for edit in edits), Step(ROOT, None, 0.0)]])
    law = dict(zip([*things, "stop"], done.log_pf[0].exp().tolist(), strict=True))
    law["longer"] = 1 - sum(law.values())
    assert min(law.values()) > 0.004 and law["longer"] < 0.8
    chi_square = sum((seen[what] - draws * chance) ** 2 / (draws * chance) for what, chance in law.items())
    assert sum(seen.values()) == draws and chi_square < 33.7  # for 9 degrees of freedom


def said(reading, step):
    if step.edit is None:
        return "stop"
    text = reading.texts.of(Node(step.edit.kind != "label", step.edit.symbol, 0))
    return (step.edit.kind, text) if text in MARKS else "longer"


def test_at_temperature_0_a_draw_is_the_likeliest_step_by_step_whatever_the_seed(marking):
    actor, reading = marking
    memory = memory_of(actor, [reading])
    (first, again), (other,) = draw(actor, memory, "prior", [reading], 2, generator(3), 0.0)[0], draw(actor, memory, "prior", [reading], 1, generator(4), 0.0)[0]
    assert first.plan == again.plan == other.plan and first.log_pf == pytest.approx(other.log_pf, rel=1e-7)  # float32's
    space = PlanSpace(labels=1, states=1, max_states=3, max_depth=2)
    for step in first.path:
        steps = [Step(step.plan, edit, 0.0) for edit in space.edits(step.plan)] + [Step(step.plan, None, 0.0)]
        with torch.no_grad():
            best = steps[score(actor, memory, "prior", [reading], [steps]).choice.argmax()].edit
        assert (best is None) == (step.edit is None) and (best is None or (best.kind, best.row) == (step.edit.kind, step.edit.row))


def test_a_temperature_near_0_draws_what_0_takes(marking):
    actor, reading = marking
    memory = memory_of(actor, [reading])
    cold = draw(actor, memory, "prior", [reading], 3, generator(3), 1e-6)[0]
    (likeliest,) = draw(actor, memory, "prior", [reading], 1, generator(3), 0.0)[0]
    assert {one.plan for one in cold} == {likeliest.plan}
    assert len({one.plan for one in draw(actor, memory, "prior", [reading], 20, generator(3), 1.0)[0]}) > 1


def test_one_seed_draws_the_same_plans_and_explanations_and_another_one_others(marking):
    actor, reading = marking
    readings, memory = [reading] * 2, memory_of(actor, [reading] * 2)

    def made(seed):
        drawn = draw(actor, memory, "prior", readings, 3, generator(seed))
        told = explain(actor, memory, readings, [some[0].plan for some in drawn], generator(seed))
        return [[one.plan for one in some] for some in drawn], told

    assert made(5) == made(5) != made(6)
    assert made(5)[1] != made(6)[1] and all(set(text) <= set(range(FIRST_WORD, FIRST_WORD + 4)) for text in made(5)[1])


def test_a_plan_that_does_not_stop_is_taken_as_it_stands(marking, monkeypatch):
    actor, reading = marking
    monkeypatch.setattr(policies, "MOST_EDITS", 2)
    (drawn,) = draw(actor, memory_of(actor, [reading]), "prior", [reading], 30, generator(7))
    lasting = [one for one in drawn if not one.stopped]
    assert lasting and all(len(one.path) == 2 and apply(one.path[-1].plan, one.path[-1].edit) == one.plan for one in lasting)


def test_drawing_can_begin_at_any_plan(marking):
    actor, reading = marking
    plan = (Node(False, 1, 0), Node(False, 0, 1), Node(True, 1, 1), Node(False, 3, 1, (5, 9, 1, 2)))
    start = apply(plan, Edit("label", 1, reading.texts.number("!") + 1, (1, 1, 1, 1)))
    (drawn,) = draw(actor, memory_of(actor, [reading]), "prior", [reading], 20, generator(8), starts=[start])
    assert {one.path[0].plan for one in drawn} == {start}
    assert all(Counter(start) - Counter(one.plan) == Counter() for one in drawn)


def test_text_limits_hold(marking):
    actor, reading = marking
    with torch.no_grad():
        actor.symbol_out.bias[EOS] = actor.telling_out.bias[EOS] = -50.0  # never ends by itself
    memory = memory_of(actor, [reading])
    (drawn,) = draw(actor, memory, "prior", [reading], 4, generator(9))
    assert all(len(reading.node(node)) <= 64 for one in drawn for node in one.plan)
    (told,) = explain(actor, memory, [reading], [drawn[0].plan], generator(9))
    assert len(told) == 512 and math.isfinite(tell(actor, memory, None, [told])[0].item())
    assert not {CUT, *range(SPECIAL)} & set(told)
