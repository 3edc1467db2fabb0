"""One Arrow file of the dataset: its bytes, checked against the manifest, and the columns that are asked for."""

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from .cache import FileCache
from .contract import JOINED, data_schema, situations_schema
from .errors import ConfigError, DataError
from .manifest import FileEntry
from .storage import Store

SCHEMA = data_schema()
SITUATIONS = situations_schema()


def read_file(store: Store, file: FileEntry, cache: FileCache | None = None) -> bytes:
    """Bytes of a file of the manifest. Raises DataError naming it where it is missing or its hash differs."""

    def fetch() -> bytes:
        try:
            data = store.read(file.key)
        except FileNotFoundError:
            raise DataError(f"{file.key}: named by the manifest but missing from {store.root}") from None
        if len(data) != file.bytes:
            raise DataError(f"{file.key}: {len(data)} bytes, the manifest says {file.bytes}")
        found = hashlib.sha256(data).hexdigest()
        if found != file.sha256:
            raise DataError(f"{file.key}: sha256 is {found}, the manifest says {file.sha256}")
        return data

    return fetch() if cache is None else cache.get(file.sha256, fetch)


def check_columns(columns: Sequence[str]) -> None:
    """Raises ConfigError for a name that is neither a column nor `nodes.<field>`, and for no name at all."""
    if isinstance(columns, str) or not columns:
        raise ConfigError(f"columns must be a list of at least one column, not {columns!r}")
    known = [*SCHEMA.names, *JOINED, *(f"nodes.{field.name}" for field in SCHEMA.field("nodes").type.value_type)]
    for name in columns:
        if name not in known:
            raise ConfigError(f"columns: there is no column {name!r}; the columns are {', '.join(known)}")


def join_situations(table: pa.Table, file: FileEntry, parts: Sequence[pa.Table]) -> pa.Table:
    """A data file's rows with the JOINED columns of its situations files. Raises DataError naming a situation that none of them tells of."""
    told = pa.concat_tables(parts) if parts else SITUATIONS.empty_table()
    rows = pc.index_in(table.column("situation_id"), told.column("situation_id"))
    if rows.null_count:
        stranger = table.column("situation_id").filter(rows.is_null())[0]
        raise DataError(f"{file.key}: situation {stranger} stands in no file of situations")
    for name in JOINED:
        table = table.append_column(name, told.column(name).take(rows))
    return table


def read_columns(data: bytes, file: FileEntry, columns: Sequence[str], contract: pa.Schema = SCHEMA) -> pa.Table:
    """
    The named columns as `contract` types them, however the file encodes text; `nodes.<field>` names one of the nodes' fields. A nullable
    column that an older writer did not know is null. Raises DataError naming the file.
    """
    wanted = {name.partition(".")[0]: None for name in columns}
    fields = {name.removeprefix("nodes.") for name in columns if name.startswith("nodes.")} if "nodes" not in columns else set()
    try:
        schema = pa.ipc.open_file(pa.BufferReader(data)).schema
        absent = [name for name in wanted if name not in schema.names]
        for name in absent:
            if not contract.field(name).nullable:
                raise DataError(f"{file.key}: column {name} is missing")
        options = pa.ipc.IpcReadOptions(included_fields=[schema.names.index(name) for name in wanted if name not in absent])
        table = pa.ipc.open_file(pa.BufferReader(data), options=options).read_all()
        if len(table) != file.rows:
            raise DataError(f"{file.key}: {len(table)} rows, the manifest says {file.rows}")
        arrays = []
        for name in wanted:
            if name in absent:
                arrays.append(pa.chunked_array([pa.nulls(len(table), contract.field(name).type)]))
            else:
                arrays.append(_plain(table.column(name), contract.field(name), file, fields))
    except pa.ArrowNotImplementedError as error:
        raise DataError(f"{file.key}: this pyarrow cannot read it: {_line(error)}; install a build with that codec") from error
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file.key}: not a readable Arrow file: {_line(error)}") from error
    return pa.table(arrays, names=list(wanted))


def _plain(column: pa.ChunkedArray, field: pa.Field, file: FileEntry, node_fields: set[str]) -> pa.ChunkedArray:
    """The column in its contract's type, narrowed to `node_fields` where those are named."""
    type_ = field.type
    if field.name == "nodes":
        if node_fields:
            type_ = pa.list_(pa.field("item", pa.struct([inner for inner in type_.value_type if inner.name in node_fields]), nullable=False))
        if column.type != type_:
            return pa.chunked_array([_plain_nodes(chunk, type_, file) for chunk in column.chunks], type=type_)
    if column.type == type_:
        return column
    try:
        return column.cast(type_)
    except pa.ArrowException:
        raise DataError(f"{file.key}: column {field.name} is {column.type}, which is no {type_}") from None


def _plain_nodes(lists: pa.Array, type_: pa.ListType, file: FileEntry) -> pa.Array:
    if not (pa.types.is_list(lists.type) and pa.types.is_struct(lists.type.value_type)):
        raise DataError(f"{file.key}: column nodes must be a list of structs, not {lists.type}")
    structs = lists.flatten()
    children = []
    for field in type_.value_type:
        if structs.type.get_field_index(field.name) < 0:
            raise DataError(f"{file.key}: column nodes has no field {field.name}")
        children.append(pc.struct_field(structs, field.name).cast(field.type))
    offsets = pc.subtract(lists.offsets, lists.offsets[0]) if len(lists) else pa.array([0], pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(children, fields=list(type_.value_type)), type=type_)


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
