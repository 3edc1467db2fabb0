"""
Plans as arrays. Nothing world-specific: structure, numbers, and hashed words.

Left out on purpose, for they tell versions apart without reading the plan: node ids (minted in order of revision), revision, branch,
distances, critiques, edits, explanations. Ids only link a node to its parent.
"""

import re
import zlib
from array import array
from dataclasses import dataclass

import numpy as np

BUCKETS = 4096
"""Size of the hashed vocabulary."""
MAX_NODES = 96
"""Nodes kept of a plan: coarser ones first."""
NO_TEXT = -1
"""Text index of a target that is null."""

WORD = re.compile(r"[^\W_]+|[^\w\s]")


def word_features(text: str) -> list[int]:
    """Buckets in [0, BUCKETS) of the words of a text and of its neighbouring pairs of words; empty for an empty text."""
    words = WORD.findall(text.casefold())
    pairs = [f"{left} {right}" for left, right in zip(words, words[1:], strict=False)]
    return [zlib.crc32(token.encode()) % BUCKETS for token in words + pairs]


class TextTable:
    """Texts by index, each stored once as its features; versions of a plan share most of theirs."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._features = array("H")
        self._ends = array("q", [0])

    def add(self, text: str) -> int:
        """Index of a text."""
        found = self._index.get(text)
        if found is None:
            found = self._index[text] = len(self._index)
            self._features.extend(word_features(text))
            self._ends.append(len(self._features))
        return found

    def features(self, index: int) -> np.ndarray:
        """uint16 [w]: what `word_features` gives for the text at `index`."""
        return np.frombuffer(self._features[self._ends[index] : self._ends[index + 1]], dtype=np.uint16)


@dataclass(frozen=True, eq=False)
class PlanTokens:
    """
    One version of a plan, n nodes.

    structure: int16 [n, 5]: kind, level, depth below the top, parent's row (-1 at the top), order among its siblings.
    numbers: float32 [n, 4]: log1p(duration in s) / 10, success, moral cost, and 1 where they are known (actions), else all 0.
    texts: int32 [n], into the dataset's TextTable.
    """

    stance: int
    structure: np.ndarray
    numbers: np.ndarray
    texts: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Nodes:
    """The nodes of one plan as the shard has them, column by column, each of length n; numbers are NaN where null."""

    ids: list[str]
    parents: list[str]
    kinds: np.ndarray
    levels: np.ndarray
    orders: np.ndarray
    durations: np.ndarray
    successes: np.ndarray
    moral_costs: np.ndarray
    texts: np.ndarray


def encode_plan(stance: int, nodes: Nodes) -> PlanTokens:
    """Raises ValueError saying what is wrong with the nodes. Keeps at most MAX_NODES."""
    rows = {id_: row for row, id_ in enumerate(nodes.ids)}
    if not rows or len(rows) != len(nodes.ids):
        raise ValueError("node ids repeat" if rows else "the plan has no nodes")
    parents = []
    for id_, parent in zip(nodes.ids, nodes.parents, strict=False):
        if parent and parent not in rows:
            raise ValueError(f"node {id_} has unknown parent {parent}")
        parents.append(rows[parent] if parent else -1)
    depths = _depths(parents)
    kept = np.arange(len(parents))
    if len(kept) > MAX_NODES:
        kept = np.sort(np.argsort(depths, kind="stable")[:MAX_NODES])
    moved = {int(row): place for place, row in enumerate(kept)} | {-1: -1}
    known = ~np.isnan(nodes.successes)
    numbers = np.stack([np.log1p(nodes.durations) / 10, nodes.successes, nodes.moral_costs, known], axis=1)
    numbers[~known] = 0
    if not np.isfinite(numbers).all():
        raise ValueError("an action's success, duration or moral cost is missing or not finite")
    structure = np.stack([nodes.kinds, nodes.levels, depths, [moved.get(p, -1) for p in parents], nodes.orders], axis=1)
    return PlanTokens(stance, structure[kept].astype(np.int16), numbers[kept].astype(np.float32), nodes.texts[kept].astype(np.int32))


def _depths(parents: list[int]) -> np.ndarray:
    depths = [-1] * len(parents)
    for row in range(len(parents)):
        path = []
        while row >= 0 and depths[row] < 0:
            if len(path) > len(parents):
                raise ValueError("nodes are their own ancestors")
            path.append(row)
            row = parents[row]
        depth = depths[row] if row >= 0 else -1
        for step in reversed(path):
            depth += 1
            depths[step] = depth
    return np.array(depths)
