"""One Arrow file of the dataset, decoded column by column."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exemplar_data.contract import KINDS, LEVELS, STANCES, TASKS
from exemplar_data.manifest import FileEntry

from .errors import DataError
from .tokens import NO_TEXT, Nodes, PlanTokens, TextTable, encode_plan

COLUMNS = (
    "situation_id", "root_id", "split", "task", "agent", "label", "stance", "initial_state", "target_state", "plan_text", "nodes",
)


class Versions:
    """The rows of a data file as plans; `texts` takes theirs."""

    def __init__(self, table: pa.Table, file: FileEntry, texts: TextTable) -> None:
        self._rows = table.select([name for name in COLUMNS if name != "nodes"]).to_pylist()
        self._file = file
        self._texts = texts
        for number, row in enumerate(self._rows):
            if row["split"] != file.split:
                raise DataError(f"{file.key}: row {number} is of split {row['split']}, the file of split {file.split}")
        self.roots = {row["root_id"] for row in self._rows}
        self._nodes = _NodeColumns(table.column("nodes"), file, texts)

    def situation(self, row: int) -> str:
        return self._rows[row]["situation_id"]

    def root(self, row: int) -> str:
        return self._rows[row]["root_id"]

    def plan(self, row: int) -> tuple[PlanTokens, int]:
        """The plan, and how many of its nodes were left out because it is longer than MAX_NODES. Raises DataError naming file and row."""
        try:
            nodes = self._nodes.of(row)
            plan = encode_plan(STANCES.index(self._rows[row]["stance"]), nodes)
        except ValueError as error:
            raise DataError(f"{self._file.key}: row {row}: {error}") from error
        return plan, len(nodes.ids) - len(plan)

    def condition(self, row: int) -> tuple[int, int, int, int]:
        """Text indexes of initial state, target (NO_TEXT where open-ended) and agent; task."""
        found = self._rows[row]
        target = NO_TEXT if found["target_state"] is None else self._texts.add(found["target_state"])
        return self._texts.add(found["initial_state"]), target, self._texts.add(found["agent"]), TASKS.index(found["task"])


class _NodeColumns:
    """The `nodes` column flattened: far faster than a Python object for each node."""

    def __init__(self, column: pa.ChunkedArray, file: FileEntry, texts: TextTable) -> None:
        lists = column.combine_chunks()
        structs = pc.list_flatten(lists)
        self._ends = np.concatenate([[0], np.cumsum(pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False))])
        field = lambda name: pc.struct_field(structs, name)  # noqa: E731
        self._ids, self._parents = field("id").to_pylist(), field("parent").to_pylist()
        self._kinds = _codes(field("kind"), KINDS, "kind", file)
        self._levels = _codes(field("level"), LEVELS, "level", file)
        self._orders = field("order").to_numpy(zero_copy_only=False)
        self._numbers = [
            field(name).cast(pa.float64()).to_numpy(zero_copy_only=False) for name in ("duration_s", "success", "moral_cost")
        ]
        encoded = field("text").dictionary_encode()
        places = np.array([texts.add(text) for text in encoded.dictionary.to_pylist()], dtype=np.int32)
        self._texts = places[encoded.indices.to_numpy(zero_copy_only=False)] if len(encoded) else np.zeros(0, np.int32)

    def of(self, row: int) -> Nodes:
        part = slice(int(self._ends[row]), int(self._ends[row + 1]))
        columns = (self._kinds, self._levels, self._orders, *self._numbers, self._texts)
        return Nodes(self._ids[part], self._parents[part], *(column[part] for column in columns))


def _codes(column: pa.Array, allowed: tuple[str, ...], name: str, file: FileEntry) -> np.ndarray:
    codes = pc.index_in(column, pa.array(allowed, column.type))
    if codes.null_count:
        wrong = column.filter(codes.is_null())[0].as_py()
        raise DataError(f"{file.key}: a node's {name} is {wrong!r}; allowed are {', '.join(allowed)}")
    return codes.to_numpy(zero_copy_only=False)
