import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from campaigns import COLUMNS, Campaign, write_file

from exemplar_data import ConfigError, DataError, ExemplarDataset, SchemaTooNew, StoreDenied, StoreUnavailable
from exemplar_data.contract import LABELS, LEVELS
from exemplar_data.shard import SCHEMA

TRAINER = Path(__file__).resolve().parent.parent
NAME = ("situation_id", "branch", "revision")


@pytest.fixture(scope="module")
def campaign():
    """50 situations in 10 pages; a repeated negative, one that equals its positive, and a version of a verification branch are among them."""
    made = Campaign(situations=50, page_size=5, shares=(1, 1), versions=5)
    twin = next(row for row in made.rows if row["label"] == "positive")
    branch = next(row for row in made.rows if row["label"] == "negative" and row["situation_index"] == 7)
    made.rows.append({**twin, "label": "negative", "is_final": False, "branch": "a1"})
    made.rows.append({**branch, "branch": "a2", "plan_text": "another way"})
    return made


@pytest.fixture(scope="module")
def folder(campaign, tmp_path_factory):
    return campaign.write(tmp_path_factory.mktemp("campaign"))


def opened(folder, view="versions", **options):
    return ExemplarDataset(str(folder), view, **{"window_files": 3, **options})


def name(row):
    return tuple(row[column] for column in NAME)


def names(rows):
    return [name(row) for row in rows]


def rewrite_manifest(folder: Path, change) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def first_file(manifest):
    return manifest["pages"][0]["files"][0]


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


# -- order and place


def test_each_iteration_is_an_epoch_in_an_order_of_its_own(folder):
    dataset, again = opened(folder), opened(folder)
    epochs = [names(dataset) for _ in range(3)]
    assert len({tuple(epoch) for epoch in epochs}) == 3 and len({tuple(sorted(epoch)) for epoch in epochs}) == 1
    again.set_epoch(2)
    assert names(again) == epochs[2]
    plain = opened(folder, shuffle=False)
    assert names(plain) == names(plain) != epochs[0]


def test_an_iteration_left_early_is_begun_anew_and_its_own_end_does_not_count(folder):
    dataset = opened(folder)
    first = iter(dataset)
    peeked = name(next(first))
    whole = names(dataset)
    assert whole[0] == peeked and len(whole) == dataset.total
    with pytest.raises(ConfigError, match="this iteration is over: a newer one has begun"):
        next(first)


@pytest.mark.parametrize("view", ["versions", "groups", "preference"])
def test_a_state_taken_anywhere_goes_on_with_the_very_next_item(folder, view):
    options = {"max_negatives": 3} if view != "versions" else {}
    whole = opened(folder, view, **options)
    states, items = [], []
    for item in whole:
        items.append(item)
        states.append(json.loads(json.dumps(whole.state_dict())))
    second = list(whole)
    step = 7 if view == "groups" else 41
    for place in range(0, len(items), step):
        resumed = opened(folder, view, **options)
        resumed.load_state_dict(states[place])
        rest = list(resumed) if place + 1 < len(items) else []
        assert rest == items[place + 1 :], place
        assert list(islice(resumed, 3)) == second[:3]


