"""Runs that are interrupted, and the checkpoints that they go on from."""

import json
import signal
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from campaigns import Campaign
from runs import SHORT, Child, complete, curve, run, state_of, stopped_after

from exemplar_trainer import policies
from exemplar_trainer import step as stepping
from exemplar_trainer import train as training
from exemplar_trainer.checkpoint import SCHEMA
from exemplar_trainer.errors import ConfigError, DataError

pytestmark = pytest.mark.usefixtures("on_cpu")
FILES = ("model.safetensors", "optimizer.safetensors", "vocabulary.json")
LAST = "00000010"


@pytest.fixture(scope="module")
def uninterrupted(moving, tmp_path_factory) -> Path:
    """The checkpoints of the `settings` run, never stopped."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        run({**SHORT, "campaign": "moving", "uri": str(moving), "checkpoints": str(folder)})
    return folder


def assert_same_end(found: Path, expected: Path) -> None:
    assert complete(found)[-1].name == complete(expected)[-1].name == LAST
    for name in FILES:
        assert (found / LAST / name).read_bytes() == (expected / LAST / name).read_bytes(), name
    assert curve(found) == curve(expected)
    assert len(curve(found)) == int(LAST)
    for part in ("evaluations", "best", "em", "loader"):
        assert state_of(found)[part] == state_of(expected)[part], part
    assert metrics(found) == metrics(expected)


def metrics(folder: Path):
    """The rows of all checkpoints, but for how fast they were."""
    tables = [pa.ipc.open_file(checkpoint / "metrics.arrow").read_all() for checkpoint in complete(folder)]
    return pa.concat_tables(tables).drop_columns(["tokens_per_s"]).to_pylist()


# -- interrupted runs


def test_a_run_killed_twice_ends_with_the_weights_and_the_curve_of_one_never_killed(settings, uninterrupted):
    folder = Path(settings["checkpoints"])
    for step in (4, 7):
        child = Child(settings)
        for event in child.events():
            if event["checkpoint"] and event["step"] >= step:
                child.send(signal.SIGKILL)
                break
        assert child.wait() == -signal.SIGKILL
        assert complete(folder) and complete(folder)[-1].name < LAST
    run(settings)
    assert_same_end(folder, uninterrupted)


def test_a_run_told_to_stop_puts_a_checkpoint_at_that_step_and_goes_on_exactly(settings, uninterrupted):
    folder = Path(settings["checkpoints"])
    child = Child(settings)
    for event in child.events():
        if event["event"] == "progress" and event["step"] >= 3:
            child.send(signal.SIGTERM)
            break
    *_, last = child.events()
    assert (child.wait(), last) == (75, {"event": "stopped"})
    stopped = complete(folder)[-1].name
    assert "00000003" <= stopped < LAST
    run(settings)
    assert_same_end(folder, uninterrupted)


def test_stopping_between_checkpoints_loses_no_step(settings, uninterrupted):
    assert run(settings, stopped_after(4))[0] is None
    folder = Path(settings["checkpoints"])
    assert [path.name for path in complete(folder)] == ["00000003", "00000004"]
    result, seen = run(settings)
    assert seen[0]["step"] == 5
    assert result["step"] == int(LAST)
    assert_same_end(folder, uninterrupted)


def test_a_save_cut_off_before_its_state_file_is_passed_over(settings, uninterrupted):
    run(settings, stopped_after(6))
    torn = Path(settings["checkpoints"]) / "00000009"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"torn")
    run(settings)
    assert_same_end(Path(settings["checkpoints"]), uninterrupted)


def test_steps_that_draw_plans_go_on_exactly_too(settings, tmp_path, monkeypatch):
    """E-steps on the posterior's own plans, M-steps and sleep steps: here often, from the start, and whatever the watch says."""
    for module, name, value in (
        *((stepping, name, value) for name, value in (("RAMP_STEPS", 1), ("OWN_EVERY", 4), ("M_STEP_EVERY", 4), ("SLEEP_EVERY", 4), ("THRESHOLD", (1e9, 1e9)))),
        *((policies, name, value) for name, value in (("MOST_EDITS", 6), ("MOST_TEXT", 5), ("MOST_EXPLANATION", 8))),
    ):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(training, "watch", lambda actor, situations: {"collapsed": False})
    changes = {"evaluateEverySteps": 2}
    taken, real = [], {name: getattr(stepping, name) for name in ("latent", "m_step", "sleep_step")}
    for name in real:
        monkeypatch.setattr(stepping, name, lambda *arguments, name=name: taken.append(name) or real[name](*arguments))
    run(settings, **changes)
    # after steps 2, 3, 4, 6, 7 and 8 of 10; an M-step draws plans too
    assert taken == 2 * ["m_step", "latent", "sleep_step", "latent"]
    other = {**settings, **changes, "checkpoints": str(tmp_path / "other")}
    for steps in (4, 3):
        run(other, stopped_after(steps))
    run(other)
    for name in FILES:
        assert (tmp_path / "other" / "00000010" / name).read_bytes() == (Path(settings["checkpoints"]) / "00000010" / name).read_bytes(), name
    assert curve(tmp_path / "other") == curve(Path(settings["checkpoints"]))
    assert state_of(tmp_path / "other")["em"] == state_of(Path(settings["checkpoints"]))["em"] != {}


