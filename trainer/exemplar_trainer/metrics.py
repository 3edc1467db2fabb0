"""What a run reports of its steps: an Arrow file beside each checkpoint, and TensorBoard's event files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from tensorboardX import SummaryWriter

from exemplar_data.storage import Store

LOSSES = ("final", "draft", "posterior", "telling", "untold", "balance", "link", "contrast", "maximize", "sleep")
SCHEMA = pa.schema(
    [
        pa.field("step", pa.int64(), nullable=False),
        pa.field("loss", pa.float64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in LOSSES),
        pa.field("balance_smoothed", pa.float64()),
        pa.field("learning_rate", pa.float64(), nullable=False),
        pa.field("tokens_per_s", pa.float64(), nullable=False),
    ]
)
"""A row a step: the loss, its parts with their weights (null where the step was of another kind), nats; balance_smoothed: nats squared."""
FILE = "metrics.arrow"


class Metrics:
    """
    folder: of TensorBoard's event files, none are written where None. first: the step that comes next; events of later ones, which a killed
    process wrote, are purged.
    """

    def __init__(self, folder: Path | None, first: int) -> None:
        self._rows: list[dict[str, Any]] = []
        self._writer = None if folder is None else SummaryWriter(str(folder), purge_step=first)

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if self._writer is not None:
            for name, value in row.items():
                if name != "step" and value is not None:
                    self._writer.add_scalar(f"train/{name}", value, row["step"])

    def evaluated(self, found: dict[str, Any]) -> None:
        if self._writer is not None:
            for name, value in found.items():
                if name != "step" and value is not None:
                    self._writer.add_scalar(f"validation/{name}", float(value), found["step"])

    def put(self, store: Store, folder: str) -> None:
        """Writes the rows since the last one as `<folder>/metrics.arrow`; those of all checkpoints together are the whole run's."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, SCHEMA) as file:
            file.write_table(pa.Table.from_pylist(self._rows, SCHEMA))
        store.write(f"{folder}/{FILE}", sink.getvalue().to_pybytes())
        self._rows = []
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
