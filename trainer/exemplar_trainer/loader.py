"""Datasets as groups: the positive of a converged situation and the negatives it is contrasted with."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .errors import ConfigError, DataError
from .manifest import Manifest, read_file, read_manifest
from .shard import Version, read_versions
from .storage import Store, open_store
from .tokens import PlanTokens, TextTable

SPLITS = ("train", "validation", "test")
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
            situations: dict[str, list[Version]] = {}
            for version in read_versions(read_file(self._store, file), file, self.texts):
                situations.setdefault(version.situation, []).append(version)
                if self._split_of_root.setdefault(version.root, split) != split:
                    raise DataError(f"{file.key}: family {version.root} is in {split} and in {self._split_of_root[version.root]}")
            for situation, versions in situations.items():
                group = _group(situation, versions, counts, file.key)
                if group:
                    groups.append(group)
        groups.sort(key=lambda group: group.situation)
        counts.groups, counts.pairs = len(groups), sum(len(group.negatives) for group in groups)
        return groups, counts


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


def _group(situation: str, versions: list[Version], counts: Counts, key: str) -> Group | None:
    positives = [version for version in versions if version.label == "positive"]
    if len(positives) != 1:
        raise DataError(f"{key}: situation {situation} has labelled versions and {len(positives)} positives; it must have 1")
    positive = positives[0]
    seen = {positive.plan_text}
    negatives = []
    for version in versions:
        counts.cutPlans += version.cut > 0
        if version is positive:
            continue
        if version.plan_text in seen:
            if version.plan_text == positive.plan_text:
                counts.equalToPositive += 1
            else:
                counts.repeatedNegatives += 1
            continue
        seen.add(version.plan_text)
        negatives.append(version.plan)
    if not negatives:
        counts.withoutNegatives += 1
        return None
    return Group(
        situation, positive.root, positive.initial, positive.target, positive.agent, positive.task, positive.plan, tuple(negatives)
    )
