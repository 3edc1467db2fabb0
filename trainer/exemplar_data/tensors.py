"""Arrow batches as flat numpy arrays, without a Python object a row."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .contract import CODES
from .errors import DataError


def to_numpy(batch: pa.RecordBatch) -> dict[str, np.ndarray]:
    """
    Arrays by dotted name, such as `negatives.nodes.text.bytes`. What is in a list or struct is flattened.

    Numbers and truths: as they are, a null being NaN in floats and -1 in integers. Text of a fixed vocabulary (contract.CODES): int8 places in
    it. Other text: `<name>.bytes` uint8 in UTF-8, and `<name>.offsets` int64 [n + 1]; a null is empty, and `<name>.null` bool [n] marks
    it where the column may be null. Lists: `<name>.offsets` int64 [n + 1] into the flattened ones.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        _flatten(name, column, batch.schema.field(name).nullable, arrays)
    return arrays


def _flatten(name: str, array: pa.Array, nullable: bool, into: dict[str, np.ndarray]) -> None:
    type_ = array.type
    if pa.types.is_struct(type_):
        for field, child in zip(type_, array.flatten(), strict=True):
            _flatten(f"{name}.{field.name}", child, field.nullable, into)
    elif pa.types.is_list(type_):
        into[f"{name}.offsets"] = _offsets(array)
        values = array.flatten()
        if pa.types.is_struct(type_.value_type):
            _flatten(name, values, False, into)
        else:
            _flatten(f"{name}.item", values, type_.value_field.nullable, into)
    elif pa.types.is_string(type_):
        _flatten_text(name, array, nullable, into)
    elif pa.types.is_integer(type_) and array.null_count:
        into[name] = array.fill_null(-1).to_numpy()
    else:
        into[name] = array.to_numpy(zero_copy_only=False)


def _flatten_text(name: str, array: pa.StringArray, nullable: bool, into: dict[str, np.ndarray]) -> None:
    vocabulary = CODES.get(name.rpartition(".")[2])
    if vocabulary:
        codes = pc.index_in(array, pa.array(vocabulary))
        if codes.null_count:
            raise DataError(f"column {name} holds {array.filter(codes.is_null())[0]}; allowed are {', '.join(vocabulary)}")
        into[name] = codes.to_numpy().astype(np.int8)
        return
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[array.offset : array.offset + len(array) + 1] if len(array) else np.zeros(1, np.int32)
    data = array.buffers()[2]
    bytes_ = np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]] if data is not None and data.size else np.zeros(0, np.uint8)
    into[f"{name}.bytes"] = bytes_
    into[f"{name}.offsets"] = (offsets - offsets[0]).astype(np.int64)
    if nullable:
        into[f"{name}.null"] = array.is_null().to_numpy(zero_copy_only=False)


def _offsets(array: pa.ListArray) -> np.ndarray:
    if not len(array):
        return np.zeros(1, np.int64)
    offsets = array.offsets.to_numpy()
    return (offsets - offsets[0]).astype(np.int64)