def test_no_item_is_lost_or_repeated_when_ranks_come_and_go(folder):
    expected = names(opened(folder))
    for ends in ("ragged", "drop", "pad"):
        state, given, at = None, [], 0
        for ranks, steps_, batch in ((1, 3, 4), (4, 5, 3), (3, 7, 2), (8, 2, 1), (2, 9999, 4)):
            parts, after = [], []
            for rank in range(ranks):
                dataset = opened(folder, rank=rank, world_size=ranks, ends=ends)
                if state:
                    dataset.load_state_dict(state)
                mine = []
                for turn, rows in enumerate(dataset.batches(batch), 1):
                    mine += names(rows)
                    if turn == steps_:
                        break
                parts.append(mine)
                after.append(dataset.state_dict())
            assert all(state == after[0] for state in after)
            state = json.loads(json.dumps(after[0]))
            given += [parts[place % ranks][place // ranks] for place in range(sum(map(len, parts)))]
            if ends != "ragged":
                assert len({len(part) for part in parts}) == 1
        assert state["epoch"] == 1
        if ends == "ragged":
            assert given == expected
        elif ends == "drop":
            assert given == expected[: len(given)] and 0 <= len(expected) - len(given) < 8
            assert dataset.dropped == len(expected) - len(given) and dataset.padded == 0
        else:
            assert given == (expected + expected)[: len(given)] and 0 <= len(given) - len(expected) < 8
            assert dataset.padded == len(given) - len(expected) and dataset.dropped == 0


def test_ranks_of_torchrun_are_taken_from_the_environment(folder, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    dataset = opened(folder)
    assert names(dataset) == names(opened(folder, rank=0, world_size=1))[1::2]
    assert len(dataset) == dataset.total // 2


def test_a_state_of_another_order_is_refused_naming_the_setting(folder):
    state = opened(folder, seed=3).state_dict()
    with pytest.raises(ConfigError, match="^seed is 4, but the state was taken with 3$"):
        opened(folder, seed=4).load_state_dict(state)
    with pytest.raises(ConfigError, match="^view is 'groups', but the state was taken with 'versions'$"):
        opened(folder, "groups", seed=3).load_state_dict(state)
    with pytest.raises(ConfigError, match="no state of an ExemplarDataset"):
        opened(folder).load_state_dict({"epoch": 1})


# -- generations


def test_a_pinned_generation_stays_and_one_that_follows_takes_up_the_newest_between_epochs(tmp_path):
    Campaign(situations=6, shares=(1, 1)).write(tmp_path, generation=1, pulled=False)
    pinned, newest, following = opened(tmp_path, generation=1), opened(tmp_path), opened(tmp_path, follow=True)
    reading = iter(following)
    next(reading)
    Campaign(situations=9, shares=(1, 1)).write(tmp_path, generation=2, pulled=False)
    assert 1 + len(list(reading)) == 6 * 5
    middle = following.state_dict()
    assert [len(list(each)) for each in (pinned, newest, following)] == [30, 30, 45]
    assert (newest.generation, following.generation) == (1, 2)
    assert middle["generation"] == 1

    resumed = opened(tmp_path)
    assert resumed.generation == 2
    state = {**newest.state_dict(), "epoch": 0, "index": 11}
    resumed.load_state_dict(state)
    assert resumed.generation == 1 and names(resumed) == names(opened(tmp_path, generation=1))[11:]


def test_ranks_that_follow_without_agreeing_are_refused(tmp_path):
    Campaign(situations=6, shares=(1, 1)).write(tmp_path, pulled=False)
    dataset = opened(tmp_path, follow=True, rank=0, world_size=2)
    list(dataset)
    with pytest.raises(ConfigError, match="follow with world_size 2 needs ranks to agree"):
        list(dataset)
    with pytest.raises(ConfigError, match="generation=1 pins one"):
        opened(tmp_path, follow=True, generation=1)


def test_the_newest_generation_is_read_unless_another_is_named_and_its_number_does_not_shape_the_order(tmp_path):
    Campaign(situations=6, shares=(1, 1)).write(tmp_path, generation=9, pulled=False)
    Campaign(situations=8, shares=(1, 1)).write(tmp_path, generation=10, pulled=False)
    newest, earlier = opened(tmp_path), opened(tmp_path, generation=9)
    assert ((newest.generation, newest.total), (earlier.generation, earlier.total)) == ((10, 40), (9, 30))
    with pytest.raises(ConfigError, match="has no generation 11"):
        opened(tmp_path, generation=11)
    Campaign(situations=8, shares=(1, 1)).write(tmp_path, generation=70, pulled=False)
    later = opened(tmp_path)
    assert later.generation == 70 and names(later) == names(newest)


def test_counts_of_the_manifest_are_used_and_without_them_files_are_counted(tmp_path):
    counted, plain = Campaign(situations=20, page_size=4, counted=True), Campaign(situations=20, page_size=4)
    left, right = counted.write(tmp_path / "counted"), plain.write(tmp_path / "plain")
    for view in ("groups", "preference"):
        assert opened(left, view, distinct=False).total == opened(right, view, distinct=False).total > 0
        assert list(opened(left, view)) == list(opened(right, view))
    data = left / "data"
    data.rename(left / "away")
    assert opened(left, "groups").total == 12  # no file was needed
    with pytest.raises(DataError, match="named by the manifest but missing"):
        opened(left, "preference")  # which negatives repeat is in the files alone


def test_a_manifest_that_counts_wrongly_is_found_out_when_the_file_is_read(tmp_path):
    folder = Campaign(situations=6, shares=(1, 1), counted=True).write(tmp_path)
    rewrite_manifest(folder, lambda manifest: first_file(manifest).update(groups=5))
    with pytest.raises(DataError, match="data/train-0-.*: 6 items, the manifest says 5$"):
        list(opened(folder, "groups"))


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
