"""Reads Arrow files with pyarrow, as another implementation's view of what the writer wrote.

read_arrow.py FILE [REWRITTEN]   prints {"columns": [[name, type, nullable]], "metadata": {...}, "batches": n, "rows": [...]} as JSON, int64 values
as strings. With REWRITTEN, also writes the same table there with pyarrow and zstd.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa


def main(path, rewritten=None):
    with pa.OSFile(path) as file:
        reader = pa.ipc.open_file(file)
        batches = reader.num_record_batches
        table = reader.read_all()
    table.validate(full=True)
    sequential = pa.BufferReader(Path(path).read_bytes()[8:])
    if not pa.ipc.open_stream(sequential).read_all().equals(table):
        raise SystemExit("the file's stream part differs from what its footer points to")
    if rewritten is not None:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.OSFile(rewritten, "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table)
    wide = [field.name for field in table.schema if field.type == pa.int64()]
    rows = [{k: str(v) if k in wide and v is not None else v for k, v in row.items()} for row in table.to_pylist()]
    metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    columns = [[field.name, str(field.type), field.nullable] for field in table.schema]
    json.dump({"columns": columns, "metadata": metadata, "batches": batches, "rows": rows}, sys.stdout)


main(*sys.argv[1:])
