"""Prints the rows of a Parquet file as pyarrow and as DuckDB read them, and pyarrow's types and nullability of its columns, as JSON."""

import json
import sys

import duckdb
import pyarrow.parquet as pq

table = pq.read_table(sys.argv[1])
table.validate(full=True)
found = duckdb.sql(f"select * from '{sys.argv[1]}'")
json.dump(
    {
        "pyarrow": table.to_pylist(),
        "duckdb": [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()],
        "columns": [[field.name, str(field.type), field.nullable] for field in table.schema],
        "groups": pq.ParquetFile(sys.argv[1]).num_row_groups,
    },
    sys.stdout,
)
