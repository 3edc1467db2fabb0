"""One Arrow file of the dataset, decoded column by column."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .contract import LEVELS
from .errors import DataError
from .manifest import FileEntry
from .tokens import KINDS, NO_TEXT, STANCES, TASKS, Nodes, PlanTokens, TextTable, encode_plan

COLUMNS = (
    "situation_id", "root_id", "split", "task", "agent", "label", "stance", "initial_state", "target_state", "plan_text", "nodes",
)
NODE_FIELDS = ("id", "kind", "level", "parent", "order", "text", "success", "duration_s", "moral_cost")


@dataclass(frozen=True)
class Version:
    """
    One labelled row. `initial`, `target` (NO_TEXT where open-ended) and `agent` index the dataset's texts.
    `cut`: nodes left out because the plan is longer than MAX_NODES.
    """

    situation: str
    root: str
    label: str
    plan_text: str
    initial: int
    target: int
    agent: int
    task: int
    plan: PlanTokens
    cut: int


def read_versions(data: bytes, file: FileEntry, texts: TextTable) -> Iterator[Version]:
    """Positives and negatives of a data file, in its order. Raises DataError naming the file, and the row where one is at fault."""
    table = _columns(data, file)
    rows = table.select([name for name in COLUMNS if name != "nodes"]).to_pylist()
    nodes = _NodeColumns(table.column("nodes"), file, texts)
    for number, row in enumerate(rows):
        if row["split"] != file.split:
            raise DataError(f"{file.key}: row {number} is of split {row['split']}, the file of split {file.split}")
        if row["label"] not in ("positive", "negative"):
            continue
        try:
            at = nodes.of(number)
            plan = encode_plan(STANCES.index(row["stance"]), at)
            task = TASKS.index(row["task"])
        except ValueError as error:
            raise DataError(f"{file.key}: row {number}: {error}") from error
        target = NO_TEXT if row["target_state"] is None else texts.add(row["target_state"])
        yield Version(
            row["situation_id"], row["root_id"], row["label"], row["plan_text"],
            texts.add(row["initial_state"]), target, texts.add(row["agent"]), task, plan, len(at.ids) - len(plan),
        )  # fmt: skip


def _columns(data: bytes, file: FileEntry) -> pa.Table:
    try:
        schema = pa.ipc.open_file(pa.BufferReader(data)).schema
        for name in COLUMNS:
            if name not in schema.names:
                raise DataError(f"{file.key}: column {name} is missing")
        wanted = pa.ipc.IpcReadOptions(included_fields=[schema.names.index(name) for name in COLUMNS])
        table = pa.ipc.open_file(pa.BufferReader(data), options=wanted).read_all()
    except pa.ArrowException as error:
        raise DataError(f"{file.key}: not a readable Arrow file: {str(error).splitlines()[0]}") from error
    if len(table) != file.rows:
        raise DataError(f"{file.key}: {len(table)} rows, the manifest says {file.rows}")
    return table


class _NodeColumns:
    """The `nodes` column flattened: far faster than a Python object for each node."""

    def __init__(self, column: pa.ChunkedArray, file: FileEntry, texts: TextTable) -> None:
        lists = column.combine_chunks()
        if not (pa.types.is_list(lists.type) and pa.types.is_struct(lists.type.value_type)):
            raise DataError(f"{file.key}: column nodes must be a list of structs, not {lists.type}")
        structs = pc.list_flatten(lists)
        for name in NODE_FIELDS:
            if structs.type.get_field_index(name) < 0:
                raise DataError(f"{file.key}: column nodes has no field {name}")
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
