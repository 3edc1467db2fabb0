"""Writes the Parquet files beside this script from situations.json, as users' pipelines would: python write_parquet.py"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent

parent = pa.struct([("situation", pa.string()), ("node", pa.string())])
world = pa.struct([("name", pa.string()), ("seed", pa.int64())])
texts = [(name, pa.string()) for name in ("task", "agent", "initial", "target")]
lists = pa.schema([*texts, ("horizon", pa.list_(pa.string())), ("parent", parent), ("world", world)])

rows = json.loads((HERE / "situations.json").read_text())["situations"]


def levels(row: dict) -> list[str]:
    return row["horizon"].split("/") if isinstance(row["horizon"], str) else row["horizon"]


table = pa.Table.from_pylist([{**row, "horizon": levels(row)} for row in rows], schema=lists)
for codec in ("zstd", "snappy", "gzip", "lz4"):
    pq.write_table(table, HERE / f"lists-{codec}.parquet", compression=codec, row_group_size=2)

# horizon as one text, columns that no row fills left out, texts by dictionary
flat = pa.Table.from_pylist([{**row, "horizon": "/".join(levels(row))} for row in rows[:2]], schema=pa.schema([*texts, ("horizon", pa.string())]))
pq.write_table(flat, HERE / "flat.parquet", use_dictionary=True, data_page_version="2.0")

wrong = [{**row, "horizon": "hours/months"} if i == 1 else {**row, "horizon": "/".join(levels(row))} for i, row in enumerate(rows)]
pq.write_table(pa.Table.from_pylist(wrong, schema=pa.schema([*texts, ("horizon", pa.string())])), HERE / "wrong-horizon.parquet")

# Latin-1 in the second row: in a column of bytes, and in one that is marked as text
latin = [row["initial"].encode() if i != 1 else "Im M\u00fchlkeller steht Wasser.".encode("latin-1") for i, row in enumerate(rows)]
for name, column in (("latin-bytes", pa.array(latin)), ("latin-text", pa.array(latin).view(pa.string()))):
    table = pa.Table.from_pylist([{**row, "horizon": "/".join(levels(row))} for row in rows], schema=pa.schema([*texts, ("horizon", pa.string())]))
    pq.write_table(table.set_column(table.schema.get_field_index("initial"), "initial", column), HERE / f"{name}.parquet", use_dictionary=name == "latin-text")

# a few kilobytes that unpack to more than 256 MB
unfolding = pa.table({"agent": ["tester"], "horizon": ["hours/days"], "initial": ["a" * ((256 << 20) + 1)]})
pq.write_table(unfolding, HERE / "unfolding.parquet", compression="zstd", use_dictionary=False, write_statistics=False)
