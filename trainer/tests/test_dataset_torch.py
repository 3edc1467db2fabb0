"""The loader under torch, in processes as a training run has them."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch
from campaigns import Campaign
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

from exemplar_data import ConfigError, ExemplarDataset
from exemplar_data.tensors import to_numpy
from exemplar_data.torch import Batches, Loader

TESTS = Path(__file__).resolve().parent
COLUMNS = ["situation_id", "branch", "revision"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """60 versions in 4 files, as on S3, and a second generation of 90, put aside."""
    where = tmp_path_factory.mktemp("torch")
    Campaign(situations=18, page_size=3, shares=(1, 1)).write(where, generation=2, pulled=False)
    (where / "later").mkdir()
    (where / "manifest" / "000002.json").rename(where / "later" / "000002.json")
    return Campaign(situations=12, page_size=3, shares=(1, 1)).write(where, generation=1, pulled=False)


def opened(folder, **options):
    settings = {"columns": COLUMNS, "window_files": 3, "rank": 0, "world_size": 1, **options}
    return ExemplarDataset(str(folder), "versions", **settings)


def names(batches):
    return [[tuple(row.values()) for row in batch] for batch in batches]


def flat(batches):
    return [tuple(row) for batch in batches for row in batch]


def test_a_dataloader_gives_the_same_batches_whatever_its_workers(folder):
    expected = [names(opened(folder).batches(7))]
    dataset = opened(folder)
    dataset.set_epoch(1)
    expected.append(names(dataset.batches(7)))
    for workers, persistent in ((0, False), (3, False), (2, True)):
        batches = Batches(opened(folder), 7)
        loader = DataLoader(batches, batch_size=None, collate_fn=list, num_workers=workers, persistent_workers=persistent)
        for epoch in (1, 0):
            batches.set_epoch(epoch)
            assert names(loader) == expected[epoch], (workers, epoch)


def test_tensors_of_a_worker_are_the_arrays_of_the_dataset(folder):
    options = {"columns": ["situation_index", "label", "nodes.text", "nodes.success"]}
    expected = [to_numpy(batch) for batch in opened(folder, **options).batches(16, "arrow")]
    for workers in (0, 1):
        found = list(Loader(opened(folder, **options), 16, num_workers=workers))
        assert len(found) == len(expected) == 4
        for one, other in zip(found, expected, strict=True):
            assert one.keys() == other.keys()
            assert all(torch.equal(one[key].nan_to_num(-7), torch.from_numpy(other[key].copy()).nan_to_num(-7)) for key in one)
    (arrow,) = [batch for batch in Loader(opened(folder), 100, "arrow", num_workers=1)]
    assert arrow.num_rows == 60


def test_a_loader_goes_on_exactly_under_another_number_of_workers(folder):
    whole = Loader(opened(folder), 7, "python")
    expected = names(whole)
    after = names(whole)
    state, given = None, []
    for workers, count in ((2, 3), (0, 2), (3, 9)):
        loader = Loader(opened(folder), 7, "python", num_workers=workers)
        if state:
            loader.load_state_dict(json.loads(json.dumps(state)))
        for batch in loader:
            given += names([batch])
            count -= 1
            if count == 0:
                break
        state = loader.state_dict()
    assert given == expected
    assert (state["epoch"], state["index"]) == (1, 0)
    assert names(loader) == after  # the epoch that follows


def test_workers_that_stay_go_where_a_state_says(folder):
    expected = names(opened(folder).batches(7))
    loader = Loader(opened(folder), 7, "python", num_workers=2, persistent_workers=True)
    turns = iter(loader)
    given = names(islice(turns, 2))
    state = loader.state_dict()
    given += names(islice(turns, 3))
    loader.load_state_dict(state)
    assert (given[:2] + names(loader), given) == (expected, expected[:5])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_dataloader_is_resumed_exactly_and_so_is_any_loader_from_its_state(folder, workers):
    def stateful():
        return StatefulDataLoader(Batches(opened(folder), 7), batch_size=None, collate_fn=list, num_workers=workers)

    expected = names(opened(folder).batches(7))
    loader, states, given = stateful(), [], []
    for batch in loader:
        given += names([batch])
        states.append(loader.state_dict())
    assert given == expected
    for place in (0, 3, len(expected) - 2):
        again = stateful()
        again.load_state_dict(states[place])
        assert names(again) == expected[place + 1 :], place
        alone = opened(folder)
        alone.load_state_dict(states[place])
        assert names(alone.batches(7)) == expected[place + 1 :]
    alone = opened(folder)
    alone.load_state_dict(states[-1])
    assert alone.place() == (1, 0, 1)


def test_the_state_of_one_worker_is_not_taken_for_that_of_all(folder):
    loader = StatefulDataLoader(Batches(opened(folder), 7), batch_size=None, collate_fn=list, num_workers=2)
    for _ in islice(loader, 3):
        pass
    (part,) = [value for key, value in loader.state_dict()["_snapshot"]["_worker_snapshots"].items() if key == "worker_1"]
    alone = opened(folder)
    alone.load_state_dict(part)
    with pytest.raises(ConfigError, match="the state is of one of 2 workers, and now there are 1"):
        next(alone.batches(7))


def test_workers_that_would_follow_each_for_itself_are_refused(folder):
    dataset = opened(folder, follow=True)
    list(dataset.items(0, 2))
    with pytest.raises(ConfigError, match="follow with exemplar_data.torch.Loader"):
        next(dataset.items(0, 2))


def test_workers_read_from_s3_and_a_pickled_dataset_is_the_same_one(s3, folder, tmp_path):
    shutil.copytree(folder, s3 / "datasets" / "moving", ignore=shutil.ignore_patterns("later"))
    expected = names(opened(folder, generation=1).batches(7))
    remote = opened("s3://bucket/datasets/moving", cache=tmp_path / "cache", generation=1)
    assert names(Loader(remote, 7, "python", num_workers=2)) == expected
    assert names(pickle.loads(pickle.dumps(opened("s3://bucket/datasets/moving", cache=tmp_path / "cache", generation=1))).batches(7)) == expected


def torchrun(folder, out, processes):
    out.mkdir()
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", str(TESTS / "torch_reader.py")]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([*command, str(folder), str(out)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads((out / f"{rank}.json").read_text()) for rank in range(processes)]


def test_two_processes_share_an_epoch_stop_go_on_as_one_and_take_up_a_new_generation_together(folder, tmp_path):
    expected = flat(names(opened(folder).batches(60)))
    ranks = torchrun(folder, tmp_path / "out", 2)
    given = [ranks[place % 2]["given"][place // 2] for place in range(40)]
    assert ranks[0]["state"] == ranks[1]["state"]
    alone = Loader(opened(folder), 4, "python", num_workers=2)
    alone.load_state_dict(ranks[0]["state"])
    assert [tuple(item) for item in given] + flat(names(alone)) == expected

    for found in ranks:
        assert found["lengths"] == [3 * 8, 3]  # 48 of 60, and as many batches as `len` says
        assert (found["generation"], found["next"]) == (2, 40)
