"""Items as Arrow batches: the rows that they are made of, gathered column by column."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from .contract import SITUATION_COLUMNS
from .errors import ConfigError
from .items import Items, View
from .shard import SCHEMA


def gather(view: View, columns: dict[str, list[pa.ChunkedArray]], items: Items) -> pa.RecordBatch:
    """
    The items as one batch. `columns`: each column of the items' files, in their order; it is emptied on the way, so that no more than one
    column is held twice.

    versions: the columns. groups: those of the situation, `positive` a struct of the others, `negatives` a list of such structs.
    preference: structs `prompt` (of the situation), `chosen` and `rejected`.
    """
    whole = _drain(columns)
    if view == "versions":
        arrays = {name: _take(array, items.rows) for name, array in whole}
        return _batch(arrays, len(items))
    shared: dict[str, pa.Array] = {}
    positive: dict[str, pa.Array] = {}
    negative: dict[str, pa.Array] = {}
    for name, array in whole:
        if name in SITUATION_COLUMNS:
            shared[name] = _take(array, items.rows)
        else:
            positive[name], negative[name] = _take(array, items.rows), _take(array, items.negatives)
    if view == "preference":
        sides = {"prompt": shared, "chosen": positive, "rejected": negative}
        return _batch({name: _struct(arrays, len(items)) for name, arrays in sides.items()}, len(items))
    negatives = pa.ListArray.from_arrays(pa.array(items.ends, pa.int32()), _struct(negative, len(items.negatives)))
    return _batch({**shared, "positive": _struct(positive, len(items)), "negatives": negatives}, len(items))


def _drain(columns: dict[str, list[pa.ChunkedArray]]) -> Iterator[tuple[str, pa.Array]]:
    for name in list(columns):
        chunks = [chunk for column in columns.pop(name) for chunk in column.chunks]
        try:
            whole = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
        except pa.ArrowInvalid as error:
            raise ConfigError(f"column {name} of a window is too large for one array: lower window_files or window_bytes ({error})") from error
        yield name, whole


def _take(array: pa.Array, rows: np.ndarray) -> pa.Array:
    return array.take(pa.array(rows))


def _struct(arrays: dict[str, pa.Array], count: int) -> pa.StructArray:
    if not arrays:
        return pa.array([{}] * count, pa.struct([]))
    return pa.StructArray.from_arrays(list(arrays.values()), fields=_fields(arrays))


def _batch(arrays: dict[str, pa.Array], count: int) -> pa.RecordBatch:
    if not arrays:
        return pa.RecordBatch.from_struct_array(_struct({}, count))
    return pa.RecordBatch.from_arrays(list(arrays.values()), schema=pa.schema(_fields(arrays)))


def _fields(arrays: dict[str, pa.Array]) -> list[pa.Field]:
    return [pa.field(name, array.type, name in SCHEMA.names and SCHEMA.field(name).nullable) for name, array in arrays.items()]
