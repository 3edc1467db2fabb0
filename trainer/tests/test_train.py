import json
import signal
from pathlib import Path

import pytest
import torch
from campaigns import Campaign
from runs import complete, curve, events, finish, start

from exemplar_trainer import train as training
from exemplar_trainer.config import TrainConfig
from exemplar_trainer.errors import ConfigError, DataError, Diverged, NoPositives
from exemplar_trainer.train import train

FILES = ("model.safetensors", "optimizer.safetensors")


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def run(settings, stopping=lambda: False, **changes):
    seen = []
    return train(TrainConfig.from_json({**settings, **changes}), seen.append, stopping), seen


@pytest.fixture(scope="module")
def uninterrupted(moving, tmp_path_factory) -> Path:
    """The checkpoints of the `settings` run, never stopped, from a process of its own."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    short = {"name": "short-run", "epochs": 4, "batchGroups": 3, "checkpointEverySteps": 3}
    status, _ = finish({**short, "campaign": "moving", "uri": str(moving), "checkpoints": str(folder)})
    assert status == 0
    return folder


def assert_same_end(found: Path, expected: Path) -> None:
    assert complete(found)[-1].name == complete(expected)[-1].name == "00000020"
    for name in FILES:
        assert (found / "00000020" / name).read_bytes() == (expected / "00000020" / name).read_bytes(), name
    assert curve(found) == curve(expected)
    assert len(curve(found)) == 20


def test_a_run_killed_twice_ends_with_the_weights_and_the_curve_of_one_never_killed(settings, uninterrupted):
    folder = Path(settings["checkpoints"])
    for step in (6, 15):
        with start(settings) as child:
            for event in events(child):
                if event["checkpoint"] and event["step"] >= step:
                    child.send_signal(signal.SIGKILL)
                    break
        assert child.returncode == -signal.SIGKILL
        assert complete(folder) and complete(folder)[-1].name < "00000020"
    assert finish(settings)[0] == 0
    assert_same_end(folder, uninterrupted)


def test_a_run_told_to_stop_puts_a_checkpoint_at_that_step_and_goes_on_exactly(settings, uninterrupted):
    folder = Path(settings["checkpoints"])
    with start(settings) as child:
        for event in events(child):
            if event["event"] == "progress" and event["step"] >= 3:
                child.send_signal(signal.SIGTERM)
                break
        *_, last = events(child)
    assert (child.returncode, last) == (75, {"event": "stopped"})
    stopped = complete(folder)[-1].name
    assert "00000003" <= stopped < "00000020"
    assert finish(settings)[0] == 0
    assert_same_end(folder, uninterrupted)


def test_stopping_between_checkpoints_loses_no_step(settings, uninterrupted):
    asked = iter([False] * 3 + [True])
    assert run(settings, stopping=lambda: next(asked))[0] is None
    folder = Path(settings["checkpoints"])
    assert [path.name for path in complete(folder)] == ["00000003", "00000004"]
    result, seen = run(settings)
    assert seen[0]["step"] == 5
    assert result["step"] == 20
    assert_same_end(folder, uninterrupted)


def test_a_save_cut_off_before_its_state_file_is_passed_over(settings, uninterrupted):
    asked = iter([False] * 5 + [True])
    run(settings, stopping=lambda: next(asked))
    torn = Path(settings["checkpoints"]) / "00000009"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"torn")
    run(settings)
    assert_same_end(Path(settings["checkpoints"]), uninterrupted)


def test_a_damaged_checkpoint_is_named_not_trained_on(settings):
    run(settings)
    path = Path(settings["checkpoints"]) / "00000020" / "optimizer.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="00000020/optimizer.safetensors: sha256 differs"):
        run(settings, epochs=5)


def test_a_finished_run_only_evaluates_again_and_more_epochs_extend_it(settings):
    first, _ = run(settings, epochs=1)
    again, seen = run(settings, epochs=1)
    assert again == first and seen == []
    longer, seen = run(settings, epochs=2)
    assert (seen[0]["step"], longer["step"]) == (6, 10)
    with pytest.raises(ConfigError, match="epochs is 1, but .* is already 2 epochs in"):
        run(settings, epochs=1)


@pytest.mark.parametrize(("field", "value"), [("seed", 1), ("batchGroups", 4), ("learningRate", 1e-3), ("threads", 2)])
def test_a_name_is_not_reused_for_other_settings(settings, field, value):
    run(settings, epochs=1)
    with pytest.raises(ConfigError, match=f"holds a run whose {field} is .*choose another name"):
        run(settings, **{field: value})


def test_without_a_generation_a_started_run_keeps_the_one_it_began_with(settings, tmp_path):
    data = tmp_path / "data"
    Campaign(situations=10).write(data, generation=1, pulled=False)
    run(settings, uri=str(data), epochs=1)
    Campaign(situations=14).write(data, generation=2, pulled=False)
    result, _ = run(settings, uri=str(data), epochs=2)
    assert result["generation"] == 1
    with pytest.raises(ConfigError, match="generation is 1, not 2"):
        run(settings, uri=str(data), epochs=2, generation=2)


def test_finals_that_differ_are_learnt_and_held_out_situations_show_it(settings, moving):
    result, seen = run(settings, epochs=25, checkpointEverySteps=1000)
    assert seen[-1]["loss"] < 0.2 < seen[0]["loss"]
    for split in ("train", "validation", "test"):
        assert result[split]["pairAccuracy"] >= 0.9
        assert result[split]["longerFirst"] == 0.5
    assert result["test"]["interval"][0] < result["test"]["pairAccuracy"]
    assert result["simulated"] == "a" * 64


def test_labels_drawn_at_random_leave_held_out_ranking_at_chance(settings, tmp_path):
    data = Campaign(situations=120, shuffled=True, shares=(0.2, 0.2)).write(tmp_path / "data")
    result, _ = run(settings, uri=str(data), epochs=10)
    low, high = result["test"]["interval"]
    assert result["test"]["situations"] > 80
    assert low < 0.5 < high
    assert result["validation"]["pairAccuracy"] is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_naming_the_step_and_puts_no_checkpoint(settings, monkeypatch, value):
    losses = iter([1.0, 1.0, 1.0, value])
    real = training.info_nce
    monkeypatch.setattr(training, "info_nce", lambda energy, slots: real(energy, slots) * next(losses))
    with pytest.raises(Diverged, match="at step 4; lower learningRate"):
        run(settings)
    assert [path.name for path in complete(Path(settings["checkpoints"]))] == ["00000003"]


def test_a_dataset_without_positives_is_refused_in_one_line(settings, tmp_path):
    campaign = Campaign(situations=5)
    for row in campaign.rows:
        row["label"] = "none"
    with pytest.raises(NoPositives, match="^generation 1 of moving has no situation with a positive and a negative in its train split$"):
        run(settings, uri=str(campaign.write(tmp_path / "data")))


def test_another_campaigns_data_are_refused(settings):
    with pytest.raises(ConfigError, match="campaign is other, but .* holds campaign moving"):
        run(settings, campaign="other")


def test_a_run_from_s3_to_s3_equals_one_in_folders(s3, settings, uninterrupted):
    Campaign().write(s3 / "datasets" / "moving", pulled=False)
    result, _ = run(settings, uri="s3://bucket/datasets/moving", checkpoints="s3://bucket/checkpoints/short-run")
    assert result["checkpoint"] == "s3://bucket/checkpoints/short-run/00000020"
    assert_same_end(s3 / "checkpoints" / "short-run", uninterrupted)


def test_the_command_line_names_the_mistake_and_exits_2(settings):
    status, last = finish({**settings, "epochs": 0})
    assert status == 2
    assert (last["kind"], last["retryable"]) == ("Train.Config", False)
    assert last["message"] == "epochs must be an integer of at least 1, not 0"


def test_state_is_json_and_tensors_are_safetensors_with_nothing_pickled(settings):
    run(settings, epochs=1)
    folder = complete(Path(settings["checkpoints"]))[-1]
    assert {path.name for path in folder.iterdir()} == {*FILES, "state.json"}
    for name in FILES:
        data = (folder / name).read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        assert max(entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__") == len(data) - 8 - length
