import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from campaigns import Campaign, write_file

from exemplar_trainer.errors import ConfigError, DataError, SchemaTooNew
from exemplar_trainer.loader import MAX_NEGATIVES, GroupLoader, open_dataset
from exemplar_trainer.tokens import word_features


def loader(groups, **changes):
    return GroupLoader(groups, **{"seed": 1, "batch_groups": 4, **changes})


def identity(batch):
    return [(one.group.situation, tuple(id(plan) for plan in one.plans)) for one in batch]


def epoch_of(source):
    epoch, found = source.epoch, []
    while source.epoch == epoch:
        found += identity(source.next_batch())
    return found


def rewrite_manifest(folder: Path, change) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_groups_hold_each_situations_positive_and_every_distinct_negative(tmp_path):
    campaign = Campaign(situations=20, versions=6)
    dataset = open_dataset(str(campaign.write(tmp_path)))
    groups, counts = dataset.groups("train")
    rows = [row for row in campaign.rows if row["split"] == "train"]
    for group in groups:
        mine = [row for row in rows if row["situation_id"] == group.situation]
        positive = next(row for row in mine if row["label"] == "positive")
        texts = {row["plan_text"] for row in mine if row["label"] == "negative"} - {positive["plan_text"]}
        assert len(group.negatives) == len(texts)
        for node, at in zip(positive["nodes"], group.positive.texts, strict=True):
            assert dataset.texts.features(at).tolist() == word_features(node["text"])
        assert dataset.texts.features(group.initial).tolist() == word_features(positive["initial_state"])
    assert counts.groups == len(groups) == len({row["situation_id"] for row in rows})
    assert counts.pairs + counts.repeatedNegatives == sum(row["label"] == "negative" for row in rows)
    assert counts.repeatedNegatives > 0


def test_a_negative_equal_to_the_positive_is_dropped_and_counted(tmp_path):
    campaign = Campaign(situations=10, shares=(1, 1))
    twin = next(row for row in campaign.rows if row["label"] == "positive")
    campaign.rows.append({**twin, "label": "negative", "is_final": False, "branch": "a1"})
    _, counts = open_dataset(str(campaign.write(tmp_path))).groups("train")
    assert counts.equalToPositive == 1


def test_a_situation_whose_negatives_all_equal_its_positive_gives_no_group_and_is_counted(tmp_path):
    campaign = Campaign(situations=10, shares=(1, 1))
    first = campaign.rows[0]["situation_id"]
    campaign.rows = [row for row in campaign.rows if row["situation_id"] != first or row["label"] == "positive"]
    groups, counts = open_dataset(str(campaign.write(tmp_path))).groups("train")
    assert (counts.withoutNegatives, len(groups)) == (1, 9)


def test_an_epoch_gives_every_group_once_and_the_next_one_in_another_order(moving):
    groups, _ = open_dataset(str(moving)).groups("train")
    source = loader(groups)
    first, second = epoch_of(source), epoch_of(source)
    everyone = sorted(group.situation for group in groups)
    assert sorted(name for name, _ in first) == sorted(name for name, _ in second) == everyone
    assert [name for name, _ in first] != [name for name, _ in second]


def test_the_order_depends_on_seed_and_groups_and_not_on_the_files_or_the_generation(tmp_path):
    names = lambda found: [name for name, _ in found]  # noqa: E731
    few = open_dataset(str(Campaign(page_size=16).write(tmp_path / "few"))).groups("train")[0]
    many = open_dataset(str(Campaign(page_size=3).write(tmp_path / "many"))).groups("train")[0]
    order = names(epoch_of(loader(few)))
    assert names(epoch_of(loader(many))) == order
    assert names(epoch_of(loader(few, batch_groups=1))) == order
    assert names(epoch_of(loader(few, seed=2))) != order
    later = open_dataset(str(Campaign().write(tmp_path / "later", generation=7))).groups("train")[0]
    assert names(epoch_of(loader(later))) == order


def test_first_places_are_spread_evenly_over_groups(moving):
    groups, _ = open_dataset(str(moving)).groups("train")
    draws = 1500
    firsts = Counter(epoch_of(loader(groups, seed=seed, batch_groups=99))[0][0] for seed in range(draws))
    expected = draws / len(groups)
    chi_square = sum((firsts[group.situation] - expected) ** 2 / expected for group in groups)
    assert len(groups) == 14
    assert chi_square < 34.5  # 99.9 % point for 13 degrees of freedom


def test_a_loader_resumed_at_any_batch_goes_on_as_if_it_had_not_stopped(moving):
    groups, _ = open_dataset(str(moving)).groups("train")
    whole = loader(groups)
    states, batches = [], []
    for _ in range(11):
        states.append(whole.state_dict())
        batches.append(identity(whole.next_batch()))
    for place, state in enumerate(states):
        resumed = loader(groups)
        resumed.load_state_dict(json.loads(json.dumps(state)))
        assert [identity(resumed.next_batch()) for _ in range(place, 11)] == batches[place:]


def test_at_most_eight_negatives_are_drawn_and_over_epochs_all_of_them(tmp_path):
    campaign = Campaign(situations=4, versions=40, shares=(1, 1))
    for row in campaign.rows:
        row["plan_text"] += f" {row['revision']}"
        row["label"] = "positive" if row["is_final"] else "negative"
    groups, _ = open_dataset(str(campaign.write(tmp_path))).groups("train")
    source, seen = loader(groups), set()
    for _ in range(60):
        for _, (positive, *negatives) in epoch_of(source):
            assert len(negatives) == len(set(negatives)) == MAX_NEGATIVES
            assert positive not in negatives
            seen |= set(negatives)
    assert len(seen) == 4 * 40


