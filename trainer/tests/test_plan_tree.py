"""Plans of the dataset as insertion trees and back, and what else is read of a dataset's rows."""

import json
import math
import random
import re

import pytest
from campaigns import Campaign

from exemplar_data.contract import LEVELS
from exemplar_trainer.domain import PLACEHOLDER, ROOT, Node, PlanSpace, apply
from exemplar_trainer.errors import DataError
from exemplar_trainer.plan_tree import AMOUNT, DURATION, MORAL_COST, SUCCESS, Condition, Figures, Texts, plan_of, translated, tree_of
from exemplar_trainer.situations import MOST_CONDITION, Reading, explanation_text, path_to, plans_of, situation_of
from exemplar_trainer.split import Parsed, learn_figures, learn_vocabulary, open_split
from exemplar_trainer.vocabulary import OPEN, SEP, Vocabulary

FIGURES = Figures((("energy", "Wh"), ("water", "l")))
ERRAND = Condition("The pump is broken.", "The pump runs.", "rover", "plan", ("minutes", "hours", "days"))
OPEN_ENDED = Condition("The pump is broken.", None, "rover", "plan", ("minutes", "hours"))


# -- an independent judge of plans, after the rules in the comments of schemas/plan.ts


def faults(plan, condition) -> list[str]:
    found, ids = [], []

    def check(nodes, level, first, where):
        kinds = [node["kind"] for node in nodes]
        other = {"state": "action", "action": "state"}[first]
        if len(kinds) < 3 or len(kinds) % 2 == 0 or set(kinds[::2]) != {first} or set(kinds[1::2]) != {other}:
            found.append(f"{where}: {kinds}")
        for node in nodes:
            ids.append(node["id"])
            if node["level"] != level:
                found.append(f"{node['id']}: level {node['level']}, not {level}")
            if node["kind"] == "state":
                if not node["text"].strip() or node.keys() != {"kind", "id", "level", "text"}:
                    found.append(f"{node['id']}: no state")
                continue
            if not (0 <= node["success"] <= 1 and 0 <= node["durationS"] < math.inf):
                found.append(f"{node['id']}: success {node['success']}, duration {node['durationS']}")
            if any(resource["amount"] < 0 or not resource["name"] for resource in node["resources"]):
                found.append(f"{node['id']}: resources")
            if any(not 0 <= cost["amount"] <= 1 or not cost["on"] for cost in node["moralCost"]):
                found.append(f"{node['id']}: moral cost")
            if node["children"]:
                place = LEVELS.index(level)
                check(node["children"], LEVELS[place - 1], "action", node["id"])
                if place == 0 or LEVELS[place - 1] not in condition.horizon:
                    found.append(f"{node['id']}: a sub-plan below the finest level")

    nodes = plan["nodes"]
    check(nodes, condition.horizon[-1], "state", "top")
    if len(set(ids)) != len(ids):
        found.append("ids repeat")
    numbers = [int(id_[1:]) for id_ in ids if re.fullmatch(r"n[1-9]\d*", id_)]
    named = {"s0"} if condition.target is None else {"s0", "g"}
    if {id_ for id_ in ids if not re.fullmatch(r"n[1-9]\d*", id_)} != named or plan["nextId"] <= max(numbers, default=0):
        found.append(f"ids {ids}, next {plan['nextId']}")
    if (nodes[0]["id"], nodes[0]["text"]) != ("s0", condition.initial):
        found.append("the first state is not the initial one")
    if condition.target is not None and nodes[-1]["id"] != "g":
        found.append("the last state is not the target")
    if condition.target is not None and plan["stance"] == "pursue" and nodes[-1]["text"] != condition.target:
        found.append("it pursues another target")
    if plan["stance"] not in ("pursue", "palliate", "decline") or (plan["stance"] != "pursue" and not plan["stanceArgument"].strip()):
        found.append(f"stance {plan['stance']} with {plan['stanceArgument']!r}")
    return found


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


# -- rows of a dataset


def first_group(folder):
    return next(open_split(str(folder), "train", None, shuffle=False).items())


def test_a_datasets_plans_come_back_as_they_are_written(moving):
    figures = learn_figures(open_split(str(moving), "train", None, shuffle=False))
    assert figures == Figures((("load", "kg"),))
    groups = list(open_split(str(moving), "train", None, shuffle=False).items())
    assert len(groups) == 14
    for group in groups:
        texts, plans = Texts(), plans_of(group)
        situation = situation_of(group, texts, figures, plans)
        assert situation.condition == Condition(group["initial_state"], group["target_state"], "porter", "plan", ("minutes", "hours"))
        assert len(situation.versions) == len(plans) == 1 + len(group["negatives"])
        for plan, version in zip(plans, situation.versions, strict=True):
            back = plan_of(version.tree, situation.condition, texts, figures)
            assert [(node["kind"], node["text"]) for node in flat(back)] == [(node["kind"], node["text"]) for node in flat(plan)]
            loads = [sum(each["amount"] for each in node.get("resources", ())) for node in flat(back)]
            assert [bool(load) for load in loads] == [node["text"].startswith("move") for node in flat(plan)]


def flat(plan):
    waiting = [*plan["nodes"]]
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting[:0] = node.get("children", [])


