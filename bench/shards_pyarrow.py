"""
pyarrow's side of bench/shards.js: holds the rows of ROWS as Python objects, and writes them once for each codec that comes as a line of stdin.

shards_pyarrow.py ROWS SCHEMA ROWS_PER_BATCH   answers each line with {"wallS": s, "cpuS": s, "bytes": n} as a line of JSON
"""

import json
import sys
import time
from pathlib import Path

import pyarrow as pa

CODECS = {"zstd": pa.Codec("zstd", 3), "lz4": pa.Codec("lz4"), "none": None}


def main(rows_file: str, schema_file: str, rows_per_batch: str) -> None:
    rows = json.loads(Path(rows_file).read_text("utf-8"))
    schema = pa.ipc.open_file(schema_file).schema
    print(json.dumps({"version": pa.__version__}), flush=True)
    for line in sys.stdin:
        options = pa.ipc.IpcWriteOptions(compression=CODECS[line.strip()])
        began, cpu = time.perf_counter(), time.process_time()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, schema, options=options) as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema), max_chunksize=int(rows_per_batch))
        wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        print(json.dumps({"wallS": wall_s, "cpuS": cpu_s, "bytes": sink.getvalue().size}), flush=True)


main(*sys.argv[1:])
