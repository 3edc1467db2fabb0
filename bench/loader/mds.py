"""Writes the rows of the bench's Arrow files as MDS shards: `python bench/loader/mds.py DATASET OUT`."""

import json
import sys
from pathlib import Path

import pyarrow as pa
from streaming import MDSWriter

TYPES = {"string": "str", "int32": "int32", "double": "float64", "bool": "int8"}


def main(dataset: Path, out: Path) -> None:
    manifest = json.loads((dataset / "manifest" / "000001.json").read_text())
    keys = [file["key"] for page in manifest["pages"] for file in page["files"]]
    schema = pa.ipc.open_file(dataset / keys[0]).schema
    columns = {field.name: TYPES.get(str(field.type), "json") for field in schema}
    with MDSWriter(out=str(out), columns=columns, compression="zstd") as writer:
        for key in keys:
            for row in pa.ipc.open_file(dataset / key).read_all().to_pylist():
                # MDS has no nulls: an empty text and 0 stand for them
                writer.write({name: ("" if columns[name] == "str" else 0) if value is None else value for name, value in row.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
