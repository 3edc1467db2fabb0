"""The dataset for PyTorch: DataLoader, StatefulDataLoader, torchrun. Nothing else of this package imports torch."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import torch
import torch.distributed
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from .dataset import FORMATS, ExemplarDataset, Format, at_least, one_of
from .errors import ConfigError
from .tensors import to_numpy


def to_torch(batch: pa.RecordBatch) -> dict[str, torch.Tensor]:
    """The arrays of `to_numpy` as tensors that own their memory."""
    return {name: torch.from_numpy(array.copy()) for name, array in to_numpy(batch).items()}


class Batches(IterableDataset):
    """
    The batches of a dataset, for `DataLoader(Batches(dataset, 32), batch_size=None, num_workers=4)`; items where batch_size is None. Workers
    take batches in turn, so the loader gives the same ones in the same order whatever their number. Call `set_epoch` before each epoch, as with
    a DistributedSampler: processes that a DataLoader starts anew know nothing of what earlier ones read.

    `state_dict` is what a StatefulDataLoader asks for, in each worker.
    """

    def __init__(self, dataset: ExemplarDataset, batch_size: int | None, format: Format = "python") -> None:
        if batch_size is not None:
            at_least("batch_size", batch_size, 1)
        one_of("format", format, FORMATS)
        if batch_size is None and format != "python":
            raise ConfigError(f"format {format} needs a batch_size")
        self.dataset, self.batch_size, self.format = dataset, batch_size, format
        # Persistent workers see what the main process sets only through shared memory: [changes, epoch, index, generation].
        self._cursor = torch.zeros(4, dtype=torch.int64).share_memory_()
        self._seen = 0

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        changes, *place = self._cursor.tolist()
        if changes != self._seen:
            self._seen = changes
            self.dataset.go_to(*place)
        if self.batch_size is None:
            return self.dataset.items(worker, workers)
        batches = self.dataset.batches(self.batch_size, self.format, worker=worker, workers=workers)
        return map(_compact, batches) if info is not None and self.format == "arrow" else batches

    def set_epoch(self, epoch: int) -> None:
        self.dataset.set_epoch(epoch)
        self.publish()

    def publish(self) -> None:
        """Lets workers, those that run included, begin their next iteration where the dataset is in this process."""
        self._seen += 1
        self._cursor.copy_(torch.tensor([self._seen, *self.dataset.place()]))

    def state_dict(self) -> dict[str, Any]:
        return self.dataset.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.dataset.load_state_dict(state)


class Loader:
    """
    A DataLoader that keeps the place: `state_dict` counts what the training loop was given, not what workers have read ahead, and may be
    loaded under another number of ranks and workers. Each iteration is one epoch. Further arguments are DataLoader's. Where there is a default
    process group, rank and world size come from it, and all ranks read the generation that rank 0 found, also with `follow`.
    """

    def __init__(self, dataset: ExemplarDataset, batch_size: int, format: Format = "torch", *, num_workers: int = 0, **arguments: Any) -> None:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            dataset.rank, dataset.world_size = torch.distributed.get_rank(), torch.distributed.get_world_size()
            dataset.agree = _of_rank_zero
            agreed = _of_rank_zero(dataset.generation)  # a generation may be sealed between two ranks' opening
            if agreed != dataset.generation:
                dataset.go_to(0, 0, agreed)
        self.dataset = dataset
        self._size = batch_size
        self._batches = Batches(dataset, batch_size, format)
        self._loader = DataLoader(self._batches, batch_size=None, num_workers=num_workers, collate_fn=_as_it_is, **arguments)

    def __len__(self) -> int:
        """Batches of this rank in an epoch that is read from its start."""
        return -(-self.dataset.per_rank(self._size) // self._size)

    def __iter__(self) -> Iterator[Any]:
        if self._loader.num_workers == 0:
            yield from self._batches
            return
        self.dataset.begin(self._size)
        self._batches.publish()
        for batch in self._loader:
            self.dataset.advance(self._size)
            yield batch
        self.dataset.finish()

    def state_dict(self) -> dict[str, Any]:
        return self.dataset.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes a state of any Loader, ExemplarDataset or StatefulDataLoader of the same order."""
        self.dataset.load_state_dict(state)


def _compact(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A copy that holds its own rows alone: what is pickled for another process is all that a slice is cut from."""
    return batch.take(pa.array(range(len(batch))))


def _as_it_is(batch: Any) -> Any:
    return batch


def _of_rank_zero(generation: int) -> int:
    agreed = [generation]
    torch.distributed.broadcast_object_list(agreed, src=0)
    return agreed[0]
