"""Plans of the dataset as insertion trees and back."""

import json
import random

import pytest
from judge import faults

from exemplar_trainer.domain import PLACEHOLDER, ROOT, Node, PlanSpace, apply
from exemplar_trainer.plan_tree import AMOUNT, DURATION, MORAL_COST, SUCCESS, Condition, Figures, Texts, plan_of, translated, tree_of
from exemplar_trainer.situations import path_to

FIGURES = Figures((("energy", "Wh"), ("water", "l")))
ERRAND = Condition("The pump is broken.", "The pump runs.", "rover", "plan", ("minutes", "hours", "days"))
OPEN_ENDED = Condition("The pump is broken.", None, "rover", "plan", ("minutes", "hours"))


def test_the_judge_sees_each_kind_of_fault():
    def judged(change):
        plan = made(random.Random(1), ERRAND, stance="pursue", nested=True)
        assert faults(plan, ERRAND) == []
        change(plan)
        return bool(faults(plan, ERRAND))

    def outer(plan):
        return next(node for node in plan["nodes"] if node.get("children"))

    changes = [
        lambda plan: plan["nodes"].pop(),
        lambda plan: plan["nodes"].insert(1, dict(plan["nodes"][0], id="n900")),
        lambda plan: plan["nodes"][2].update(text=" "),
        lambda plan: plan["nodes"][2].update(id=plan["nodes"][1]["id"]),
        lambda plan: plan.update(nextId=1),
        lambda plan: plan["nodes"][-1].update(text="elsewhere"),
        lambda plan: plan["nodes"][-1].update(id="n900"),
        lambda plan: plan["nodes"][0].update(text="elsewhere"),
        lambda plan: plan["nodes"][1].update(success=1.1),
        lambda plan: plan["nodes"][1].update(level="minutes"),
        lambda plan: outer(plan)["children"].pop(),
        lambda plan: outer(plan)["children"][0].update(level="days"),
        lambda plan: outer(plan)["children"][0].update(moralCost=[{"on": "us", "amount": 1.5, "why": ""}]),
        lambda plan: plan.update(stance="decline", stanceArgument=" "),
    ]
    assert [place for place, change in enumerate(changes) if not judged(change)] == []


# -- random plans


def made(source: random.Random, condition: Condition, stance: str | None = None, nested: bool = False):
    """A valid plan, with placeholders, sub-plans, more resources than are counted, and figures over all of their ranges."""
    minted = iter(source.sample(range(1, 500), 499))
    id_ = lambda: f"n{next(minted)}"  # noqa: E731

    def state(level):
        return {"kind": "state", "id": id_(), "level": level, "text": source.choice(("It is done.", "All wait.", "Ready", "a: b", " spaced "))}

    def action(depth, children):
        level = condition.horizon[-depth]
        return {
            "kind": "action", "id": id_(), "level": level, "text": source.choice(("Charge it.", "Ask Samir.", "go: on", "Wait")),
            "success": source.choice((0, 1, source.random())), "durationS": source.choice((0, source.randrange(10, 90), source.uniform(90, 1e8))),
            "resources": [
                {"name": name, "unit": unit, "amount": source.choice((source.uniform(0.1, 2e6), 7))}
                for name, unit in (("energy", "Wh"), ("water", "l"), ("gold", "g"))
                if source.random() < 0.5
            ],
            "moralCost": [{"on": "them", "amount": source.random(), "why": "w"} for _ in range(source.randrange(3))],
            "children": children,
        }  # fmt: skip

    def placeholder(depth, children):
        return {**action(depth, children), "text": "", "success": 0.5, "durationS": 600, "resources": [], "moralCost": []}

    def row(depth, length, bare):
        nodes = []
        for place in range(length):
            if place % 2:
                nodes.append(state(condition.horizon[-depth]))
                continue
            deeper = depth < len(condition.horizon) and (source.random() < 0.3 or nested and place == 0 and depth == 1)
            kind = placeholder if bare and source.random() < 0.3 else action
            nodes.append(kind(depth, row(depth + 1, 3 + 2 * source.randrange(2), True) if deeper else []))
        return nodes

    stance = stance or source.choice(("pursue", "palliate", "decline"))
    # what stands before the last state has words: a placeholder there closes the list of a tree, whose last state is the one before it
    body = row(1, 1 + 2 * source.randrange(2 if nested else 0, 4), True)
    body[-1] = action(1, body[-1]["children"])
    top = condition.horizon[-1]
    last = {"kind": "state", "id": "g", "level": top, "text": condition.target}
    if condition.target is None:
        last = state(top)
    elif stance != "pursue" and source.random() < 0.5:
        last["text"] = "It stays broken."
    start = {"kind": "state", "id": "s0", "level": top, "text": condition.initial}
    argument = source.choice(("", "for that: because")) if stance == "pursue" else source.choice(("no: way", "too late"))
    return {"stance": stance, "stanceArgument": argument, "nodes": [start, *body, last], "nextId": 500}


