"""What the TypeScript side emits into `schemas/`: the version and columns of the data files, and the time scales."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "schemas"


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


SCHEMA_VERSION: int = _read("data.json")["schemaVersion"]
"""Newest version of the columns that this reader knows."""

LEVELS: tuple[str, ...] = tuple(_read("levels.json"))
"""Planning time scales, finest first."""

DATA_COLUMNS: list[dict[str, Any]] = _read("data.json")["columns"]
"""Columns of a data file: {name, type, nullable}, with `item` for lists and `fields` for structs."""
