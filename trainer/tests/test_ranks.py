"""Several processes as one: torchrun with gloo, two ranks on CPUs."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from campaigns import Campaign
from runs import TRAINER, Child, complete, curve
from safetensors.torch import load_file

from exemplar_trainer.child import STOPPED
from exemplar_trainer.config import TrainConfig
from exemplar_trainer.errors import ConfigError
from exemplar_trainer.train import train

STEPS = 8
SHARED = {"name": "short-run", "campaign": "moving", "size": "tiny", "epochs": 2, "checkpointEverySteps": 5}


def torchrun(config, folder: Path) -> list[dict]:
    """Trains with two ranks; what they said on stdout."""
    file = folder / "config.json"
    file.write_text(json.dumps({**SHARED, **config}))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "exemplar_trainer.child", "--config", str(file)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=TRAINER, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def as_torchrun(config, stop: int | None = None) -> list[int]:
    """The same by the variables that torchrun sets: how each rank ended. stop: a rank that gets SIGTERM once steps are taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(probe.getsockname()[1]), "WORLD_SIZE": "2"}
    ranks = [Child({**SHARED, **config}, **address, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in range(2)]
    if stop is not None:
        next(event for event in ranks[0].events() if event["event"] == "progress")
        ranks[stop].send(signal.SIGTERM)
    return [child.wait() for child in ranks]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A dataset of 13 train situations: no two ranks divide them evenly."""
    return Campaign(situations=22).write(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="module")
def two(odd, tmp_path_factory):
    """The checkpoints of two ranks with two situations each a step, and what they said."""
    folder = tmp_path_factory.mktemp("two")
    said = torchrun({"uri": str(odd), "checkpoints": str(folder / "run"), "batchGroups": 2, "objective": "imitation"}, folder)
    return folder / "run", said


def test_two_ranks_take_the_steps_of_one_process_with_twice_the_situations(two, odd, tmp_path, on_cpu):
    """13 situations in steps of 4: the last step of an epoch is filled up, so that both ranks have equally many."""
    run, said = two
    config = {**SHARED, "uri": str(odd), "checkpoints": str(tmp_path / "one"), "batchGroups": 4, "objective": "imitation"}
    result = train(TrainConfig.from_json(config), lambda event: None)
    assert len(curve(run)) == STEPS
    assert curve(run) == pytest.approx(curve(tmp_path / "one"), rel=1e-5)
    mine, theirs = (load_file(folder / f"{STEPS:08d}" / "model.safetensors") for folder in (run, tmp_path / "one"))
    assert mine.keys() == theirs.keys()
    apart = {name: (mine[name] - theirs[name]).abs().max().item() for name in mine}
    assert {name: by for name, by in apart.items() if by > 1e-4} == {}
    loaders = [json.loads((folder / f"{STEPS:08d}" / "state.json").read_text())["loader"] for folder in (run, tmp_path / "one")]
    assert loaders[0] == loaders[1]
    results = [event["result"] for event in said if event["event"] == "result"]
    assert len(results) == 1
    for split in ("train", "validation", "test"):
        assert results[0][split]["nats"] == pytest.approx(result[split]["nats"], rel=1e-4)


def test_one_rank_speaks_and_writes(two):
    run, said = two
    assert [event["event"] for event in said].count("result") == 1 and "stopped" not in {event["event"] for event in said}
    steps = [event["step"] for event in said if event["event"] == "progress"]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS
    assert [folder.name for folder in complete(run)] == ["00000005", "00000008"]


def test_two_ranks_go_on_exactly_and_one_does_not_go_on_for_two(two, odd, tmp_path, on_cpu):
    """With all the kinds of steps of `em`, from the checkpoint of an epoch's middle."""
    config = {"uri": str(odd), "checkpoints": str(tmp_path / "run"), "batchGroups": 2}
    assert as_torchrun(config) == [0, 0]
    whole = shutil.copytree(tmp_path / "run", tmp_path / "whole")
    shutil.rmtree(tmp_path / "run" / "00000008")
    with pytest.raises(ConfigError, match="holds a run whose ranks is 2, not 1; choose another name"):
        train(TrainConfig.from_json({**SHARED, **config}), lambda event: None)
    assert as_torchrun(config) == [0, 0]
    assert curve(tmp_path / "run") == curve(whole)
    for name in ("model.safetensors", "optimizer.safetensors"):
        assert (tmp_path / "run" / "00000008" / name).read_bytes() == (whole / "00000008" / name).read_bytes()


def test_two_ranks_stop_where_one_of_them_is_told_to(two, odd, tmp_path):
    """The one that does not write: both end with the checkpoint of one and the same step, and go on from it to the same curve."""
    config = {"uri": str(odd), "checkpoints": str(tmp_path / "run"), "batchGroups": 2, "objective": "imitation"}
    assert as_torchrun(config, stop=1) == [STOPPED, STOPPED]
    assert complete(tmp_path / "run")[-1].name < f"{STEPS:08d}"
    assert as_torchrun(config) == [0, 0]
    assert curve(tmp_path / "run") == curve(two[0])
