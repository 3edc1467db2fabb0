"""
Plans of the dataset as insertion trees, and back.

The root is one transition from the initial state to the target: its label is the stance with its argument, its children are the plan's
top list. An action's label is its text. The last state stands in the tree where it is not the target's words, or where nothing else
stands between the ends; a placeholder behind it, without figures, closes the list.

Left out: ids (they are minted anew), whom a moral cost falls on and why (the sum is kept), resources beyond the few that a run counts, and of a
plan with more than MOST_STATES states its finest levels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exemplar_data.contract import STANCES

from .domain import PLACEHOLDER, Node, Plan

MOST_STATES = 64
"""World states in a tree: what policies may draw, so that they can learn whatever they are shown."""
UNKNOWN = 0
"""The bin of a figure that is not known: of placeholders, states and the root."""


class Texts:
    """Texts by number, as trees hold them: a state's symbol is its text's number, an action's label is that + 1."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []

    def number(self, text: str) -> int:
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self._texts)
            self._texts.append(text)
        return found

    def of(self, node: Node) -> str:
        """The text of a node, "" of a placeholder."""
        if node.is_state:
            return self._texts[node.symbol]
        return "" if node.symbol == PLACEHOLDER else self._texts[node.symbol - 1]


@dataclass(frozen=True)
class Scale:
    """
    Figures as classes. Bin 1 holds 0; bin 1 + i, from 1 to `steps`, what is nearest to first * ratio^(i - 1); bin 0 is UNKNOWN.
    With linear=True the bins are first * i instead.
    """

    first: float
    ratio: float
    steps: int
    linear: bool = False

    @property
    def bins(self) -> int:
        return self.steps + 2

    def bin(self, value: float) -> int:
        if self.linear:
            return 1 + min(self.steps, max(0, round(value / self.first)))
        if value < self.first / math.sqrt(self.ratio):
            return 1
        return 2 + min(self.steps - 1, max(0, round(math.log(value / self.first, self.ratio))))

    def value(self, bin_: int) -> float:
        if bin_ <= 1:
            return 0.0
        return self.first * (bin_ - 1) if self.linear else self.first * self.ratio ** (bin_ - 2)


SUCCESS = Scale(1 / 64, 1, 64, linear=True)
DURATION = Scale(1, 1.16, 126)
"""Seconds, to 4 years; the middle of a bin is within 8 % of what it stands for."""
AMOUNT = Scale(0.1, 1.2, 94)
"""Of a resource, in its unit, to 2.3 million."""
MORAL_COST = Scale(1 / 50, 1, 100, linear=True)
FIXED = (SUCCESS, DURATION, MORAL_COST)
MOST_RESOURCES = 5
"""Figures of a node beside the fixed three: 8 in all."""


@dataclass(frozen=True)
class Figures:
    """What a run counts of an action: success, duration, moral cost, and the amounts of these resources [(name, unit)]."""

    resources: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> list[list[str]]:
        return [list(resource) for resource in self.resources]

    @staticmethod
    def from_json(value: Any) -> "Figures":
        return Figures(tuple((name, unit) for name, unit in value))

    @property
    def scales(self) -> tuple[Scale, ...]:
        return (*FIXED, *(AMOUNT for _ in self.resources))

    def of(self, action: dict[str, Any]) -> tuple[int, ...]:
        """Bins of an action of a plan."""
        amounts = dict.fromkeys(self.resources, 0.0)
        for resource in action["resources"]:
            key = (resource["name"], resource["unit"])
            if key in amounts:
                amounts[key] += resource["amount"]
        moral = sum(cost["amount"] for cost in action["moralCost"])
        values = (action["success"], action["durationS"], moral, *amounts.values())
        return tuple(scale.bin(value) for scale, value in zip(self.scales, values, strict=True))

    def to_action(self, bins: Sequence[int]) -> dict[str, Any]:
        """An action's fields from its bins."""
        success, duration, moral, *amounts = (scale.value(each) for scale, each in zip(self.scales, bins, strict=True))
        resources = [
            {"name": name, "amount": _rounded(amount), "unit": unit}
            for (name, unit), amount in zip(self.resources, amounts, strict=True)
            if amount > 0
        ]
        parts = [*[1.0] * int(moral), round(moral % 1, 3)]
        costs = [{"on": "others", "amount": part, "why": ""} for part in parts if part > 0]
        return {"success": round(success, 3), "durationS": round(duration), "resources": resources, "moralCost": costs}


