"""What a dataset gives: views, columns and formats."""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from campaigns import COLUMNS, Campaign, write_file
from readers import first_file, name, opened, rewrite_manifest

from exemplar_data import ConfigError, DataError
from exemplar_data.contract import LABELS, LEVELS
from exemplar_data.shard import SCHEMA

TRAINER = Path(__file__).resolve().parent.parent


# -- views


def test_versions_are_the_rows_of_the_files_each_once(folder, campaign):
    dataset = opened(folder)
    rows = list(dataset)
    assert len(rows) == len(dataset) == dataset.total == len(campaign.rows)
    expected = {name(row): row for row in campaign.rows}
    for row in rows:
        assert row == expected.pop(name(row))
    assert not expected


def test_a_group_is_a_situation_with_its_positive_and_all_its_distinct_negatives(folder, campaign):
    groups = list(opened(folder, "groups"))
    of = {row["situation_id"]: [other for other in campaign.rows if other["situation_id"] == row["situation_id"]] for row in campaign.rows}
    assert len(groups) == len(of) == 50
    for group in groups:
        rows = of[group["situation_id"]]
        (positive,) = [row for row in rows if row["label"] == "positive"]
        texts = [row["plan_text"] for row in rows if row["label"] == "negative"]
        assert [negative["plan_text"] for negative in group["negatives"]] == [text for text in dict.fromkeys(texts) if text != positive["plan_text"]]
        whole = {**{column: group[column] for column in group if column not in ("positive", "negatives")}, **group["positive"]}
        assert whole == positive
        assert group["positive"].keys() == group["negatives"][0].keys()


def test_a_situation_whose_negatives_all_equal_its_positive_gives_no_group_and_is_counted(tmp_path):
    campaign = Campaign(situations=10, shares=(1, 1))
    positive = next(row for row in campaign.rows if row["label"] == "positive")
    others = [row for row in campaign.rows if row["situation_id"] != positive["situation_id"]]
    campaign.rows = [*others, positive, {**positive, "label": "negative", "is_final": False, "revision": 9}]
    dataset = opened(campaign.write(tmp_path), "groups")
    assert (dataset.counts.withoutNegatives, dataset.counts.equalToPositive, dataset.total) == (1, 1, 9)
    assert positive["situation_id"] not in {group["situation_id"] for group in dataset}


@pytest.mark.parametrize(
    ("place", "label", "positives"), [(-1, "negative", 0), (0, "positive", 2)], ids=["no positive", "two positives"]
)
def test_a_situation_has_one_positive_or_its_file_is_named(tmp_path, place, label, positives):
    campaign = Campaign(situations=1, shares=(1, 1))
    for row in campaign.rows:
        row["label"] = "positive" if row["is_final"] else "negative"
    campaign.rows[place]["label"] = label
    folder = campaign.write(tmp_path)
    situation = campaign.rows[0]["situation_id"]
    with pytest.raises(DataError, match=f"^data/train-0-.*: situation {situation} has labelled versions and {positives} positives; it must have 1$"):
        opened(folder, "groups")


def test_a_preference_pairs_a_positive_with_one_negative_and_there_are_all_of_them(folder):
    pairs = [(pair["prompt"]["situation_id"], pair["chosen"]["plan_text"], pair["rejected"]["plan_text"]) for pair in opened(folder, "preference")]
    groups = list(opened(folder, "groups"))
    expected = [(g["situation_id"], g["positive"]["plan_text"], negative["plan_text"]) for g in groups for negative in g["negatives"]]
    assert sorted(pairs) == sorted(expected)


def test_what_filters_leave_out_is_counted_and_sums_to_the_rows(folder, campaign):
    rows = campaign.rows
    counts = opened(folder, "groups").counts
    negatives = sum(row["label"] == "negative" for row in rows)
    assert counts.rows == len(rows) == counts.groups + counts.withoutNegatives + counts.otherLabels + negatives
    assert negatives == counts.pairs + counts.equalToPositive + counts.repeatedNegatives
    assert (counts.equalToPositive, counts.groups, counts.withoutNegatives) == (1, 50, 0)
    assert counts.repeatedNegatives > 0

    everything = opened(folder, "preference", distinct=False)
    assert everything.total == everything.counts.pairs == negatives
    main = opened(folder, "preference", branches="main", distinct=False)
    assert (main.total, main.counts.otherBranches) == (negatives - 2, 2)
    labelled = opened(folder, labels=["positive", "none"])
    assert (labelled.total, labelled.counts.otherLabels) == (50, len(rows) - 50)
    assert {row["label"] for row in labelled} == {"positive"}
    assert (opened(folder).counts.items, opened(folder).counts.rows) == (len(rows), len(rows))


