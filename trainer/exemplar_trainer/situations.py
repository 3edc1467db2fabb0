"""Situations of a dataset as a policy sees them: a condition, the positive, the negatives."""

import json
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .domain import Edit, Node, Plan, Undo, edit_of, revert, undos
from .errors import DataError
from .plan_tree import Condition, Figures, Texts, tree_of
from .vocabulary import OPEN, SEP, References, Vocabulary

COLUMNS = (
    "situation_id", "horizon", "task", "agent", "label", "initial_state", "target_state", "plan_json", "explanation", "log_reward",
)  # fmt: skip
MOST_TEXT = 64
"""Tokens of a node's text."""
MOST_CONDITION = 512
MOST_EXPLANATION = 512
ORDERED = 0.9


@dataclass(frozen=True, eq=False)
class Version:
    """A plan with its explanation. log_reward: its exact value in nats where its world knows it."""

    tree: Plan
    explanation: str
    log_reward: float | None


@dataclass(eq=False)
class Situation:
    """A converged situation. negatives: earlier versions that differ materially."""

    id: str
    condition: Condition
    positive: Version
    negatives: tuple[Version, ...]

    @property
    def versions(self) -> tuple[Version, ...]:
        return (self.positive, *self.negatives)


@dataclass(eq=False)
class Reading:
    """A condition in tokens, and the texts of plans under it."""

    vocabulary: Vocabulary
    texts: Texts
    condition: Condition
    references: References = field(init=False)
    tokens: list[int] = field(init=False)
    _told: dict[tuple[bool, int], list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.references = self.vocabulary.references(self.condition.text())
        target = [OPEN] if self.condition.target is None else self._encode(self.condition.target, MOST_CONDITION // 4)
        head = self.vocabulary.encode(self.condition.who(), longest=MOST_CONDITION // 4)
        room = MOST_CONDITION - len(head) - len(target) - 2
        self.tokens = [*head, SEP, *self._encode(self.condition.initial, room), SEP, *target]

    def node(self, node: Node) -> list[int]:
        """Tokens of a node's text, [] of a placeholder."""
        key = (node.is_state, node.symbol)
        found = self._told.get(key)
        if found is None:
            found = self._told[key] = self.vocabulary.encode(self.texts.of(node), self.references, MOST_TEXT)
        return found

    def edit(self, edit: Edit) -> list[int]:
        """Tokens of the text that an edit brings."""
        return self.node(Node(edit.kind != "label", edit.symbol, 0))

    def explanation(self, text: str) -> list[int]:
        return self.vocabulary.encode(text, self.references, MOST_EXPLANATION)

    def _encode(self, text: str, longest: int) -> list[int]:
        return self.vocabulary.encode(text, self.references, longest)


Read = tuple[Situation, Reading]


def situation_of(group: dict[str, Any], texts: Texts, figures: Figures, plans: Sequence[dict[str, Any]]) -> Situation:
    """A group of the dataset's view `groups`; `plans` are its `plan_json` objects, the positive's first. Raises DataError naming the situation."""
    try:
        return _situation_of(group, texts, figures, plans)
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"situation {group['situation_id']}: its plans or explanations cannot be read: {type(error).__name__} {error}") from error


def _situation_of(group: dict[str, Any], texts: Texts, figures: Figures, plans: Sequence[dict[str, Any]]) -> Situation:
    positive = group["positive"]
    horizon = tuple(group["horizon"].split("/"))
    condition = Condition(group["initial_state"], group["target_state"], group["agent"], group["task"], horizon)
    versions = [
        Version(tree_of(plan, condition, texts, figures), explanation_text(row["explanation"]), row["log_reward"])
        for plan, row in zip(plans, (positive, *group["negatives"]), strict=True)
    ]
    if any(node.depth > condition.max_depth for version in versions for node in version.tree):
        raise ValueError("a plan has more levels than its horizon")
    return Situation(group["situation_id"], condition, versions[0], tuple(versions[1:]))


def plans_of(group: dict[str, Any]) -> list[dict[str, Any]]:
    """The parsed plans of a group, the positive's first. Raises DataError naming the situation."""
    try:
        plans = [json.loads(row["plan_json"]) for row in (group["positive"], *group["negatives"])]
        if all(len(plan["nodes"]) >= 3 for plan in plans):
            return plans
        raise ValueError("a plan has at least 3 nodes")
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"situation {group['situation_id']}: plan_json: {type(error).__name__} {error}") from error


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes of a plan, in pre-order."""
    waiting = list(reversed(plan["nodes"]))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.get("children", ())))


def explanation_text(explanation: str) -> str:
    """The words of an `explanation` column: its text, then claims and premises."""
    value = json.loads(explanation)
    parts = [value["text"]]
    for argument in value["arguments"]:
        parts += [argument["claim"], *argument["premises"]]
    return " ".join(dict.fromkeys(parts))


def words_of(situations: Iterable[Situation], texts: Texts) -> Iterator[str]:
    """The texts that a vocabulary is made of, each version's own once."""
    for situation in situations:
        yield situation.condition.text()
        yield situation.condition.who()
        nodes = {texts.of(node) for version in situation.versions for node in version.tree}
        yield from sorted(nodes)
        for version in situation.versions:
            yield version.explanation


@dataclass(frozen=True)
class Step:
    """A state of a path and what is done there; edit None is STOP. log_pb: nats, of undoing the edit."""

    plan: Plan
    edit: Edit | None
    log_pb: float


def path_to(plan: Plan, rng: random.Random) -> list[Step]:
    """
    A path from the root to `plan` and STOP, drawn by P_B: the last row that can go does so with probability ORDERED, otherwise any, each
    alike. So most paths write plans from the top down, and every order has a probability.
    """
    steps = [Step(plan, None, 0.0)]
    while law := undo_law(plan):
        undo, log_pb = law[-1] if rng.random() < ORDERED else rng.choice(law)
        before = revert(plan, undo)
        steps.append(Step(before, edit_of(plan, undo), log_pb))
        plan = before
    return steps[::-1]


def undo_law(plan: Plan) -> list[tuple[Undo, float]]:
    """What can be undone at a plan, each with its log P_B, nats; of the root nothing."""
    possible = list(undos(plan))
    return [(undo, math.log(ORDERED * (undo is possible[-1]) + (1 - ORDERED) / len(possible))) for undo in possible]
