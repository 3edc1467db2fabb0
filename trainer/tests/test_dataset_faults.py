"""Damaged, foreign and missing data, wrong arguments, and S3."""

import hashlib
import os

import pyarrow as pa
import pytest
from campaigns import COLUMNS, Campaign
from readers import first_file, names, opened, rewrite_manifest

from exemplar_data import ConfigError, DataError, SchemaTooNew, StoreDenied, StoreUnavailable

# -- what is wrong


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "named by the manifest but missing from"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), r"bytes, the manifest says \d+"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?"), "sha256 is"),
    ],
)
def test_a_damaged_file_is_named_in_one_line_and_never_passed_over(tmp_path, damage, message):
    folder = Campaign(situations=20, page_size=4, shares=(1, 1)).write(tmp_path)
    path = sorted((folder / "data").iterdir())[2]
    damage(path)
    dataset = opened(folder, window_files=1)
    given = 0
    with pytest.raises(DataError, match=f"data/{path.name}: .*{message}") as raised:
        for _ in dataset:
            given += 1
    assert "\n" not in str(raised.value)
    assert given < dataset.total


def replaced(folder, data, **entry):
    path = folder / "data" / "train-0-replaced.arrow"
    path.write_bytes(data)
    change = {"key": f"data/{path.name}", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), **entry}
    rewrite_manifest(folder, lambda manifest: first_file(manifest).update(change))


def test_a_file_that_is_no_arrow_file_or_of_an_unknown_codec_is_named_even_where_its_hash_is_right(tmp_path):
    folder = Campaign(situations=4, shares=(1, 1)).write(tmp_path)
    whole = next((folder / "data").iterdir()).read_bytes()
    for data in (b"", b"PAR1" + whole[4:-6] + b"PAR1..", whole[: len(whole) // 2]):
        replaced(folder, data)
        with pytest.raises(DataError, match="data/train-0-replaced.arrow: not a readable Arrow file: ") as raised:
            list(opened(folder))
        assert "\n" not in str(raised.value)


def test_a_codec_that_this_build_lacks_is_said_to_be_the_fault(tmp_path, monkeypatch):
    folder = Campaign(situations=4, shares=(1, 1)).write(tmp_path)

    def without_codec(*_args, **_options):
        raise pa.ArrowNotImplementedError("Support for codec 'zstd' not built")

    monkeypatch.setattr(pa.ipc, "open_file", without_codec)
    with pytest.raises(DataError, match="this pyarrow cannot read it: Support for codec 'zstd' not built; install a build with that codec"):
        list(opened(folder))


def test_a_column_of_another_type_or_none_at_all_is_named(tmp_path):
    campaign = Campaign(situations=4, shares=(1, 1))
    folder = campaign.write(tmp_path)
    table = pa.Table.from_pylist(campaign.rows, schema=COLUMNS)

    def with_other(name, value):
        return table.set_column(table.column_names.index(name), name, pa.array([value] * len(table)))

    for changed, message in (
        (table.drop_columns(["stance"]), "column stance is missing"),
        (with_other("label", [1]), "column label is list<item: int64>, which is no string"),
        (with_other("nodes", "x"), "column nodes must be a list of structs, not string"),
        (table.slice(1), f"{len(table) - 1} rows, the manifest says {len(table)}"),
    ):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, changed.schema) as writer:
            writer.write_table(changed)
        replaced(folder, sink.getvalue().to_pybytes())
        with pytest.raises(DataError, match=f"train-0-replaced.arrow: {message}"):
            list(opened(folder))
    without = table.drop_columns(["log_reward"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, without.schema) as writer:
        writer.write_table(without)
    replaced(folder, sink.getvalue().to_pybytes())
    assert {row["log_reward"] for row in opened(folder)} == {None}  # a nullable column that an older writer did not know


def test_a_situation_that_no_file_tells_of_is_named_where_its_horizon_is_asked_for(tmp_path):
    folder = Campaign(situations=6, shares=(1, 1)).write(tmp_path)
    rewrite_manifest(folder, lambda manifest: manifest["pages"][0]["files"].pop())
    assert list(opened(folder))
    with pytest.raises(DataError, match="data/train-0-.*: situation [0-9a-f]{64} stands in no file of situations$"):
        list(opened(folder, columns=["horizon"]))


def test_a_folder_without_a_manifest_is_a_mistake_of_the_user(tmp_path):
    with pytest.raises(ConfigError, match="has no manifest: no page of this campaign is sealed yet, or the name is wrong$"):
        opened(tmp_path)


@pytest.mark.parametrize("key", ["../secret.arrow", "data/../../secret.arrow", "/etc/passwd"])
def test_a_file_outside_the_dataset_is_not_read(tmp_path, key):
    Campaign(situations=5).write(tmp_path)
    rewrite_manifest(tmp_path, lambda manifest: first_file(manifest).update(key=key))
    with pytest.raises(DataError, match="leaves the dataset"):
        opened(tmp_path)


def test_a_newer_schema_is_refused_in_one_line(tmp_path):
    with pytest.raises(SchemaTooNew, match="schema version 3 is newer than 2, the newest this reader knows; update it$"):
        opened(Campaign(situations=2).write(tmp_path, schema_version=3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"view": "pairs"}, "view must be one of groups, versions, preference, not 'pairs'"),
        ({"split": "dev"}, "split must be one of train, validation, test, not 'dev'"),
        ({"seed": -1}, "seed must be an integer of at least 0, not -1"),
        ({"max_negatives": 0}, "max_negatives must be an integer of at least 1, or None, not 0"),
        ({"branches": "a1"}, "branches must be 'all' or 'main', not 'a1'"),
        ({"labels": ["good"]}, "labels must be among positive, negative, equivalent, none, not 'good'"),
        ({"columns": "label"}, "columns must be a list of at least one column, not 'label'"),
        ({"columns": []}, "columns must be a list of at least one column, not"),
        ({"ends": "cut"}, "ends must be one of ragged, drop, pad, not 'cut'"),
        ({"rank": 1}, "give both rank and world_size, or neither"),
        ({"generation": 7}, "holds generation 1, not 7"),
        ({"storage_options": {"endpoint": "x"}}, "unknown storage option endpoint; the options are endpoint_url"),
    ],
)
def test_a_wrong_argument_gets_one_line_that_names_it(folder, options, message):
    with pytest.raises(ConfigError, match=message):
        opened(folder, **options)