def assert_same(found, expected, path="top") -> None:
    """Equal plans but for ids, and figures to half a bin."""
    assert len(found) == len(expected), path
    for place, (one, other) in enumerate(zip(found, expected, strict=True)):
        at = f"{path}/{place}"
        assert (one["kind"], one["level"], one["text"]) == (other["kind"], other["level"], other["text"]), at
        if one["kind"] == "action":
            assert one["success"] == pytest.approx(other["success"], abs=1 / 128 + 0.0005), at
            assert near(one["durationS"], other["durationS"], 1.16, least=1, rounded=0.5), at
            for name in ("energy", "water"):
                amounts = [sum(each["amount"] for each in node["resources"] if each["name"] == name) for node in (one, other)]
                assert near(*amounts, 1.2, least=0.1, rounded=0.005 * amounts[1]), (at, name, amounts)
            assert {each["name"] for each in one["resources"]} <= {"energy", "water"}, at
            costs = [sum(each["amount"] for each in node["moralCost"]) for node in (one, other)]
            assert costs[0] == pytest.approx(costs[1], abs=0.01 + 0.0005), at
            assert_same(one["children"], other["children"], at)


def near(found: float, true: float, ratio: float, least: float, rounded: float) -> bool:
    if true < least / ratio**0.5:
        return found == 0
    return true / ratio**0.501 - rounded <= found <= true * ratio**0.501 + rounded


@pytest.mark.parametrize("condition", [ERRAND, OPEN_ENDED], ids=["target", "open-ended"])
def test_random_plans_come_back_with_structure_texts_stance_and_figures_within_half_a_bin(condition):
    source = random.Random(7)
    seen = set()
    for _ in range(300):
        plan = made(source, condition)
        assert faults(plan, condition) == []
        texts = Texts()
        tree = tree_of(plan, condition, texts, FIGURES)
        back = plan_of(tree, condition, texts, FIGURES)
        assert faults(back, condition) == []
        assert (back["stance"], back["stanceArgument"]) == (plan["stance"], plan["stanceArgument"])
        assert_same(back["nodes"], plan["nodes"])
        assert [node.is_state for node in tree_of(back, condition, texts, FIGURES)] == [node.is_state for node in tree]
        seen.add((max(node.depth for node in tree), plan["stance"], len(plan["nodes"]) == 3))
    # plans of each depth with each stance, and also the shortest ones
    assert {(depth, stance) for depth, stance, _ in seen} >= {(depth, stance) for depth in (1, 2) for stance in ("pursue", "palliate", "decline")}
    assert {short for *_, short in seen} == {True, False}


@pytest.mark.parametrize("condition", [ERRAND, OPEN_ENDED], ids=["target", "open-ended"])
def test_whatever_edits_make_is_a_valid_plan(condition):
    """Also roots that say no stance, declining without an argument, and texts that equal the target's."""
    source = random.Random(3)
    texts = Texts()
    said = ("Charge it.", "pursue", "decline", "palliate: too late", "decline: no", condition.target or "The end.", "...", "pursue: yes")
    numbers = [texts.number(text) for text in said]
    space = PlanSpace(labels=1, states=1, max_states=6, max_depth=condition.max_depth)
    for _ in range(800):
        tree = ROOT
        for _ in range(source.randrange(16)):
            kind, row = source.choice(list(space.slots(tree)) or [("", 0)])
            if not kind:
                break
            edit = next(edit for edit in space.edits(tree) if (edit.kind, edit.row) == (kind, row))
            bins = tuple(source.randrange(1, scale.bins) for scale in FIGURES.scales)
            number = source.choice(numbers) + (kind == "label")
            tree = apply(tree, edit._replace(symbol=number, characteristics=bins if kind == "label" and row else ()))
            assert faults(plan_of(tree, condition, texts, FIGURES), condition) == [], tree