def test_a_run_from_s3_to_s3_equals_one_in_folders(s3, settings, uninterrupted, monkeypatch, tmp_path):
    monkeypatch.setenv("EXEMPLAR_CACHE", str(tmp_path / "cache"))
    Campaign().write(s3 / "datasets" / "moving", pulled=False)
    result, _ = run(settings, uri="s3://bucket/datasets/moving", checkpoints="s3://bucket/checkpoints/short-run")
    assert result["checkpoint"].startswith("s3://bucket/checkpoints/short-run/000000")
    assert_same_end(s3 / "checkpoints" / "short-run", uninterrupted)


# -- checkpoints


def test_a_damaged_checkpoint_is_named_not_trained_on(settings):
    run(settings, stopped_after(4))
    for name in FILES:
        path = Path(settings["checkpoints"]) / "00000004" / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(DataError, match=f"00000004/{name}: sha256 differs"):
            run(settings)
        path.unlink()
        with pytest.raises(DataError, match=f"00000004/{name}: missing"):
            run(settings)
        path.write_bytes(whole)
    state = Path(settings["checkpoints"]) / "00000004" / "state.json"
    state.write_text(state.read_text()[:-9])
    with pytest.raises(DataError, match="00000004/state.json: not a checkpoint's state"):
        run(settings)
    state.write_text(json.dumps({"schema": SCHEMA, "step": 4}))
    with pytest.raises(DataError, match="00000004/state.json: not a checkpoint's state: steps is missing$"):
        run(settings)


def test_a_best_checkpoint_that_was_removed_is_named(settings):
    run(settings, epochs=1)
    folder = complete(Path(settings["checkpoints"]))[-1]
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps({**state, "best": {**state["best"], "step": 1}}))
    with pytest.raises(DataError, match="/00000001: missing, and it is the best by validation; without it the run has no result$"):
        run(settings, epochs=1)


@pytest.mark.parametrize(("schema", "whose"), [(SCHEMA - 1, "an older trainer"), (SCHEMA + 1, "a newer trainer")])
def test_a_checkpoint_of_another_trainer_is_refused(settings, schema, whose):
    folder = Path(settings["checkpoints"]) / "00000003"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps({"schema": schema, "step": 3}))
    with pytest.raises(ConfigError, match=f"00000003: written by {whose} .schema {schema}, this one reads {SCHEMA}.; choose another name"):
        run(settings)


def test_state_is_json_and_tensors_are_safetensors_with_nothing_pickled(uninterrupted):
    folder = complete(uninterrupted)[-1]
    assert {path.name for path in folder.iterdir()} == {*FILES, "metrics.arrow", "state.json"}
    rows = metrics(uninterrupted)
    assert [row["step"] for row in rows] == [*range(1, 11)]
    assert [row["loss"] for row in rows] == curve(uninterrupted)
    losses = ("final", "draft", "posterior", "telling", "untold", "balance", "link", "contrast", "maximize", "sleep")
    assert [sum(row[name] or 0 for name in losses) for row in rows] == pytest.approx(curve(uninterrupted), rel=1e-5)
    assert [row["step"] - 1 for row in rows if row["contrast"] is not None] == [1, 9]
    assert [row["step"] - 1 for row in rows if row["link"] is not None] == [6]
    for name in FILES[:2]:
        data = (folder / name).read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        assert max(entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__") == len(data) - 8 - length
    state = state_of(uninterrupted)
    assert [each["step"] for each in state["evaluations"]] == [6, 10]
    assert all({"nats", "swapNats", "sharedNats", "collapsed"} <= each.keys() for each in state["evaluations"])
    best = min(state["evaluations"], key=lambda each: each["nats"])
    assert state["best"] == {"step": best["step"], "nats": best["nats"], "generation": 1}
    assert state["resources"] == [["load", "kg"]]
    words = json.loads((folder / "vocabulary.json").read_text())["words"]
    assert " check" in words or "check" in words