def test_an_empty_split_is_an_epoch_without_items(folder):
    dataset = opened(folder, "groups", split="validation")
    assert (dataset.total, list(dataset), list(dataset.batches(4, "numpy"))) == (0, [], [])


# -- from S3


def test_from_s3_with_explicit_options_files_come_once_and_then_from_the_cache(s3, tmp_path, monkeypatch):
    Campaign(situations=20, page_size=4, counted=True).write(s3 / "datasets" / "moving", pulled=False)
    options = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"], "access_key_id": "key", "secret_access_key": "secret", "region": "us-east-1"}
    for variable in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    local = Campaign(situations=20, page_size=4).write(tmp_path / "pulled")
    cache = tmp_path / "cache"
    remote = opened("s3://bucket/datasets/moving", cache=cache, storage_options=options)
    expected = names(opened(local))
    assert names(remote) == expected
    (s3 / "datasets" / "moving" / "data").rename(s3 / "gone")
    again = opened("s3://bucket/datasets/moving", cache=cache, storage_options=options)
    assert names(again) == expected

    kept = sorted(path for path in cache.rglob("*") if path.is_file() and path.parent.name != "locks")
    kept[0].write_bytes(kept[0].read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match="named by the manifest but missing"):  # a spoilt copy is not trusted
        names(opened("s3://bucket/datasets/moving", cache=cache, storage_options=options))
    (s3 / "gone").rename(s3 / "datasets" / "moving" / "data")
    assert names(opened("s3://bucket/datasets/moving", cache=cache, storage_options=options)) == expected


def test_credentials_without_rights_and_an_absent_server_are_told_apart(s3, monkeypatch, tmp_path):
    Campaign(situations=4, shares=(1, 1)).write(s3 / "datasets" / "moving", pulled=False)
    dataset = opened("s3://bucket/datasets/moving", cache=tmp_path)
    wrong = {"access_key_id": "key", "secret_access_key": "wrong"}
    with pytest.raises(StoreDenied) as denied:
        opened("s3://bucket/datasets/moving", cache=tmp_path, storage_options=wrong)
    assert "\n" not in str(denied.value) and not denied.value.retryable
    with pytest.raises(ConfigError, match="s3://bucket/datasets/nope has no manifest"):
        opened("s3://bucket/datasets/nope")
    with pytest.raises(ConfigError, match="has no generation 9"):
        opened("s3://bucket/datasets/moving", generation=9)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    dataset._store._connect()
    with pytest.raises(StoreUnavailable) as absent:
        list(dataset)
    assert absent.value.retryable
