"""Who of several ranks and worker processes reads which positions of an epoch."""

import os
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .errors import ConfigError

Ends = Literal["ragged", "drop", "pad"]
ENDS = ("ragged", "drop", "pad")


@dataclass(frozen=True)
class Share:
    """
    From where an epoch began or was resumed, ranks take positions in turn, one each; and a rank's workers take its batches of `batch`
    items in turn. So what a rank sees does not depend on the number of workers, nor what all see together on the number of ranks.
    """

    rank: int = 0
    ranks: int = 1
    worker: int = 0
    workers: int = 1
    batch: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.ranks:
            raise ConfigError(f"rank must be 0 to {self.ranks - 1} where world_size is {self.ranks}, not {self.rank}")

    def end(self, base: int, total: int, ends: Ends) -> int:
        """
        Where reading ends that began at `base`. `ragged`: at `total`, and ranks may differ by an item; `drop`: before the last incomplete
        batch of all ranks; `pad`: behind it, positions from `total` on repeating the epoch's first ones.
        """
        rest, step = total - base, self.ranks * self.batch
        if ends == "drop":
            return base + rest // step * step
        if ends == "pad":
            return base + -(-rest // step) * step
        return total

    def positions(self, first: int, last: int, base: int) -> np.ndarray:
        """int64 [n]: this share of the positions from `first` (inclusive) to `last` (exclusive), ascending."""
        start = first + (base + self.rank - first) % self.ranks
        mine = np.arange(start, last, self.ranks, dtype=np.int64)
        if self.workers == 1:
            return mine
        return mine[(mine - base) // self.ranks // self.batch % self.workers == self.worker]

    def count(self, base: int, end: int) -> int:
        """How many positions `positions(base, end, base)` has."""
        batches, rest = divmod(max(0, -(-(end - base - self.rank) // self.ranks)), self.batch)
        whole = -(-(batches - self.worker) // self.workers)
        return whole * self.batch + (rest if batches % self.workers == self.worker else 0)


def rank_from_environment() -> tuple[int, int]:
    """(RANK, WORLD_SIZE) as torchrun sets them; (0, 1) where it did not."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return 0, 1
    try:
        return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except ValueError:
        raise ConfigError("RANK and WORLD_SIZE in the environment must be integers") from None
