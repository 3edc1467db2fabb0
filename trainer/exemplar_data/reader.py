"""Windows of an epoch, fetched, decoded and gathered in the background."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .contract import JOINED
from .errors import DataError
from .gather import gather
from .items import Counts, Filters, Items, View, concatenate, find_items
from .manifest import FileEntry
from .order import Order, Seed, Window
from .shard import SITUATIONS, join_situations, read_columns
from .share import Share

THREADS = 4
"""Files read at once."""


@dataclass(frozen=True)
class Source:
    """
    The files of a split, how many items each has, and how those are read. `fetch` gives a file's bytes, checked; `keeps` says that it has them
    at hand the next time.
    """

    files: tuple[FileEntry, ...]
    items: np.ndarray
    view: View
    filters: Filters
    columns: tuple[str, ...]
    fetch: Callable[[FileEntry], bytes]
    keeps: bool

    def read(self, number: int, draw: Seed | None) -> tuple[dict[str, pa.ChunkedArray], Items, int]:
        """Columns, items and number of rows of a file. Raises DataError where it has not the items that the manifest says."""
        file = self.files[number]
        joined = any(name in JOINED for name in self.columns)
        wanted = dict.fromkeys((*self.columns, *self.filters.columns(self.view), *(["situation_id"] if joined else [])))
        table = read_columns(self.fetch(file), file, [name for name in wanted if name not in JOINED])
        if joined:
            table = join_situations(table, file, [read_columns(self.fetch(part), part, ("situation_id", *JOINED), SITUATIONS) for part in file.situations])
        items, counts = find_items(self.view, self.filters, table, file, None if draw is None else (*draw, number))
        if len(items) != self.items[number]:
            raise _mismatch(file, int(self.items[number]), counts)
        given = {name.partition(".")[0] for name in self.columns}
        return {name: table.column(name) for name in table.column_names if name in given}, items, len(table)


@dataclass(frozen=True)
class Step:
    """A share's part of a window: `places`, int64 [n], among the window's items one file after the other."""

    window: Window
    places: np.ndarray


def steps(order: Order, share: Share, base: int, end: int, skip: int) -> Iterator[Step]:
    """
    What a share reads from position `base` (inclusive) to `end` (exclusive), its first `skip` items left out. Behind the last position of
    the epoch the first ones follow again.
    """
    lap = 0
    while order.total and max(base, lap) < end:
        for window in order.windows_from(base - lap):
            first, last = max(base, window.first + lap), min(end, window.last + lap)
            mine = share.positions(first, last, base)[skip:] if first < last else np.zeros(0, np.int64)
            skip -= min(skip, share.count(base, last) - share.count(base, first)) if first < last else 0
            if len(mine):
                yield Step(window, order.places(window)[mine - lap - window.first])
        lap += order.total


def read_steps(source: Source, order: Order, wanted: Iterator[Step]) -> Iterator[pa.RecordBatch]:
    """The items of each step as a batch. While one is used the next is built, and the files of the one after it are fetched."""
    files = ThreadPoolExecutor(THREADS, "exemplar-files")
    fetching = ThreadPoolExecutor(THREADS, "exemplar-fetch")
    building = ThreadPoolExecutor(1, "exemplar-window")
    built: deque[Future[pa.RecordBatch]] = deque()
    try:
        step = next(wanted, None)
        while step is not None:
            built.append(building.submit(_build, source, order, step, files))
            step = next(wanted, None)
            if len(built) > 1:
                if step is not None and source.keeps:
                    for number in step.window.files:
                        fetching.submit(source.fetch, source.files[number])
                yield built.popleft().result()
        while built:
            yield built.popleft().result()
    finally:
        for pool in (building, fetching, files):
            pool.shutdown(wait=False, cancel_futures=True)


def _build(source: Source, order: Order, step: Step, pool: ThreadPoolExecutor) -> pa.RecordBatch:
    reads = [pool.submit(source.read, number, order.draw) for number in step.window.files]
    parts = [read.result() for read in reads]
    items = concatenate([(items, rows) for _, items, rows in parts])
    columns = {name: [part[0].pop(name) for part in parts] for name in list(parts[0][0])}
    return gather(source.view, columns, items.take(step.places))


def _mismatch(file: FileEntry, told: int, counts: Counts) -> DataError:
    why = f"; {counts.equalToPositive} of its negatives equal their positive" if counts.equalToPositive else ""
    return DataError(f"{file.key}: {counts.items} items, the manifest says {told}{why}")
