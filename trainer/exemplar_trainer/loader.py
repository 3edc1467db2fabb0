"""Datasets as groups: the positive of a converged situation and the negatives it is contrasted with."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from exemplar_data.items import Filters, find_items
from exemplar_data.manifest import FileEntry, Manifest, read_manifest
from exemplar_data.shard import read_columns, read_file
from exemplar_data.storage import Store, open_store

from .errors import ConfigError, DataError
from .shard import COLUMNS, Versions
from .tokens import PlanTokens, TextTable

MAX_NEGATIVES = 8
"""Negatives of a group in one epoch; another eight may be drawn in the next."""


@dataclass(frozen=True, eq=False)
class Group:
    """One converged situation: all its plans share the condition (initial, target, agent: text indexes; task)."""

    situation: str
    root: str
    initial: int
    target: int
    agent: int
    task: int
    positive: PlanTokens
    negatives: tuple[PlanTokens, ...]


@dataclass
class Counts:
    """What the loader kept and dropped of a split."""

    groups: int = 0
    pairs: int = 0
    equalToPositive: int = 0
    repeatedNegatives: int = 0
    withoutNegatives: int = 0
    cutPlans: int = 0

    def to_json(self) -> dict[str, int]:
        return asdict(self)


class Dataset:
    """
    One generation of a campaign's dataset. Splits are read on demand, hash-checked, encoded and held in memory:
    30 bytes a node, and 2 bytes a word of each distinct text.
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.manifest = manifest
        self.texts = TextTable()
        self._store = store
        self._split_of_root: dict[str, str] = {}

    def groups(self, split: str) -> tuple[list[Group], Counts]:
        """Groups sorted by situation id, whatever the order of files. Raises DataError naming the file at fault."""
        groups: list[Group] = []
        counts = Counts()
        for file in self.manifest.data_files(split):
            groups += self._groups(file, split, counts)
        groups.sort(key=lambda group: group.situation)
        counts.groups, counts.pairs = len(groups), sum(len(group.negatives) for group in groups)
        return groups, counts

    def _groups(self, file: FileEntry, split: str, counts: Counts) -> Iterator[Group]:
        table = read_columns(read_file(self._store, file), file, COLUMNS)
        items, found = find_items("groups", Filters(), table, file)
        counts.equalToPositive += found.equalToPositive
        counts.repeatedNegatives += found.repeatedNegatives
        counts.withoutNegatives += found.withoutNegatives
        versions = Versions(table, file, self.texts)
        for root in versions.roots:
            if self._split_of_root.setdefault(root, split) != split:
                raise DataError(f"{file.key}: family {root} is in {split} and in {self._split_of_root[root]}")
        for place, positive in enumerate(items.rows.tolist()):
            plans = []
            for row in (positive, *items.negatives[items.ends[place] : items.ends[place + 1]].tolist()):
                plan, cut = versions.plan(row)
                counts.cutPlans += cut > 0
                plans.append(plan)
            yield Group(versions.situation(positive), versions.root(positive), *versions.condition(positive), plans[0], tuple(plans[1:]))


def open_dataset(uri: str, generation: int | None = None) -> Dataset:
    """
    Opens `s3://bucket/datasets/<campaign>` or a pulled folder; the newest generation where none is given.
    Raises ConfigError, SchemaTooNew, DataError or StoreUnavailable.
    """
    store = open_store(uri)
    return Dataset(store, read_manifest(store, generation))


@dataclass(frozen=True, eq=False)
class Drawn:
    """A group with the negatives drawn for one epoch: `plans[0]` is the positive."""

    group: Group
    plans: tuple[PlanTokens, ...]


class GroupLoader:
    """
    Batches of groups, for ever. The order of an epoch and the negatives drawn in it are a pure function of (seed, epoch) and the groups,
    whatever the number of the generation that holds them; each epoch gives every group once. `state_dict` is exact: loaded into a loader of the same
    groups, the next batch is the one that would have come.
    """

    def __init__(self, groups: Sequence[Group], *, seed: int, batch_groups: int) -> None:
        if not groups:
            raise ConfigError("a loader needs at least one group")
        self.epoch = 0
        self.index = 0
        self._groups = groups
        self._salt = str(seed)
        self._batch_groups = batch_groups
        self._order: tuple[int, list[Group]] | None = None

    def next_batch(self) -> list[Drawn]:
        """The next 1 to `batch_groups` groups; a batch never spans two epochs."""
        batch = self._epoch_order()[self.index : self.index + self._batch_groups]
        drawn = [Drawn(group, (group.positive, *self._draw(group))) for group in batch]
        self.index += len(batch)
        if self.index == len(self._groups):
            self.epoch, self.index = self.epoch + 1, 0
        return drawn

    def state_dict(self) -> dict[str, int]:
        """`epoch`: from 0; `index`: groups of it already given."""
        return {"epoch": self.epoch, "index": self.index}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.epoch, self.index = state["epoch"], state["index"]

    def _epoch_order(self) -> list[Group]:
        if self._order is None or self._order[0] != self.epoch:
            order = sorted(self._groups, key=lambda group: self._rank(group.situation))
            self._order = (self.epoch, order)
        return self._order[1]

    def _draw(self, group: Group) -> list[PlanTokens]:
        places = sorted(range(len(group.negatives)), key=lambda place: self._rank(f"{group.situation}/{place}"))
        return [group.negatives[place] for place in sorted(places[:MAX_NEGATIVES])]

    def _rank(self, what: str) -> bytes:
        return hashlib.sha256(f"{self._salt}/{self.epoch}/{what}".encode()).digest()