def test_negatives_above_the_limit_are_drawn_anew_in_each_epoch_and_counted(folder):
    dataset, whole = opened(folder, "groups", max_negatives=2), opened(folder, "groups")
    possible = {group["situation_id"]: {row["plan_text"] for row in group["negatives"]} for group in whole}
    seen: dict[str, set[str]] = {situation: set() for situation in possible}
    for _ in range(12):
        for group in dataset:
            texts = [row["plan_text"] for row in group["negatives"]]
            assert len(texts) == min(2, len(possible[group["situation_id"]]))
            seen[group["situation_id"]] |= set(texts)
    assert seen == possible
    assert dataset.counts.notDrawn == sum(max(0, len(texts) - 2) for texts in possible.values()) > 0


# -- columns and formats


def test_only_columns_that_are_asked_for_are_given(folder, campaign):
    row = next(iter(opened(folder, columns=["revision", "nodes.text", "nodes.order"])))
    assert row.keys() == {"revision", "nodes"} and row["nodes"][0].keys() == {"text", "order"}
    group = next(iter(opened(folder, "groups", columns=["agent", "plan_text"])))
    assert (group.keys(), group["positive"].keys()) == ({"agent", "positive", "negatives"}, {"plan_text"})
    (pair,) = opened(folder, "preference", columns=["revision"]).batches(1, "arrow").__next__().to_pylist()
    assert pair["prompt"] == {} and pair["chosen"].keys() == {"revision"}
    with pytest.raises(ConfigError, match="columns: there is no column 'plantext'; the columns are situation_id"):
        opened(folder, columns=["plantext"])


def test_the_horizon_of_a_situation_is_joined_from_the_files_of_situations_where_it_is_asked_for(tmp_path):
    folder = Campaign(situations=12, page_size=4, shares=(1, 1), horizon="minutes/hours/days").write(tmp_path)
    assert "horizon" not in next(iter(opened(folder)))
    columns = ("horizon", "revision")
    assert {row["horizon"] for row in opened(folder, columns=columns)} == {"minutes/hours/days"}
    assert next(iter(opened(folder, "groups", columns=columns))).keys() == {"horizon", "positive", "negatives"}
    pairs = list(opened(folder, "preference", columns=columns))
    assert all(pair["prompt"] == {"horizon": "minutes/hours/days"} and pair["chosen"].keys() == {"revision"} for pair in pairs)


def test_columns_that_nobody_asks_for_are_not_decoded(tmp_path):
    """Their bytes are damaged, with hashes to match: whoever decompressed them would fail."""
    Campaign(situations=6, shares=(1, 1)).write(tmp_path)
    path = next((tmp_path / "data").iterdir())
    whole, table = path.read_bytes(), pa.ipc.open_file(path).read_all()
    data, hidden, damaged = bytearray(whole), table.column("plan_text")[0].as_py().encode(), 0
    frames = [found.start() for found in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), whole)]  # where zstd's begin, each behind its size
    for frame, after in zip(frames, [*frames[1:], len(whole)], strict=True):
        if hidden in unpacked(whole[frame:after], int.from_bytes(whole[frame - 8 : frame], "little")):
            data[frame + 4 : frame + 12] = b"\xff" * 8
            damaged += 1
    assert damaged
    path.write_bytes(data)
    rewrite_manifest(tmp_path, lambda manifest: first_file(manifest).update(sha256=hashlib.sha256(data).hexdigest()))
    assert len(list(opened(tmp_path, columns=["label", "nodes"]))) == len(table)
    with pytest.raises(DataError, match=f"{path.name}: not a readable Arrow file"):
        list(opened(tmp_path, columns=["plan_text"]))


def unpacked(frame: bytes, size: int) -> bytes:
    """What a zstd frame with padding behind it holds; nothing where it is none."""
    for padding in range(64):
        try:
            return pa.Codec("zstd").decompress(frame[: len(frame) - padding], size).to_pybytes()
        except (OSError, ValueError, MemoryError):
            continue
    return b""


