"""What one item of a view is: which rows of a file it is made of."""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .contract import LABELS
from .errors import ConfigError, DataError
from .manifest import FileEntry
from .order import Seed, random_keys

View = Literal["groups", "versions", "preference"]
VIEWS = ("groups", "versions", "preference")


@dataclass(frozen=True)
class Filters:
    """
    branches: `all`, or `main` for versions of the main line alone.
    labels: of the versions that the view `versions` gives; None for all.
    distinct: whether a negative is left out whose plan_text is the positive's or an earlier negative's.
    max_negatives: of a positive in one epoch, drawn anew in each; None for all.
    """

    branches: Literal["all", "main"] = "all"
    labels: tuple[str, ...] | None = None
    distinct: bool = True
    max_negatives: int | None = None

    def __post_init__(self) -> None:
        if self.branches not in ("all", "main"):
            raise ConfigError(f"branches must be 'all' or 'main', not {self.branches!r}")
        for label in self.labels or ():
            if label not in LABELS:
                raise ConfigError(f"labels must be among {', '.join(LABELS)}, not {label!r}")
        if self.max_negatives is not None and (type(self.max_negatives) is not int or self.max_negatives < 1):
            raise ConfigError(f"max_negatives must be an integer of at least 1, or None, not {self.max_negatives!r}")

    def columns(self, view: View) -> list[str]:
        """Columns that must be read to tell which rows are an item's."""
        if view == "versions":
            return [*(["branch"] if self.branches == "main" else []), *(["label"] if self.labels else [])]
        needed = ["situation_id", "label"]
        return needed + (["branch"] if self.branches == "main" else []) + (["plan_text"] if self.distinct else [])

    def told_by_manifest(self, view: View, file: FileEntry) -> int | None:
        """Items of a file where its manifest entry says so; None where only its rows can."""
        if self.branches != "all":
            return None
        if view == "versions":
            return file.rows if self.labels is None else None
        if view == "groups":
            return file.groups
        return None if self.distinct or self.max_negatives else file.pairs


@dataclass
class Counts:
    """
    What a view gives of a split, and what its filters left out.

    items: of an epoch. rows: versions read. groups: situations with a positive and a negative left, pairs: negatives left in them.
    otherBranches, otherLabels: rows; equalToPositive, repeatedNegatives: negatives that say nothing new; withoutNegatives: positives
    with no negative left; notDrawn: negatives above `max_negatives`.
    """

    items: int = 0
    rows: int = 0
    groups: int = 0
    pairs: int = 0
    otherBranches: int = 0
    otherLabels: int = 0
    equalToPositive: int = 0
    repeatedNegatives: int = 0
    withoutNegatives: int = 0
    notDrawn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Counts)))

    def to_json(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(Counts)}


@dataclass(frozen=True)
class Items:
    """
    The items of some rows, in order. rows: int64 [n], the version itself, or the positive. negatives: int64 [m], and ends: int64 [n + 1]:
    item i has negatives[ends[i] : ends[i + 1]]; both are None for `versions`.
    """

    rows: np.ndarray
    negatives: np.ndarray | None = None
    ends: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: np.ndarray) -> "Items":
        if self.negatives is None:
            return Items(self.rows[places])
        starts, counts = self.ends[:-1][places], np.diff(self.ends)[places]
        ends = _ends(counts)
        flat = np.repeat(starts - ends[:-1], counts) + np.arange(ends[-1])
        return Items(self.rows[places], self.negatives[flat], ends)


def concatenate(parts: list[tuple[Items, int]]) -> Items:
    """The items of several files, each with the number of its rows, as items of those rows one file after the other."""
    starts = _ends([rows for _, rows in parts])[:-1]
    rows = np.concatenate([items.rows + start for (items, _), start in zip(parts, starts, strict=True)])
    if parts[0][0].negatives is None:
        return Items(rows)
    negatives = np.concatenate([items.negatives + start for (items, _), start in zip(parts, starts, strict=True)])
    return Items(rows, negatives, _ends(np.concatenate([np.diff(items.ends) for items, _ in parts])))


