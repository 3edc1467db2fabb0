"""Plans as token columns, and back."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .domain import ROOT, Node, Plan

MAX_TOKENS = 256
CHARACTERISTICS = 8
"""Width of the characteristics' column; shorter ones are padded with 0."""


class TokenKind(IntEnum):
    """S0: start state; G: target state; OPEN: in its place where the plan has no target; T: transition; STATE: world state."""

    S0 = 0
    G = 1
    OPEN = 2
    T = 3
    STATE = 4


@dataclass(frozen=True)
class Tokens:
    """
    P tokens: the start state, the plan in pre-order, the target. Token 1 + r is row r of the plan.

    kind: uint8 [P]. symbol: int32 [P], the label or the state's code; 0 for OPEN. level: int8 [P], lists above. parent: int16 [P], the token of
    the transition whose list it stands in, -1 on top. sibling: int16 [P], place in that list. characteristics: float16 [P, 8], 0 where there are none.
    There are no brackets: `parent` says where a list begins and ends.
    """

    kind: np.ndarray
    symbol: np.ndarray
    level: np.ndarray
    parent: np.ndarray
    sibling: np.ndarray
    characteristics: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)


def to_tokens(plan: Plan, start: int, target: int | None) -> Tokens:
    """Tokens of `plan` between two states' codes; target None: open-ended. Raises ValueError above 256 tokens."""
    length = len(plan) + 2
    if length > MAX_TOKENS:
        raise ValueError(f"a plan may have {MAX_TOKENS - 2} nodes, this one has {len(plan)}")
    kind = np.array([TokenKind.S0, *(TokenKind.STATE if node.is_state else TokenKind.T for node in plan), TokenKind.G], dtype=np.uint8)
    if target is None:
        kind[-1] = TokenKind.OPEN
    symbol = np.array([start, *(node.symbol for node in plan), target or 0], dtype=np.int32)
    level = np.array([0, *(node.depth for node in plan), 0], dtype=np.int8)
    parent = np.full(length, -1, dtype=np.int16)
    sibling = np.zeros(length, dtype=np.int16)
    characteristics = np.zeros((length, CHARACTERISTICS), dtype=np.float16)
    open_at, filled = [-1], [1]  # token of the open transition and the tokens of its list so far, by level
    for token, node in enumerate(plan, start=1):
        if node.depth >= len(open_at):
            open_at.append(token - 1)
            filled.append(0)
        del open_at[node.depth + 1 :], filled[node.depth + 1 :]
        parent[token], sibling[token] = open_at[-1], filled[-1]
        filled[-1] += 1
        characteristics[token, : len(node.characteristics)] = node.characteristics
    sibling[-1] = 2
    return Tokens(kind, symbol, level, parent, sibling, characteristics)


def from_tokens(tokens: Tokens) -> tuple[Plan, int, int | None]:
    """
    (plan, start, target) of tokens; characteristics come back as float16 and 8 wide, () where all are 0. Raises ValueError naming the token
    where they are no plan.
    """
    kinds = tokens.kind.tolist()
    if len(kinds) < 3 or kinds[0] != TokenKind.S0 or kinds[-1] not in (TokenKind.G, TokenKind.OPEN):
        raise ValueError("tokens must begin with S0 and end with G or OPEN, with a plan between")
    nodes = []
    for token in range(1, len(kinds) - 1):
        if kinds[token] not in (TokenKind.T, TokenKind.STATE):
            raise ValueError(f"token {token}: kind must be T or STATE, not {kinds[token]}")
        known = tokens.characteristics[token]
        nodes.append(
            Node(
                kinds[token] == TokenKind.STATE,
                int(tokens.symbol[token]),
                int(tokens.level[token]),
                tuple(known.tolist()) if known.any() else (),
            )
        )
    plan = tuple(nodes)
    _refuse_malformed(plan)
    target = int(tokens.symbol[-1]) if kinds[-1] == TokenKind.G else None
    written = to_tokens(plan, int(tokens.symbol[0]), target)
    for column in ("parent", "sibling"):
        wrong = np.flatnonzero(getattr(written, column) != getattr(tokens, column))
        if len(wrong):
            raise ValueError(f"token {wrong[0]}: {column} contradicts level")
    return plan, int(tokens.symbol[0]), target


def _refuse_malformed(plan: Plan) -> None:
    """A plan's nodes are one transition, and below transitions lists T z T ... z T."""
    lists: list[list[bool]] = []
    for row, node in enumerate((*plan, ROOT[0])):
        if row and node.depth == 0 and row < len(plan):
            raise ValueError(f"token {1 + row}: only the root has level 0")
        if not 0 <= node.depth <= len(lists) or (row and node.depth == len(lists) and plan[row - 1].is_state):
            raise ValueError(f"token {1 + row}: level {node.depth} has no transition above it")
        for closed in lists[node.depth + 1 :]:
            if len(closed) < 3 or closed[-1]:
                raise ValueError(f"token {row}: a list must end in a transition and hold a state")
        del lists[node.depth + 1 :]
        if row == len(plan):
            return
        if node.depth == len(lists):
            lists.append([])
        if node.is_state != (len(lists[-1]) % 2 == 1):
            raise ValueError(f"token {1 + row}: transitions and states must alternate")
        lists[-1].append(node.is_state)