@dataclass(frozen=True)
class Condition:
    """What a plan answers to. horizon: the plan's levels, finest first; target None: open-ended."""

    initial: str
    target: str | None
    agent: str
    task: str
    horizon: tuple[str, ...]

    @property
    def max_depth(self) -> int:
        """Lists that can stand in each other: one a level."""
        return len(self.horizon)

    def who(self) -> str:
        """The agent, what it does, and at which level its plan stands on top, as one text."""
        return f"{self.agent} {self.task} {self.horizon[-1]}"

    def text(self) -> str:
        """All of it that names things, as one text."""
        return f"{self.initial} {self.target or ''}"


def translated(tree: Plan, texts: Texts, into: Texts) -> Plan:
    """A tree whose symbols are numbers of `texts`, with those of `into`."""
    return tuple(
        node if not node.is_state and node.symbol == PLACEHOLDER else node._replace(symbol=into.number(texts.of(node)) + (not node.is_state))
        for node in tree
    )


def tree_of(plan: dict[str, Any], condition: Condition, texts: Texts, figures: Figures) -> Plan:
    """The tree of a `plan_json` object."""
    stance = plan["stance"] if plan["stanceArgument"] == "" else f"{plan['stance']}: {plan['stanceArgument']}"
    rows = [Node(False, texts.number(stance) + 1, 0)]
    open_lists = [(1, iter(plan["nodes"][1:-1]))]
    while open_lists:
        depth, nodes = open_lists[-1]
        node = next(nodes, None)
        if node is None:
            open_lists.pop()
        elif node["kind"] == "state":
            rows.append(Node(True, texts.number(node["text"]), depth))
        else:
            text = node["text"].strip()
            rows.append(Node(False, texts.number(text) + 1 if text else PLACEHOLDER, depth, figures.of(node) if text else ()))
            open_lists.append((depth + 1, iter(node["children"])))
    last = plan["nodes"][-1]["text"]
    if last != condition.target or len(plan["nodes"]) == 3:
        rows += [Node(True, texts.number(last), 1), Node(False, PLACEHOLDER, 1)]
    while sum(row.is_state for row in rows) > MOST_STATES:
        deepest = max(row.depth for row in rows)
        rows = [row for row in rows if row.depth < deepest] if deepest > 1 else rows[: 2 * MOST_STATES + 2]
    return tuple(rows)


def plan_of(tree: Plan, condition: Condition, texts: Texts, figures: Figures) -> dict[str, Any]:
    """The `plan_json` object of a tree. Valid wherever the tree is one: what it leaves open is filled with what says least."""
    minted = 0

    def mint() -> str:
        nonlocal minted
        minted += 1
        return f"n{minted}"

    def action(text: str, bins: Sequence[int], level: str) -> dict[str, Any]:
        known = figures.to_action(bins) if bins else {"success": 0.5, "durationS": 600, "resources": [], "moralCost": []}
        return {"kind": "action", "id": mint(), "level": level, "text": text, **known, "children": []}

    top = condition.horizon[-1]
    body: list[dict[str, Any]] = []
    lists = [body]
    for node in tree[1:]:
        del lists[node.depth :]
        if node.depth > len(lists):
            lists.append(lists[-1][-1]["children"])
        level = condition.horizon[-min(node.depth, len(condition.horizon))]
        text = texts.of(node)
        lists[-1].append(
            {"kind": "state", "id": mint(), "level": level, "text": text}
            if node.is_state
            else action(text, node.characteristics, level)
        )
    stance, _, argument = texts.of(tree[0]).partition(": ")
    if stance not in STANCES or (stance != "pursue" and not argument.strip()):
        stance, argument = "pursue", ""
    if not body:
        body.append(action("", (), top))
    ends = _ends_in_state(body, stance, condition)
    if ends:
        body.pop()
        body[-1]["id"] = "g" if condition.target is not None else body[-1]["id"]
    else:
        target = condition.target
        body.append({"kind": "state", "id": mint() if target is None else "g", "level": top, "text": target or "The plan has ended."})
    start = {"kind": "state", "id": "s0", "level": top, "text": condition.initial}
    return {"stance": stance, "stanceArgument": argument, "nodes": [start, *body], "nextId": minted + 1}


def _ends_in_state(body: list[dict[str, Any]], stance: str, condition: Condition) -> bool:
    """Whether the last state of the top list is the plan's last, and the placeholder behind it only closes the list."""
    if len(body) < 3 or body[-1]["text"] or body[-1]["children"]:
        return False
    return stance != "pursue" or condition.target is None or body[-2]["text"] == condition.target


def _rounded(amount: float) -> float:
    """Three significant digits."""
    return float(f"{amount:.3g}")