def test_trees_do_not_depend_on_what_tells_versions_apart_without_reading_them(tmp_path):
    plain, disguised = Campaign(situations=6), Campaign(situations=6)
    for row in disguised.rows:
        renamed = iter(range(900, 0, -1))
        row["plan_json"] = re.sub(r'"id":"n\d+"', lambda _, numbers=renamed: f'"id":"n{next(numbers)}"', row["plan_json"])
        row |= {"revision": 7, "revisions": 9, "branch": "a2", "critique": "[]", "edits": "[1]", "distance_to_final": 3.0}
        row |= {"textbook": "t", "chapter": "c", "is_final": True, "kept_share": 0.1, "prompt_chars": 9, "output_chars": 9}
    plain.write(tmp_path / "plain"), disguised.write(tmp_path / "disguised")
    found = []
    for folder in ("plain", "disguised"):
        texts = Texts()
        groups = open_split(str(tmp_path / folder), "train", None, shuffle=False).items()
        found.append([(one.condition, [(v.tree, v.explanation) for v in one.versions]) for one in (situation_of(g, texts, Figures(), plans_of(g)) for g in groups)])
    assert found[0] == found[1] and len(found[0]) == 4


def test_a_long_condition_keeps_its_agent_and_its_target():
    vocabulary = Vocabulary([" and", "and", "plan", " plan", " hours", "rover", ".", "Done"])
    short = Reading(vocabulary, Texts(), Condition("and and", "Done.", "rover", "plan", ("hours",)))
    head = vocabulary.encode("rover plan hours")
    assert short.tokens == [*head, SEP, *vocabulary.encode("and and"), SEP, *vocabulary.encode("Done.")]
    assert Reading(vocabulary, Texts(), Condition("and", None, "rover", "plan", ("hours",))).tokens[-2:] == [SEP, OPEN]
    long = Reading(vocabulary, Texts(), Condition("and " * 2000, "Done.", "rover", "plan", ("hours",)))
    assert len(long.tokens) == MOST_CONDITION and long.tokens[: len(head)] == head and long.tokens[-3:] == short.tokens[-3:]
    longest = Reading(vocabulary, Texts(), Condition("and " * 2000, "and " * 2000, "and " * 2000, "plan", ("hours",)))
    assert len(longest.tokens) == MOST_CONDITION and longest.tokens.count(SEP) == 2


def test_what_was_parsed_is_kept_while_the_same_negatives_are_drawn(tmp_path):
    """So a run that goes on reads what one reads that was never stopped."""
    campaign = Campaign(situations=4, versions=12, shares=(1, 1))
    for row in campaign.rows:
        row["plan_text"] += f" {row['revision']}"
        row["label"] = "positive" if row["is_final"] else "negative"
    folder = campaign.write(tmp_path)
    figures = learn_figures(open_split(str(folder), "train", None, shuffle=False))
    vocabulary = learn_vocabulary(open_split(str(folder), "train", None, shuffle=False), figures, 100)
    parsed, dataset, seen = Parsed(vocabulary, figures), open_split(str(folder), "train", None, max_negatives=8), set()
    for _ in range(6):
        for group in dataset.items():
            situation, reading = parsed(group)
            anew, _ = Parsed(vocabulary, figures)(group)
            assert [version.explanation for version in situation.versions] == [version.explanation for version in anew.versions]
            figures_of = [[[node.characteristics for node in version.tree] for version in one.versions] for one in (situation, anew)]
            assert figures_of[0] == figures_of[1] and len(figures_of[0]) == 9
            assert parsed(group)[0] is situation and parsed(group)[1] is reading
            seen |= {str(each) for each in figures_of[0]}
    assert len(seen) > 4  # other negatives in other epochs


def test_an_explanation_is_its_text_and_each_claim_and_premise_once():
    said = {"text": "So.", "arguments": [{"claim": "A.", "premises": ["P.", "Q."], "supports": ["n1"]}, {"claim": "B.", "premises": ["P."], "supports": []}]}
    assert explanation_text(json.dumps(said)) == "So. A. P. Q. B."


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("plan_json", "{", "plan_json: JSONDecodeError"),
        ("plan_json", "{}", "plan_json: KeyError 'nodes'"),
        ("plan_json", '{"nodes":[1]}', "plan_json: ValueError a plan has at least 3 nodes"),
        ("plan_json", '{"nodes":[{"level":"eons"},{},{}]}', "its plans or explanations cannot be read"),
        ("explanation", "So.", "its plans or explanations cannot be read: JSONDecodeError"),
        ("explanation", '{"text":"So."}', "its plans or explanations cannot be read: KeyError 'arguments'"),
    ],
)
def test_a_row_that_breaks_the_contract_is_named_in_one_line(moving, column, value, message):
    group = first_group(moving)
    group["negatives"][0][column] = value
    with pytest.raises(DataError, match=f"^situation {group['situation_id']}: {message}") as raised:
        situation_of(group, Texts(), Figures(), plans_of(group))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", '"9"', "null"])
def test_a_figure_that_is_no_finite_number_is_an_error(moving, number):
    group = first_group(moving)
    group["positive"]["plan_json"] = re.sub(r'"durationS":[\d.]+', f'"durationS":{number}', group["positive"]["plan_json"], count=1)
    with pytest.raises(DataError, match=f"situation {group['situation_id']}: "):
        situation_of(group, Texts(), Figures(), plans_of(group))


def test_what_tells_versions_apart_without_reading_them_is_not_even_read(moving):
    group = first_group(moving)
    assert set(group) == {"situation_id", "task", "agent", "initial_state", "target_state", "positive", "negatives"}
    assert set(group["positive"]) == set(group["negatives"][0]) == {"label", "plan_json", "explanation", "log_reward"}