def test_a_tree_by_hand():
    plan = {
        "stance": "palliate", "stanceArgument": "It cannot be mended.", "nextId": 9,
        "nodes": [
            {"kind": "state", "id": "s0", "level": "days", "text": ERRAND.initial},
            {"kind": "action", "id": "n5", "level": "days", "text": " Go. ", "success": 1, "durationS": 0, "resources": [], "moralCost": [],
             "children": [
                 {"kind": "action", "id": "n6", "level": "hours", "text": "", "success": 0.5, "durationS": 600, "resources": [], "moralCost": [], "children": []},
                 {"kind": "state", "id": "n7", "level": "hours", "text": "There."},
                 {"kind": "action", "id": "n8", "level": "hours", "text": "Go.", "success": 0.5, "durationS": 1, "resources": [], "moralCost": [], "children": []},
             ]},
            {"kind": "state", "id": "g", "level": "days", "text": "Water is carried."},
        ],
    }  # fmt: skip
    texts = Texts()
    tree = tree_of(plan, ERRAND, texts, Figures())
    assert tree == (
        Node(False, 1, 0),
        Node(False, 2, 1, (65, 1, 1)),
        Node(False, PLACEHOLDER, 2),
        Node(True, 2, 2),
        Node(False, 2, 2, (33, 2, 1)),
        Node(True, 3, 1),
        Node(False, PLACEHOLDER, 1),
    )
    assert [texts.of(node) for node in tree] == ["palliate: It cannot be mended.", "Go.", "", "There.", "Go.", "Water is carried.", ""]

    moved = Texts()
    moved.number("Go.")
    other = translated(tree, texts, moved)
    assert [moved.of(node) for node in other] == [texts.of(node) for node in tree]
    assert [node._replace(symbol=0) for node in other] == [node._replace(symbol=0) for node in tree] and other != tree


def test_a_plan_with_too_many_states_loses_its_finest_levels_and_a_longer_top_list_its_end():
    def action(depth, children):
        level = ERRAND.horizon[-depth]
        figures = {"success": 1, "durationS": 60, "resources": [], "moralCost": []}
        return {"kind": "action", "id": "", "level": level, "text": f"Do {depth}", **figures, "children": children}

    def row(depth, length, children):
        return [action(depth, children) if place % 2 == 0 else {"kind": "state", "text": f"At {depth}.{place}"} for place in range(length)]

    def tree(body):
        plan = {"stance": "pursue", "stanceArgument": "", "nodes": [{}, *body, {"kind": "state", "text": ERRAND.target}]}
        return tree_of(plan, ERRAND, Texts(), FIGURES)

    def states(plan):
        return [sum(node.is_state and node.depth == depth for node in plan) for depth in (1, 2, 3)]

    assert states(tree(row(1, 9, row(2, 7, row(3, 3, []))))) == [4, 5 * 3, 5 * 4]
    assert states(tree(row(1, 9, row(2, 9, row(3, 7, []))))) == [4, 5 * 4, 0]  # 99 before
    assert states(tree(row(1, 21, row(2, 13, [])))) == [10, 0, 0]
    longest = tree(row(1, 401, []))
    assert states(longest) == [64, 0, 0]
    assert [node.is_state for node in longest[1:]] == [place % 2 == 1 for place in range(129)]
    source = random.Random(0)
    for plan in (tree(row(1, 129, [])), longest):
        space = PlanSpace(labels=1, states=1, max_states=64, max_depth=3)
        assert all((step.edit.kind, step.edit.row) in set(space.slots(step.plan)) for step in path_to(plan, source)[:-1])


def test_the_middle_of_each_bin_is_in_it():
    for scale in (SUCCESS, DURATION, AMOUNT, MORAL_COST):
        assert [scale.bin(scale.value(place)) for place in range(1, scale.bins)] == list(range(1, scale.bins))
        assert scale.bin(0.0) == 1 and scale.bin(1e12) == scale.bins - 1
    assert Figures.from_json(json.loads(json.dumps(FIGURES.to_json()))) == FIGURES
