"""
What other programs read from Arrow files, as JSON, int64 values as strings.

foreign_readers.py ROOT TABLES   ROOT: a folder, or s3://bucket/prefix on the server at AWS_ENDPOINT_URL
                                 TABLES: {"<table>": [file below ROOT, ...]} as JSON
prints {"<reader>": {"<table>": [row, ...]}}
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

# offline, datasets refuses S3 too
os.environ["HF_HUB_OFFLINE"] = "0" if sys.argv[1].startswith("s3://") else "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import datasets
import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset
from pyarrow import fs

Rows = list[dict[str, Any]]
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "")
KEY, SECRET = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")

datasets.disable_progress_bars()


def filesystem(paths: list[str]) -> tuple[fs.FileSystem, list[str]]:
    if not paths[0].startswith("s3://"):
        return fs.LocalFileSystem(), paths
    s3 = fs.S3FileSystem(endpoint_override=ENDPOINT, region="us-east-1", access_key=KEY, secret_key=SECRET)
    return s3, [path.removeprefix("s3://") for path in paths]


def arrow_table(paths: list[str]) -> pa.Table:
    files, names = filesystem(paths)
    table = pa.concat_tables(pa.ipc.open_file(files.open_input_file(name)).read_all() for name in names)
    table.validate(full=True)
    return table


def by_pyarrow(paths: list[str]) -> Rows:
    return arrow_table(paths).to_pylist()


def by_pyarrow_dataset(paths: list[str]) -> Rows:
    files, names = filesystem(paths)
    return pa.dataset.dataset(names, format="ipc", filesystem=files).to_table().to_pylist()


def by_polars(paths: list[str]) -> Rows:
    if not paths[0].startswith("s3://"):
        return polars.read_ipc(paths).to_dicts()
    options = {
        "aws_endpoint_url": ENDPOINT, "aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "aws_region": "us-east-1", "aws_allow_http": "true",
    }  # fmt: skip
    return polars.scan_ipc(paths, storage_options=options).collect().to_dicts()


def by_duckdb(paths: list[str]) -> Rows:
    shards = arrow_table(paths)  # noqa: F841 (DuckDB finds it by its name)
    found = duckdb.sql("select * from shards")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def by_datasets(streaming: bool) -> Callable[[list[str]], Rows]:
    def read(paths: list[str]) -> Rows:
        s3 = {"key": KEY, "secret": SECRET, "client_kwargs": {"endpoint_url": ENDPOINT, "region_name": "us-east-1"}}
        options = {"storage_options": s3} if paths[0].startswith("s3://") else {}
        with tempfile.TemporaryDirectory() as cache:
            return list(datasets.load_dataset("arrow", data_files=paths, split="train", streaming=streaming, cache_dir=cache, **options))

    return read


READERS: dict[str, Callable[[list[str]], Rows]] = {
    "pyarrow": by_pyarrow,
    "pyarrow dataset": by_pyarrow_dataset,
    "polars": by_polars,
    "DuckDB": by_duckdb,
    "datasets": by_datasets(streaming=False),
    "datasets, streaming": by_datasets(streaming=True),
}


def main(root: str, tables: str) -> None:
    wide = {"nano_usd"}
    found = {
        reader: {
            table: [{k: str(v) if k in wide and v is not None else v for k, v in row.items()} for row in read([f"{root}/{file}" for file in files])]
            for table, files in json.loads(tables).items()
        }
        for reader, read in READERS.items()
    }
    json.dump(found, sys.stdout)


main(*sys.argv[1:])
