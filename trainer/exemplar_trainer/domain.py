"""
Plans as insertion trees: what can be done to a plan, and undone.

    T        := (label, characteristics, children | null)     a transition; label 0 is a placeholder
    children := T z T ... z T                                 transitions and the world states between them, at least one state

The root is one T between the start state and the target, so every state of the domain is a complete plan, however vague. An edit adds
exactly one element (a label or a world state), an undo takes one away: a plan's size is its number of steps from the root, whatever the order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

PLACEHOLDER = 0
"""The label of a transition that has none."""


class Node(NamedTuple):
    """
    A transition or a world state of a plan.

    symbol: a transition's label (0: placeholder) or a state's code. depth: lists above it; the root has 0.
    characteristics: what is known of a labelled transition (success, cost, ...), () where nothing is. They belong to the label.
    """

    is_state: bool
    symbol: int
    depth: int
    characteristics: tuple[float, ...] = ()


Plan = tuple[Node, ...]
"""A tree, as its nodes in pre-order. The depth of the next node says whether a transition has children. Equal trees are equal tuples."""

ROOT: Plan = (Node(False, PLACEHOLDER, 0),)


class Edit(NamedTuple):
    """
    A forward step. kind: `label` (a placeholder gets a label), `expand` (a transition without children gets T z T below it) or `split` (a bare
    placeholder inside a list becomes T z T). row: the transition's row in the plan. symbol: the label or the state's code.
    """

    kind: str
    row: int
    symbol: int
    characteristics: tuple[float, ...] = ()


class Undo(NamedTuple):
    """
    A backward step: `unlabel`, `unexpand` (the only state of a list goes, with the list) or `merge` (a state and its two neighbours become
    one placeholder). row: the labelled transition or the state that goes.
    """

    kind: str
    row: int


@dataclass(frozen=True)
class PlanSpace:
    """
    All plans within a budget.

    labels: labels are 1..labels. states: codes of world states are 0..states-1. max_states: states in a plan.
    max_depth: a transition may be expanded while its depth is below this.
    """

    labels: int
    states: int
    max_states: int
    max_depth: int

    def __post_init__(self) -> None:
        for field, least in (("labels", 0), ("states", 1), ("max_states", 0), ("max_depth", 0)):
            if getattr(self, field) < least:
                raise ValueError(f"{field} must be at least {least}, not {getattr(self, field)}")

    def slots(self, plan: Plan) -> Iterator[tuple[str, int]]:
        """(kind, row) of the edits that are allowed; each takes any symbol of its kind. STOP is allowed always and not listed."""
        room = sum(node.is_state for node in plan) < self.max_states
        for row, node in enumerate(plan):
            if node.is_state:
                continue
            if node.symbol == PLACEHOLDER and self.labels:
                yield "label", row
            if room and _is_leaf(plan, row):
                if node.depth < self.max_depth:
                    yield "expand", row
                if node.symbol == PLACEHOLDER and row > 0:
                    yield "split", row

    def edits(self, plan: Plan) -> Iterator[Edit]:
        """
        The forward edges at `plan` without STOP. Edges, not children: splitting either neighbour of an equal state gives the same tree by
        two of them, and a policy over distinct children would be another one.
        """
        for kind, row in self.slots(plan):
            symbols = range(1, self.labels + 1) if kind == "label" else range(self.states)
            for symbol in symbols:
                yield Edit(kind, row, symbol)


def undos(plan: Plan) -> Iterator[Undo]:
    """The backward edges at `plan`: at most one a row."""
    for row, node in enumerate(plan):
        if not node.is_state:
            if node.symbol != PLACEHOLDER:
                yield Undo("unlabel", row)
        elif _is_bare(plan, row - 1) and plan[row - 1].depth == node.depth and _is_bare(plan, row + 1):
            first = plan[row - 2].depth < node.depth
            last = row + 2 == len(plan) or plan[row + 2].depth < node.depth
            yield Undo("unexpand" if first and last else "merge", row)


def apply(plan: Plan, edit: Edit) -> Plan:
    """The plan after an edit that is allowed there."""
    kind, row, symbol, characteristics = edit
    node = plan[row]
    if kind == "label":
        return (*plan[:row], Node(False, symbol, node.depth, characteristics), *plan[row + 1 :])
    if kind == "expand":
        depth = node.depth + 1
        bare = Node(False, PLACEHOLDER, depth)
        return (*plan[: row + 1], bare, Node(True, symbol, depth), bare, *plan[row + 1 :])
    if kind == "split":
        return (*plan[: row + 1], Node(True, symbol, node.depth), node, *plan[row + 1 :])
    raise ValueError(f"kind must be label, expand or split, not {kind!r}")


def revert(plan: Plan, undo: Undo) -> Plan:
    """The plan after an undo that is allowed there."""
    kind, row = undo
    if kind == "unlabel":
        return (*plan[:row], Node(False, PLACEHOLDER, plan[row].depth), *plan[row + 1 :])
    if kind == "unexpand":
        return (*plan[: row - 1], *plan[row + 2 :])
    if kind == "merge":
        return (*plan[:row], *plan[row + 2 :])
    raise ValueError(f"kind must be unlabel, unexpand or merge, not {kind!r}")


def undo_of(edit: Edit) -> Undo:
    """The undo, in the plan after `edit`, that takes it back."""
    if edit.kind == "label":
        return Undo("unlabel", edit.row)
    if edit.kind == "expand":
        return Undo("unexpand", edit.row + 2)
    return Undo("merge", edit.row + 1)


def edit_of(plan: Plan, undo: Undo) -> Edit:
    """The edit, in the plan after `undo`, that restores `plan`."""
    node = plan[undo.row]
    if undo.kind == "unlabel":
        return Edit("label", undo.row, node.symbol, node.characteristics)
    if undo.kind == "unexpand":
        return Edit("expand", undo.row - 2, node.symbol)
    return Edit("split", undo.row - 1, node.symbol)


def size(plan: Plan) -> int:
    """|z|: labels and states, the number of edits from the root."""
    return sum(node.is_state or node.symbol != PLACEHOLDER for node in plan)


def _is_leaf(plan: Plan, row: int) -> bool:
    """Whether the transition has no children."""
    return row + 1 == len(plan) or plan[row + 1].depth <= plan[row].depth


def _is_bare(plan: Plan, row: int) -> bool:
    """Whether the row is a placeholder without children."""
    return not plan[row].is_state and plan[row].symbol == PLACEHOLDER and _is_leaf(plan, row)