def test_the_newest_generation_is_read_unless_another_is_named(tmp_path):
    Campaign(situations=5).write(tmp_path, generation=9, pulled=False)
    Campaign(situations=8).write(tmp_path, generation=10, pulled=False)
    assert open_dataset(str(tmp_path)).manifest.generation == 10
    assert open_dataset(str(tmp_path), 9).manifest.generation == 9
    with pytest.raises(ConfigError, match="no generation 11"):
        open_dataset(str(tmp_path), 11)


def test_a_pulled_folder_refuses_another_generation(moving):
    with pytest.raises(ConfigError, match="holds generation 1, not 2"):
        open_dataset(str(moving), 2)


def test_a_folder_without_a_manifest_is_a_mistake_of_the_user(tmp_path):
    with pytest.raises(ConfigError, match="has no manifest"):
        open_dataset(str(tmp_path))


def test_a_newer_schema_is_refused_naming_both_versions(tmp_path):
    with pytest.raises(SchemaTooNew, match="schema version 3 is newer than 2"):
        open_dataset(str(Campaign(situations=5).write(tmp_path, schema_version=3)))


def test_a_flipped_bit_is_an_error_naming_the_file(tmp_path):
    Campaign(situations=5).write(tmp_path)
    path = next((tmp_path / "data").glob("train-*"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"{path.name}: sha256 is"):
        open_dataset(str(tmp_path)).groups("train")


def test_a_missing_file_is_an_error_naming_it(tmp_path):
    Campaign(situations=5).write(tmp_path)
    path = next((tmp_path / "data").glob("train-*"))
    path.unlink()
    with pytest.raises(DataError, match=f"{path.name}: named by the manifest but missing"):
        open_dataset(str(tmp_path)).groups("train")


def test_a_file_outside_the_dataset_is_not_read(tmp_path):
    Campaign(situations=5).write(tmp_path)
    rewrite_manifest(tmp_path, lambda manifest: manifest["pages"][0]["files"][0].update(key="../secret.arrow"))
    with pytest.raises(DataError, match="leaves the dataset"):
        open_dataset(str(tmp_path))


def test_a_file_that_is_not_arrow_is_named_even_where_its_hash_is_right(tmp_path):
    import hashlib

    Campaign(situations=5).write(tmp_path)
    path = next((tmp_path / "data").glob("train-*"))
    path.write_bytes(b"not arrow")
    rewrite_manifest(tmp_path, lambda manifest: manifest["pages"][0]["files"][0].update(sha256=hashlib.sha256(b"not arrow").hexdigest(), bytes=9))
    with pytest.raises(DataError, match=f"{path.name}: not a readable Arrow file"):
        open_dataset(str(tmp_path)).groups("train")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[-1].update(label="negative"), "0 positives; it must have 1"),
        (lambda rows: rows[0].update(label="positive"), "2 positives; it must have 1"),
        (lambda rows: rows[0]["nodes"][1].update(level="eons"), "level is 'eons'; allowed are seconds, minutes"),
        (lambda rows: rows[0]["nodes"][1].update(parent="gone"), "row 0: node n1 has unknown parent gone"),
        (lambda rows: rows[0]["nodes"][1].update(moral_cost=None), "row 0: an action's success, duration or moral cost is missing"),
        (lambda rows: rows[0].update(split="test"), "row 0 is of split test, the file of split train"),
    ],
)
def test_a_row_that_breaks_the_contract_is_named(tmp_path, change, message):
    campaign = Campaign(situations=1, shares=(1, 1))
    for row in campaign.rows:
        row["label"] = "positive" if row["is_final"] else "negative"
    campaign.write(tmp_path)
    change(campaign.rows)
    entry = write_file(tmp_path, "train", 0, campaign.rows)
    rewrite_manifest(tmp_path, lambda manifest: manifest["pages"][0].update(files=[entry]))
    with pytest.raises(DataError, match=f"{entry['key']}: .*{message}"):
        open_dataset(str(tmp_path)).groups("train")


def test_a_family_in_two_splits_is_refused(tmp_path):
    campaign = Campaign(situations=10)
    for row in campaign.rows:
        row["root_id"] = "same"
    dataset = open_dataset(str(campaign.write(tmp_path)))
    dataset.groups("train")
    with pytest.raises(DataError, match="family same is in test and in train"):
        dataset.groups("test")


def test_plans_do_not_depend_on_what_tells_versions_apart_without_reading_them(tmp_path):
    plain, disguised = Campaign(situations=6), Campaign(situations=6)
    for row in disguised.rows:
        rename = {node["id"]: f"x{place}" for place, node in enumerate(reversed(row["nodes"]))} | {"": ""}
        row["nodes"] = [{**node, "id": rename[node["id"]], "parent": rename[node["parent"]]} for node in row["nodes"]]
        row |= {"revision": 7, "revisions": 9, "branch": "a2", "critique": "[]", "edits": "[1]", "distance_to_final": 3.0}
        row |= {"plan_json": "{1}", "explanation": "Other.", "textbook": "t", "chapter": "c", "log_reward": 1.0, "is_final": True}
    left = open_dataset(str(plain.write(tmp_path / "plain"))).groups("train")[0]
    right = open_dataset(str(disguised.write(tmp_path / "disguised"))).groups("train")[0]
    for one, other in zip(left, right, strict=True):
        for a, b in zip((one.positive, *one.negatives), (other.positive, *other.negatives), strict=True):
            assert np.array_equal(a.structure, b.structure) and np.array_equal(a.numbers, b.numbers) and np.array_equal(a.texts, b.texts)