def find_items(
    view: View, filters: Filters, table: pa.Table, file: FileEntry, draw: Seed | None = None
) -> tuple[Items, Counts]:
    """
    Items of a file. `draw` seeds which negatives stay where `max_negatives` leaves some out; without it the first ones do.
    Raises DataError where a situation with labelled versions has not exactly one positive.
    """
    counts = Counts(rows=len(table))
    kept = np.arange(len(table))
    if filters.branches == "main":
        kept = kept[_mask(table, "branch", "main")]
        counts.otherBranches = len(table) - len(kept)
    if view == "versions":
        if filters.labels is not None:
            chosen = np.logical_or.reduce([_mask(table, "label", label)[kept] for label in filters.labels])
            counts.otherLabels, kept = int((~chosen).sum()), kept[chosen]
        counts.items = len(kept)
        return Items(kept), counts
    items = _groups(table, kept, filters, counts, file)
    counts.groups, counts.pairs = len(items), len(items.negatives)
    if filters.max_negatives is not None:
        items = _draw(items, filters.max_negatives, draw)
        counts.notDrawn = counts.pairs - len(items.negatives)
    if view == "preference":
        negatives = len(items.negatives)
        items = Items(np.repeat(items.rows, np.diff(items.ends)), items.negatives, np.arange(negatives + 1))
    counts.items = len(items)
    return items, counts


def _groups(table: pa.Table, kept: np.ndarray, filters: Filters, counts: Counts, file: FileEntry) -> Items:
    positive, negative = _mask(table, "label", "positive")[kept], _mask(table, "label", "negative")[kept]
    counts.otherLabels = int((~(positive | negative)).sum())
    situations = table.column("situation_id").combine_chunks().dictionary_encode()
    situation = situations.indices.to_numpy()[kept]
    positives, negatives = kept[positive], kept[negative]

    of_positive, of_negative = situation[positive], situation[negative]
    found = np.bincount(of_positive, minlength=len(situations.dictionary))
    labelled = np.union1d(of_positive, of_negative)
    wrong = labelled[found[labelled] != 1]
    if len(wrong):
        name = situations.dictionary[int(wrong[0])]
        raise DataError(f"{file.key}: situation {name} has labelled versions and {found[wrong[0]]} positives; it must have 1")

    group = np.zeros(len(situations.dictionary), dtype=np.int64)
    group[of_positive] = np.arange(len(positives))
    place = group[of_negative]
    order = np.argsort(place, kind="stable")
    place, negatives = place[order], negatives[order]
    if filters.distinct and len(negatives):
        text = table.column("plan_text").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        fresh = text[negatives] != text[positives[place]]
        counts.equalToPositive = int((~fresh).sum())
        place, negatives = place[fresh], negatives[fresh]
        first = np.sort(np.unique(place * len(text) + text[negatives], return_index=True)[1])
        counts.repeatedNegatives = len(negatives) - len(first)
        place, negatives = place[first], negatives[first]
    each = np.bincount(place, minlength=len(positives))
    counts.withoutNegatives = int((each == 0).sum())
    return Items(positives[each > 0], negatives, _ends(each[each > 0]))


def _draw(items: Items, most: int, seed: Seed | None) -> Items:
    group = np.repeat(np.arange(len(items)), np.diff(items.ends))
    keys = np.arange(len(group), dtype=np.uint64) if seed is None else random_keys(len(group), seed)
    by_group = np.lexsort((keys, group))
    drawn = np.sort(by_group[np.arange(len(group)) - items.ends[group[by_group]] < most])
    return Items(items.rows, items.negatives[drawn], _ends(np.bincount(group[drawn], minlength=len(items))))


def _mask(table: pa.Table, column: str, value: str) -> np.ndarray:
    return pc.equal(table.column(column), value).to_numpy()


def _ends(counts: np.ndarray | list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
