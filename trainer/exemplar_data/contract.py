"""What the TypeScript side emits into `schemas/`: the version and columns of the data files, and the time scales."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

FOLDER = Path(__file__).parent / "schemas"


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


SCHEMA_VERSION: int = _read("data.json")["schemaVersion"]
"""Version of the columns below."""

NEWEST_SCHEMA = max(2, SCHEMA_VERSION)
"""Newest version that this reader knows. Version 2 may have dictionary-encoded columns and lz4; they are read like plain ones."""

LEVELS: tuple[str, ...] = tuple(_read("levels.json"))
"""Planning time scales, finest first."""

SPLITS = ("train", "validation", "test")
LABELS = ("positive", "negative", "equivalent", "none")
KINDS = ("state", "action")
STANCES = ("pursue", "palliate", "decline")
TASKS = ("plan", "predict")

CODES: dict[str, tuple[str, ...]] = {
    "split": SPLITS, "label": LABELS, "stance": STANCES, "task": TASKS, "level": LEVELS, "kind": KINDS,
}  # fmt: skip
"""Columns, and fields of nodes, of a fixed vocabulary; as numbers they are places in it."""

SITUATION_COLUMNS = (
    "situation_id", "situation_index", "task", "campaign", "split", "agent", "parent_id", "root_id", "revisions", "initial_state",
    "target_state", "horizon",
)  # fmt: skip
"""Columns in which all versions of a situation agree; the others tell of one version."""

JOINED = ("horizon",)
"""Columns of `situations/` that are given beside those of `data/` where they are asked for: the levels that a plan may use, finest first, as `hours/days`."""


def _type(column: dict[str, Any]) -> pa.DataType:
    if column["type"] == "list":
        return pa.list_(_field(column["item"]))
    if column["type"] == "struct":
        return pa.struct([_field(inner) for inner in column["fields"]])
    if column["type"] == "dictionary":
        return _type({"type": "utf8"})
    return pa.type_for_alias({"utf8": "string"}.get(column["type"], column["type"]))


def _field(column: dict[str, Any]) -> pa.Field:
    return pa.field(column["name"], _type(column), column["nullable"])


def data_schema() -> pa.Schema:
    """Columns of a data file as this package gives them: text is utf8, however a file encodes it."""
    return _schema("data.json")


def situations_schema() -> pa.Schema:
    """Columns of a situations file, likewise."""
    return _schema("situations.json")


def _schema(name: str) -> pa.Schema:
    return pa.schema([_field(column) for column in _read(name)["columns"]])
