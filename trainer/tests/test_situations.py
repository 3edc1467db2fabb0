"""What is read of a dataset's rows."""

import json
import re

import pytest
from campaigns import Campaign

from exemplar_trainer.errors import DataError
from exemplar_trainer.plan_tree import Condition, Figures, Texts, plan_of
from exemplar_trainer.situations import MOST_CONDITION, Reading, explanation_text, plans_of, situation_of
from exemplar_trainer.split import Parsed, learn_figures, learn_vocabulary, open_split
from exemplar_trainer.vocabulary import OPEN, SEP, Vocabulary


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


def test_a_condition_has_the_horizon_of_its_situation_whatever_its_plans_make_of_it(tmp_path):
    folder = Campaign(situations=4, shares=(1, 1), horizon="minutes/hours/days").write(tmp_path)
    group = first_group(folder)
    assert situation_of(group, Texts(), Figures(), plans_of(group)).condition.horizon == ("minutes", "hours", "days")
    group["horizon"] = "hours"
    with pytest.raises(DataError, match="its plans or explanations cannot be read: ValueError a plan has more levels than its horizon"):
        situation_of(group, Texts(), Figures(), plans_of(group))


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
    assert set(group) == {"situation_id", "horizon", "task", "agent", "initial_state", "target_state", "positive", "negatives"}
    assert set(group["positive"]) == set(group["negatives"][0]) == {"label", "plan_json", "explanation", "log_reward"}