def test_all_formats_hold_the_same_batches(folder):
    rows = list(opened(folder, "groups", seed=2))
    python = list(opened(folder, "groups", seed=2).batches(8))
    arrow = list(opened(folder, "groups", seed=2).batches(8, "arrow"))
    arrays = list(opened(folder, "groups", seed=2).batches(8, "numpy"))
    assert [len(batch) for batch in python] == [8] * 6 + [2]
    assert [row for batch in python for row in batch] == rows
    assert [batch.to_pylist() for batch in arrow] == python
    for batch, found in zip(python, arrays, strict=True):
        negatives = [row for group in batch for row in group["negatives"]]
        nodes = [node for row in negatives for node in row["nodes"]]
        assert np.diff(found["negatives.offsets"]).tolist() == [len(group["negatives"]) for group in batch]
        assert found["negatives.revision"].tolist() == [row["revision"] for row in negatives]
        assert [LABELS[code] for code in found["negatives.label"]] == [row["label"] for row in negatives]
        assert np.diff(found["negatives.nodes.offsets"]).tolist() == [len(row["nodes"]) for row in negatives]
        assert [LEVELS[code] for code in found["negatives.nodes.level"]] == [node["level"] for node in nodes]
        expected = np.array([np.nan if node["success"] is None else node["success"] for node in nodes])
        assert np.array_equal(found["negatives.nodes.success"], expected, equal_nan=True)
        ends, text = found["negatives.nodes.text.offsets"], found["negatives.nodes.text.bytes"].tobytes()
        assert [text[start:end].decode() for start, end in zip(ends, ends[1:], strict=False)] == [node["text"] for node in nodes]
        assert found["positive.critique.null"].all() and len(found["positive.critique.bytes"]) == 0
        assert found["target_state.offsets"][-1] == sum(len(group["target_state"].encode()) for group in batch)


def test_a_slice_of_a_column_gives_the_arrays_of_its_own_rows(folder):
    from exemplar_data.tensors import to_numpy

    batch = next(opened(folder, "groups").batches(20, "arrow"))
    rows = batch.to_pylist()
    for first, count in ((3, 5), (19, 1), (7, 0)):
        part = to_numpy(batch.slice(first, count))
        alone = to_numpy(pa.RecordBatch.from_pylist(rows[first : first + count], schema=batch.schema))
        assert part.keys() == alone.keys()
        for key in part:
            assert np.array_equal(part[key], alone[key], equal_nan=part[key].dtype.kind == "f"), key


def test_dictionary_encoded_text_is_read_like_plain_text_also_beside_it(tmp_path):
    plain, encoded = Campaign(situations=12, shares=(1, 1)), Campaign(situations=12, shares=(1, 1), encoded=True)
    expected = list(opened(plain.write(tmp_path / "plain"), "groups"))
    folder = encoded.write(tmp_path / "encoded", schema_version=2)
    assert pa.types.is_dictionary(pa.ipc.open_file(next((folder / "data").iterdir())).schema.field("label").type)
    assert sorted(list(opened(folder, "groups")), key=lambda g: g["situation_index"]) == sorted(expected, key=lambda g: g["situation_index"])
    narrow = next(opened(folder, columns=["nodes.kind", "label"]).batches(4, "arrow"))
    assert narrow.schema.field("nodes").type.value_type.field("kind").type == pa.utf8() and narrow.schema.field("label").type == pa.utf8()

    mixed = tmp_path / "mixed"
    (mixed / "data").mkdir(parents=True)
    rows = Campaign(situations=12, shares=(1, 1)).rows
    files = [write_file(mixed, "train", page, rows[page * 20 : page * 20 + 20], encoded=page % 2 == 0, compression="lz4") for page in range(3)]
    manifest = {"schemaVersion": 2, "campaign": "moving", "generation": 1, "fingerprint": "f" * 64, "simulated": None, "pages": [{"files": files}]}
    (mixed / "manifest.json").write_text(json.dumps(manifest))
    assert sorted(row["situation_index"] for row in opened(mixed)) == [row["situation_index"] for row in rows]
    assert sum(len(batch) for batch in opened(mixed).batches(50, "arrow")) == len(rows)


def test_the_columns_given_are_those_of_the_contract(folder):
    assert next(opened(folder).batches(1, "arrow")).schema.names == SCHEMA.names == COLUMNS.names


# -- importing


def test_the_package_works_without_torch(folder):
    code = """
import sys
sys.modules['torch'] = None
from exemplar_data import ExemplarDataset
dataset = ExemplarDataset(sys.argv[1], 'groups')
assert len(list(dataset.batches(4, 'numpy'))) > 0
try:
    next(dataset.batches(4, 'torch'))
except ImportError:
    print('ok')
"""
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=TRAINER, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def test_every_row_is_counted_by_label():
    """The maker of these tests' datasets makes what they speak of."""
    labels = Counter(row["label"] for row in Campaign(situations=50, versions=5).rows)
    assert labels["positive"] == 50 and labels["negative"] > 100
