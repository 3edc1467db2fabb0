"""Exported folders, read by those that they are for: pyarrow, DuckDB, Hugging Face datasets."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest
from datasets import Dataset, disable_progress_bars, load_dataset
from exports import VIEWS, export

SPLITS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def _quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    disable_progress_bars()


def load(folder: Path, cache: Path, **options: Any) -> Any:
    return load_dataset(str(folder), cache_dir=str(cache), **options)


@pytest.mark.parametrize("view", VIEWS)
def test_all_formats_say_the_same_to_all_readers(view: str, tmp_path: Path) -> None:
    style = () if view in ("stepwise", "unpaired") else ("--style", "conversational")
    said = {kind: export(tmp_path / kind, view, "--format", kind, *style) for kind in ("arrow", "parquet", "jsonl")}
    arrow = {file["split"]: pa.ipc.open_file(tmp_path / "arrow" / file["path"]).read_all() for file in said["arrow"]["files"]}
    for split in SPLITS:
        expected = arrow[split].to_pylist()
        assert len(expected) == said["arrow"]["rows"]["splits"][split] > 0
        name = f"{split}-00000-of-00001"

        parquet = tmp_path / "parquet" / "data" / f"{name}.parquet"
        table = pa.parquet.read_table(parquet)
        table.validate(full=True)
        assert table.to_pylist() == expected
        assert [_plain(field.type) for field in table.schema] == [_plain(field.type) for field in arrow[split].schema]
        assert [field.nullable for field in table.schema] == [field.nullable for field in arrow[split].schema]
        found = duckdb.sql(f"select * from '{parquet}'")
        assert [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()] == expected

        lines = (tmp_path / "jsonl" / "data" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
        assert [json.loads(line) for line in lines if line] == expected

    loaded = {kind: load(tmp_path / kind, tmp_path / "cache") for kind in said}
    for kind, splits in loaded.items():
        assert list(splits) == list(SPLITS), kind
        for split in SPLITS:
            assert splits[split].to_list() == arrow[split].to_pylist(), (kind, split)
            assert splits[split].features == loaded["arrow"][split].features, kind
            assert splits[split].features == Dataset(arrow[split]).features, kind


@pytest.mark.parametrize("kind", ["arrow", "parquet", "jsonl"])
def test_a_split_without_rows_is_left_to_those_who_can_read_it(kind: str, tmp_path: Path) -> None:
    most = min(_lengths(tmp_path, "validation"))
    said = export(tmp_path / kind, "sft", "--format", kind, "--max-chars", str(most - 1))
    assert said["rows"]["splits"]["validation"] == 0 < said["rows"]["splits"]["train"]
    assert "validation" not in load(tmp_path / kind, tmp_path / "cache")
    empty = tmp_path / kind / "data" / f"validation-00000-of-00001.{kind}"
    if kind == "arrow":
        assert pa.ipc.open_file(empty).read_all().num_rows == 0
    elif kind == "parquet":
        assert pa.parquet.read_table(empty).column_names[:2] == ["prompt", "completion"]
        assert duckdb.sql(f"select count(*) from '{empty}'").fetchall() == [(0,)]
    else:
        assert empty.read_bytes() == b""

    nothing = export(tmp_path / "nothing", "sft", "--format", kind, "--max-chars", "1")
    assert (nothing["rows"]["kept"], nothing["rows"]["dropped"]) == (0, {"tooLong": nothing["rows"]["total"]})
    streamed = load(tmp_path / "nothing", tmp_path / "cache", streaming=True)
    assert {split: list(rows) for split, rows in streamed.items()} == dict.fromkeys(SPLITS, [])


def _lengths(tmp_path: Path, split: str) -> list[int]:
    export(tmp_path / "whole", "sft", "--format", "jsonl")
    lines = (tmp_path / "whole" / "data" / f"{split}-00000-of-00001.jsonl").read_text(encoding="utf-8").splitlines()
    return [len(row["prompt"]) + len(row["completion"]) for row in map(json.loads, lines)]


def _plain(type_: pa.DataType) -> Any:
    """A type without the names of list items, in which Arrow and Parquet differ."""
    if pa.types.is_list(type_):
        return ["list", type_.value_field.nullable, _plain(type_.value_type)]
    if pa.types.is_struct(type_):
        return [(field.name, field.nullable, _plain(field.type)) for field in type_]
    return str(type_)
