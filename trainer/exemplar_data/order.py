"""
The order of an epoch: a pure function of (seed, epoch, files of the generation), computed anywhere in it without what came before.

Files are permuted and cut into windows of a few files each; the items of a window are permuted among themselves. So a file is read in one
window alone, whatever the cache holds, and a batch mixes the files of its window. An epoch's first window has 2 files, so that its first batch
need not wait for many, and the next 8, so that it is ready when the first is used up.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

FIRST_WINDOW = 2
GROWTH = 4
WINDOW_FILES = 16
WINDOW_BYTES = 64 << 20

Seed = tuple[int, ...]
FILES, WINDOW, NEGATIVES = 0, 1, 2
"""What is drawn: third number of a seed, behind (seed, epoch)."""


@dataclass(frozen=True)
class Window:
    """Positions `first` (inclusive) to `last` (exclusive) of an epoch, and the files that their items are in, in reading order."""

    number: int
    first: int
    last: int
    files: tuple[int, ...]


class Order:
    """
    items, bytes_: int64 [F], items and stored bytes of each file. A window holds at most `window_files` files and, beyond its first file,
    `window_bytes` stored bytes. Where `shuffle` is false, files and items come as the manifest has them.
    """

    def __init__(
        self, items: np.ndarray, bytes_: np.ndarray, *, seed: int, epoch: int, shuffle: bool, window_files: int, window_bytes: int
    ) -> None:
        self._items = items
        self._seed = (seed, epoch)
        self._shuffle = shuffle
        self.draw = (seed, epoch, NEGATIVES) if shuffle else None
        files = _permutation(len(items), (*self._seed, FILES, 0)) if shuffle else np.arange(len(items))
        self.windows: list[Window] = []
        held, held_bytes, most, first = [], 0, min(FIRST_WINDOW, window_files), 0
        for file in files[items[files] > 0].tolist():
            if held and (len(held) == most or held_bytes + bytes_[file] > window_bytes):
                first = self._close(held, first)
                held, held_bytes, most = [], 0, min(GROWTH * most, window_files)
            held.append(file)
            held_bytes += int(bytes_[file])
        if held:
            first = self._close(held, first)
        self.total = first

    def _close(self, files: list[int], first: int) -> int:
        last = first + int(self._items[files].sum())
        self.windows.append(Window(len(self.windows), first, last, tuple(files)))
        return last

    def windows_from(self, position: int) -> Iterator[Window]:
        """Windows that hold `position` and later ones."""
        return (window for window in self.windows if window.last > position)

    def places(self, window: Window) -> np.ndarray:
        """int64 [last - first]: at each position the place of its item among those of the window's files, one file after the other."""
        count = window.last - window.first
        return _permutation(count, (*self._seed, WINDOW, window.number)) if self._shuffle else np.arange(count)


def _permutation(count: int, seed: Seed) -> np.ndarray:
    return np.argsort(random_keys(count, seed), kind="stable")


def random_keys(count: int, seed: Seed) -> np.ndarray:
    """
    uint64 [count]. Raw bits of Philox, whose stream is the same in every version of numpy; that of its `permutation` is not promised to be,
    and a run may be resumed after an upgrade.
    """
    return np.random.Philox(np.random.SeedSequence(seed)).random_raw(count)
