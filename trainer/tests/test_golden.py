"""Datasets as earlier writers left them, in test/golden/shards: pyarrow and the trainer go on reading them."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from exemplar_trainer.plan_tree import Figures
from exemplar_trainer.split import Parsed, open_split
from exemplar_trainer.vocabulary import Vocabulary

GOLDEN = Path(__file__).parents[2] / "test" / "golden" / "shards"
FOLDERS = sorted(path for path in GOLDEN.iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_pyarrow_reads_the_rows_that_were_written(folder):
    expected = json.loads(folder.with_suffix(".rows.json").read_text("utf-8"))
    found = {}
    for key in expected:
        table = pa.ipc.open_file(pa.memory_map(str(folder / key))).read_all()
        table.validate(full=True)
        wide = [field.name for field in table.schema if field.type == pa.int64()]
        found[key] = [{name: str(value) if name in wide and value is not None else value for name, value in row.items()} for row in table.to_pylist()]
    assert found == expected


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_trainer_reads_the_group_of_each_converged_situation_with_negatives(folder):
    parsed = Parsed(Vocabulary([]), Figures())
    splits = (open_split(str(folder), split, None, shuffle=False, rank=0, world_size=1) for split in ("train", "validation"))
    situations = [parsed(group)[0] for split in splits for group in split.items()]
    # the versions of situation 0 on branches are one negative more; equal plans count once
    assert sorted(len(one.negatives) for one in situations) == [1, 2]
    assert all(len(version.tree) > 1 for one in situations for version in one.versions)
