"""The dataset of a campaign, read for training."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pyarrow as pa

from .cache import DEFAULT_BYTES, FileCache, default_folder
from .contract import SPLITS
from .errors import ConfigError
from .items import VIEWS, Counts, Filters, View, find_items
from .manifest import FileEntry, Manifest, read_manifest
from .order import WINDOW_BYTES, WINDOW_FILES, Order
from .pipe import Pipe
from .reader import THREADS, Source, read_steps, steps
from .shard import SCHEMA, check_columns, read_columns, read_file
from .share import ENDS, Ends, Share, rank_from_environment
from .storage import open_store
from .tensors import to_numpy

pa.array([0])  # where pandas is installed pyarrow now imports it, and not a second later in each process that is forked for reading

Format = Literal["python", "arrow", "numpy", "torch"]
T = TypeVar("T")
ROWS_AT_ONCE = 64
"""Items made into Python objects at once; with more of them the collector of cycles costs more than the making."""
AHEAD = 8
"""Batches made before they are asked for."""
SMALL = "revision"
"""A column that is read where none is needed but the number of rows."""
STATE = "exemplar_data"


class ExemplarDataset:
    """
    Items of one split of one generation, in an order that seed and epoch give alone; see docs/loader.md.

    uri: `s3://bucket/datasets/<campaign>` or a pulled folder; storage_options: see `storage.open_store`.
    view: `groups` (a situation, its positive and all its negatives), `versions` (a version each) or `preference` (a positive against one
        negative each).
    generation: None takes the newest and stays with it; with `follow` each epoch takes the newest anew.
    columns: those to read, all of data/ where None; `nodes.<field>` names a field of the nodes, and `horizon` is joined where it is named.
    branches, labels, distinct, max_negatives: see `items.Filters`; what they leave out stands in `counts`.
    rank, world_size: RANK and WORLD_SIZE of the environment where None. ends: how an epoch ends that ranks do not divide evenly, see
        `share.Share.end`.
    window_files, window_bytes: how much is shuffled together, see `order`.
    cache: folder for files from S3, see `cache.default_folder`; at most cache_bytes.

    Raises ConfigError, DataError, SchemaTooNew, StoreUnavailable or StoreDenied.
    """

    def __init__(
        self, uri: str, view: View = "groups", split: str = "train", *, generation: int | None = None, follow: bool = False, seed: int = 0,
        shuffle: bool = True, columns: Sequence[str] | None = None, branches: Literal["all", "main"] = "all",
        labels: Sequence[str] | None = None, distinct: bool = True, max_negatives: int | None = None, rank: int | None = None,
        world_size: int | None = None, ends: Ends = "ragged", window_files: int = WINDOW_FILES, window_bytes: int = WINDOW_BYTES,
        cache: str | Path | None = None, cache_bytes: int = DEFAULT_BYTES, storage_options: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        one_of("view", view, VIEWS)
        one_of("split", split, SPLITS)
        one_of("ends", ends, ENDS)
        at_least("seed", seed, 0)
        at_least("window_files", window_files, 1)
        at_least("window_bytes", window_bytes, 1)
        if follow and generation is not None:
            raise ConfigError(f"follow takes up newer generations, and generation={generation} pins one: give one of the two")
        if (rank is None) != (world_size is None):
            raise ConfigError("give both rank and world_size, or neither")
        if columns is not None:
            check_columns(columns)
        self.uri, self.view, self.split, self.follow, self.ends = uri, view, split, follow, ends
        self.filters = Filters(branches, None if labels is None else tuple(labels), distinct, max_negatives)
        self.columns = tuple(SCHEMA.names if columns is None else columns)
        self.rank, self.world_size = rank_from_environment() if rank is None else (rank, world_size)
        self.agree: Callable[[int], int] | None = None
        """Given this rank's newest generation, the one that all ranks take up; who follows with several ranks needs it."""
        self._order_settings = {"seed": seed, "shuffle": shuffle, "window_files": window_files, "window_bytes": window_bytes}
        self._store = open_store(uri, **(storage_options or {}))
        self._cache = None if self._store.local else FileCache(Path(cache) if cache else default_folder(), cache_bytes)
        self._reading = 0
        self._share = Share(self.rank, self.world_size)
        self.set_epoch(0)
        self._use(read_manifest(self._store, generation))

    # -- what is read

    @property
    def generation(self) -> int:
        return self.manifest.generation

    @property
    def total(self) -> int:
        """Items of an epoch, over all ranks."""
        return int(self._items.sum())

    def __len__(self) -> int:
        """Items that this rank gives in an epoch read from its start, one by one."""
        return self.per_rank(1)

    def per_rank(self, batch_size: int) -> int:
        """Items that this rank gives in an epoch read from its start in batches of that size."""
        share = Share(self.rank, self.world_size, batch=batch_size)
        return share.count(0, share.end(0, self.total, self.ends))

    @property
    def dropped(self) -> int:
        """Items at the end of the epoch that the last iteration leaves out, over all ranks, as `ends="drop"` has it."""
        return 0 if self.end is None else max(0, self.total - self.end)

    @property
    def padded(self) -> int:
        """Items that the last iteration gives a second time, over all ranks, as `ends="pad"` has it."""
        return 0 if self.end is None else max(0, self.end - self.total)

    @property
    def counts(self) -> Counts:
        """What the view gives and its filters leave out, over the whole split. Reads all its files where it has not yet."""
        if self._counts is None:
            self._counts = sum(self._count(range(len(self._files))), Counts())
        return self._counts

    def _use(self, manifest: Manifest) -> None:
        files = tuple(manifest.data_files(self.split))
        told = [self.filters.told_by_manifest(self.view, file) for file in files]
        self.manifest, self._files, self._counts = manifest, files, None
        untold = [number for number, items in enumerate(told) if items is None]
        counted = self._count(untold)
        if files and len(untold) == len(files):
            self._counts = sum(counted, Counts())
        for number, counts in zip(untold, counted, strict=True):
            told[number] = counts.items
        self._items = np.array(told, dtype=np.int64)

    def _count(self, numbers: Iterable[int]) -> list[Counts]:
        def count(number: int) -> Counts:
            file = self._files[number]
            table = read_columns(self._fetch(file), file, self.filters.columns(self.view) or [SMALL])
            return find_items(self.view, self.filters, table, file)[1]

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(count, numbers))

    def _fetch(self, file: FileEntry) -> bytes:
        return read_file(self._store, file, self._cache)

    # -- reading

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """
        Items as dicts to the end of the epoch; the iteration after a whole one gives the next epoch. One that was left early is begun anew where it
        began: at the epoch's start, or where a loaded state stood.
        """
        return self.items()

    def items(self, worker: int = 0, workers: int = 1) -> Iterator[dict[str, Any]]:
        """As `__iter__`, for one of several worker processes."""
        for rows in self._read(1, worker, workers, lambda batches: (each.to_pylist() for each in _sliced(batches))):
            reading = self._reading
            for row in rows:
                self._expect(reading)
                self._given += 1
                yield row

    def batches(self, batch_size: int, format: Format = "python", *, worker: int = 0, workers: int = 1) -> Iterator[Any]:
        """
        The epoch in batches of `batch_size` items, the last one smaller where `ends` is `ragged`: lists of dicts (`python`), record batches
        (`arrow`), or arrays by dotted name (`numpy`, `torch`; see `tensors.to_numpy`).
        """
        at_least("batch_size", batch_size, 1)
        one_of("format", format, FORMATS)
        convert = FORMATS[format]

        def make(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[Any, int]]:
            return ((convert(each), len(each)) for each in _batched(batches, batch_size))

        for batch, count in self._read(batch_size, worker, workers, make):
            self._given += count
            yield batch

    def _read(self, batch_size: int, worker: int, workers: int, make: Callable[[Iterator[pa.RecordBatch]], Iterator[T]]) -> Iterator[T]:
        """What `make` makes, in the background, of the batches that this share reads of the epoch."""
        share = self.begin(batch_size, worker, workers)
        reading, order = self._reading, self._order()
        source = Source(self._files, self._items, self.view, self.filters, self.columns, self._fetch, keeps=self._cache is not None)
        wanted = steps(order, share, self._base, self.end, self._skip)
        for value in Pipe(lambda: make(read_steps(source, order, wanted)), AHEAD):
            self._expect(reading)
            yield value
        self._finished = True

    def _expect(self, reading: int) -> None:
        if reading != self._reading:
            raise ConfigError("this iteration is over: a newer one has begun, or the dataset was moved to another place")

    def _order(self) -> Order:
        stored = np.array([file.bytes for file in self._files], dtype=np.int64)
        return Order(self._items, stored, epoch=self.epoch, **self._order_settings)

    # -- where it stands

    def begin(self, batch_size: int, worker: int = 0, workers: int = 1) -> Share:
        """Begins an iteration and returns what of it is this process's: of the next epoch, where the last one came to its end."""
        if self._finished:
            if self.follow and workers > 1:
                raise ConfigError("workers of a DataLoader may see different generations: follow with exemplar_data.torch.Loader")
            self.set_epoch(self.epoch + 1)
            if self.follow:
                self.take_up()
        if self._of_workers not in (None, workers):
            raise ConfigError(f"the state is of one of {self._of_workers} workers, and now there are {workers}: load the state of their whole loader")
        self._reading += 1
        self._share = Share(self.rank, self.world_size, worker, workers, batch_size)
        self._given, self.end = self._skip, self._share.end(self._base, self.total, self.ends)
        return self._share

    def advance(self, items: int) -> None:
        """Says that `items` more were given by other processes, or the fewer that are left, in an iteration that `begin` began."""
        self._given += items

    def finish(self) -> None:
        """Says that such an iteration came to its end."""
        self._finished = True

    def place(self) -> tuple[int, int, int]:
        """Epoch, index and generation where the iteration begins."""
        return self.epoch, self._base, self.generation

    def go_to(self, epoch: int, index: int, generation: int) -> None:
        if generation != self.generation:
            self._use(read_manifest(self._store, generation))
        self.set_epoch(epoch)
        self._base = index

    def set_epoch(self, epoch: int) -> None:
        """Goes to the beginning of an epoch, counted from 0."""
        at_least("epoch", epoch, 0)
        self.epoch, self._base, self._skip, self._given, self._finished = epoch, 0, 0, 0, False
        self.end: int | None = None
        self._of_workers: int | None = None
        self._reading += 1

    def take_up(self) -> None:
        """Reads the newest generation from now on, from the beginning of the epoch."""
        newest = read_manifest(self._store)
        if self.world_size > 1:
            if self.agree is None:
                raise ConfigError(f"follow with world_size {self.world_size} needs ranks to agree: exemplar_data.torch.Loader lets them")
            agreed = self.agree(newest.generation)
            newest = newest if agreed == newest.generation else read_manifest(self._store, agreed)
        if newest.generation != self.generation:
            self._use(newest)
        self.set_epoch(self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """
        Where reading stands, as JSON: loaded into a dataset of the same order, it goes on with the next item, whatever the number of ranks
        and workers there. Take it when all ranks have been given equally many items: then it is the same on all.
        """
        part = {"rank": self.rank, "ranks": self.world_size, "workers": self._share.workers, "given": self._given, "end": self.end}
        state = {STATE: 1, "generation": self.generation, "order": self._identity(), "epoch": self.epoch, "index": self._base}
        return {**state, **part} if self._share.workers > 1 else {**state, **_whole(state, [part])}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """
        Takes a state of `state_dict`, or of a StatefulDataLoader over this dataset. Raises ConfigError where it was taken under another
        order, naming the setting.
        """
        found = list(_own_states(state))
        if not found:
            raise ConfigError("state: no state of an ExemplarDataset in it")
        first = found[0]
        for name, value in self._identity().items():
            if first["order"].get(name) != value:
                raise ConfigError(f"{name} is {value!r}, but the state was taken with {first['order'].get(name)!r}")
        workers = max(part.get("workers", 1) for part in found)  # one that was given nothing yet does not know that it is one of several
        if len(found) > 1:
            if len(found) < workers or any((part["epoch"], part["index"]) != (first["epoch"], first["index"]) for part in found):
                raise ConfigError(f"state: {len(found)} states that are not those of the workers of one loader")
            first = {**first, **_whole(first, found)}
        self.go_to(first["epoch"], first["index"], first["generation"])
        if len(found) == 1 < workers:  # of one worker, for the same one again
            self._skip = self._given = first["given"]
            self._of_workers = workers

    def _identity(self) -> dict[str, Any]:
        """All that shapes the order, beside epoch and generation."""
        filters = {**asdict(self.filters), "labels": self.filters.labels and list(self.filters.labels)}
        return {"campaign": self.manifest.campaign, "view": self.view, "split": self.split, **filters, **self._order_settings}


def _own_states(state: Any) -> Iterator[dict[str, Any]]:
    if isinstance(state, dict):
        if STATE in state:
            yield state
        else:
            for value in state.values():
                yield from _own_states(value)


def _whole(state: dict[str, Any], parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """{epoch, index} of a rank, from what its workers were given since the position `index` of `state`."""
    begun = [part for part in parts if part.get("end") is not None]
    if not begun:
        return {}
    given, end = sum(part["given"] for part in begun), begun[0]["end"]
    rank, ranks = begun[0]["rank"], begun[0]["ranks"]
    if given >= Share(rank, ranks).count(state["index"], end):
        return {"epoch": state["epoch"] + 1, "index": 0}
    return {"epoch": state["epoch"], "index": state["index"] + ranks * given}


def _sliced(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for first in range(0, len(batch), ROWS_AT_ONCE):
            yield batch.slice(first, ROWS_AT_ONCE)


def _batched(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    held: list[pa.RecordBatch] = []
    missing = size
    for batch in batches:
        first = 0
        while first < len(batch):
            part = batch.slice(first, missing)
            held.append(part)
            first, missing = first + len(part), missing - len(part)
            if missing == 0:
                yield _joined(held)
                held, missing = [], size
    if held:
        yield _joined(held)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    return parts[0] if len(parts) == 1 else pa.concat_batches(parts)


def _to_python(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    return [row for part in _sliced(iter([batch])) for row in part.to_pylist()]


def _to_torch(batch: pa.RecordBatch) -> dict[str, Any]:
    from .torch import to_torch

    return to_torch(batch)


FORMATS: dict[str, Callable[[pa.RecordBatch], Any]] = {
    "python": _to_python, "arrow": lambda batch: batch, "numpy": to_numpy, "torch": _to_torch,
}  # fmt: skip


def one_of(name: str, value: Any, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def at_least(name: str, value: Any, least: int) -> None:
    if type(value) is not int or value < least:
        raise ConfigError(f"{name} must be an integer of at least {least}, not {value!r}")
