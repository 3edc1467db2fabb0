import json
import shutil
from itertools import count
from pathlib import Path

import pytest
import torch
from campaigns import Campaign
from runs import complete, finish, run, state_of, stopped_after
from safetensors.torch import load_file

from exemplar_trainer import step as stepping
from exemplar_trainer import train as training
from exemplar_trainer.errors import ConfigError, DataError, Diverged, NoPositives
from exemplar_trainer.step import EmState

pytestmark = pytest.mark.usefixtures("on_cpu")
LEARNING = {"epochs": 32, "batchGroups": 7, "learningRate": 6e-3, "stepsAPlan": 4, "checkpointEverySteps": 1000, "evaluateEverySteps": 1000}


# -- what a run is


def test_a_finished_run_only_evaluates_again(settings):
    first, _ = run(settings, epochs=1)
    again, seen = run(settings, epochs=1)
    assert again == first and seen == []


def test_a_name_is_not_reused_for_other_settings(settings):
    run(settings, stopped_after(1))
    others = {
        "seed": 1, "epochs": 5, "batchGroups": 4, "learningRate": 2e-3, "size": "small", "stepsAPlan": 5, "objective": "imitation", "contrast": "plain",
        "contrastWeight": 0.2, "negatives": "random", "compile": True, "threads": 2, "evaluateEverySteps": 5, "startFrom": "/elsewhere",
    }  # fmt: skip
    assert {"campaign", *others} == set(training.SHAPES_THE_CURVE)
    for field, value in others.items():
        with pytest.raises(ConfigError, match=f"holds a run whose {field} is .*, not {value}; choose another name"):
            run(settings, **{field: value})
    result, _ = run(settings, stopped_after(2), checkpointEverySteps=1, stopAfter=9)  # these may change
    assert result is None


def test_without_a_generation_a_started_run_keeps_the_one_it_began_with(settings, tmp_path):
    data = tmp_path / "data"
    Campaign(situations=10).write(data, generation=1, pulled=False)
    run(settings, stopped_after(1), uri=str(data))
    Campaign(situations=14).write(data, generation=2, pulled=False)
    result, _ = run(settings, uri=str(data))
    assert (result["generation"], result["step"]) == (1, 4)
    with pytest.raises(ConfigError, match="generation is 1, not 2"):
        run(settings, uri=str(data), generation=2)


def test_a_run_that_follows_takes_up_a_newer_generation_in_its_next_epoch(settings, tmp_path):
    data = tmp_path / "data"
    Campaign(situations=10).write(data, generation=1, pulled=False)
    _, before = run(settings, stopped_after(1), uri=str(data), follow=True)
    Campaign(situations=40).write(data, generation=2, pulled=False)
    result, after = run(settings, uri=str(data), follow=True)
    assert result["generation"] == 2
    # the schedule stays that of the generation that it began with; what is best is so on the newest one
    steps = before[0]["steps"]
    assert {event["steps"] for event in after} == {steps} == {result["step"]}
    state = state_of(Path(settings["checkpoints"]))
    assert (state["generation"], state["best"]["generation"], state["best"]["step"]) == (2, 2, steps)


def test_a_run_that_follows_and_was_stopped_between_two_epochs_takes_up_what_is_new(settings, tmp_path):
    data = tmp_path / "data"
    Campaign(situations=10).write(data, generation=1, pulled=False)
    run(settings, stopped_after(2), uri=str(data), follow=True)
    assert state_of(Path(settings["checkpoints"]))["loader"]["index"] == 0
    Campaign(situations=14).write(data, generation=2, pulled=False)
    run(settings, stopped_after(1), uri=str(data), follow=True)
    assert state_of(Path(settings["checkpoints"]))["generation"] == 2


def test_a_run_may_start_from_anothers_checkpoint_on_a_campaign_that_has_grown(settings, tmp_path):
    data, first, second = tmp_path / "data", tmp_path / "first", tmp_path / "second"
    Campaign(situations=10).write(data, generation=1, pulled=False)
    run(settings, uri=str(data), checkpoints=str(first))
    Campaign(situations=40).write(data, generation=2, pulled=False)
    more = {"uri": str(data), "checkpoints": str(second), "startFrom": str(first), "learningRate": 1e-12}
    result, seen = run(settings, stopped_after(1), **more)
    # of the other run it has weights and words, and nothing else: steps, moments and generation are its own
    begun, best = state_of(second), complete(first)[-1]
    assert (begun["generation"], begun["step"], begun["startFrom"], begun["resources"]) == (2, 1, str(first), state_of(first)["resources"])
    assert (second / "00000001" / "vocabulary.json").read_bytes() == (best / "vocabulary.json").read_bytes()
    kept, weights = load_file(best / "model.safetensors"), load_file(second / "00000001" / "model.safetensors")
    assert all(torch.allclose(kept[name], each, atol=1e-9) for name, each in weights.items())
    assert seen[0]["steps"] > state_of(first)["steps"]
    # from then on it needs the other run no more
    shutil.rmtree(first)
    result, _ = run(settings, **more)
    assert result["generation"] == 2


@pytest.mark.parametrize("step", ["", "00000003"])
def test_what_a_run_starts_from_is_a_runs_best_or_the_step_that_is_named(settings, tmp_path, step):
    first = tmp_path / "first"
    run(settings, checkpoints=str(first))
    state = state_of(first)
    (complete(first)[-1] / "state.json").write_text(json.dumps({**state, "best": {**state["best"], "step": 6}}))
    run(settings, stopped_after(1), checkpoints=str(tmp_path / "second"), startFrom=str(first / step), learningRate=1e-12)
    weights = load_file(tmp_path / "second" / "00000001" / "model.safetensors")
    kept = load_file(first / (step or "00000006") / "model.safetensors")
    assert all(torch.allclose(kept[name], each, atol=1e-9) for name, each in weights.items())


def test_what_cannot_be_started_from_is_refused_naming_the_field(settings, tmp_path):
    with pytest.raises(ConfigError, match="startFrom: .*nowhere holds no complete checkpoint"):
        run(settings, startFrom=str(tmp_path / "nowhere"))
    other = tmp_path / "other"
    run(settings, stopped_after(1), checkpoints=str(other))
    with pytest.raises(ConfigError, match="size is small, but startFrom, .*other, holds an actor of size tiny"):
        run(settings, startFrom=str(other), size="small")
    (other / "00000001" / "model.safetensors").write_bytes(b"0")
    with pytest.raises(DataError, match="other/00000001/model.safetensors: sha256 differs"):
        run(settings, startFrom=str(other))


@pytest.mark.parametrize("steps", [1, 2])
def test_a_newer_generation_with_a_family_in_two_splits_is_refused_with_the_last_checkpoint_kept(settings, tmp_path, steps):
    data = tmp_path / "data"
    Campaign(situations=10).write(data, generation=1, pulled=False)
    run(settings, stopped_after(steps), uri=str(data), follow=True)
    leaking = Campaign(situations=14)
    held_out = next(row for row in leaking.rows if row["split"] == "test")
    held_out["root_id"] = leaking.rows[0]["root_id"]
    leaking.write(data, generation=2, pulled=False)
    with pytest.raises(DataError, match=f"^family {leaking.rows[0]['root_id']} is in the splits train and test$"):
        run(settings, uri=str(data), follow=True)
    assert state_of(Path(settings["checkpoints"]))["step"] == steps


def test_another_campaigns_data_are_refused(settings):
    with pytest.raises(ConfigError, match="campaign is other, but .* holds campaign moving"):
        run(settings, campaign="other")


def test_a_dataset_without_positives_is_refused_in_one_line(settings, tmp_path):
    campaign = Campaign(situations=5)
    for row in campaign.rows:
        row["label"] = "none"
    with pytest.raises(NoPositives, match="^generation 1 of moving has no situation with a positive and a negative in its train split$"):
        run(settings, uri=str(campaign.write(tmp_path / "data")))


def test_a_family_in_two_splits_is_refused(settings, tmp_path):
    campaign = Campaign(situations=10)
    held_out = next(row for row in campaign.rows if row["split"] == "test")
    held_out["root_id"] = campaign.rows[0]["root_id"]
    with pytest.raises(DataError, match=f"^family {campaign.rows[0]['root_id']} is in the splits train and test$"):
        run(settings, uri=str(campaign.write(tmp_path / "data")))


def test_a_row_in_the_file_of_another_split_is_refused(settings, tmp_path):
    campaign = Campaign(situations=10)
    folder = campaign.write(tmp_path / "data")
    manifest = json.loads((folder / "manifest.json").read_text())
    (entry,) = [file for file in manifest["pages"][0]["files"] if (file["kind"], file["split"]) == ("data", "validation")]
    entry["split"] = "test"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=f"^situation {campaign.rows[6 * 5]['situation_id']} is of split validation, and stands in a file of split test$"):
        run(settings, uri=str(folder))


def test_the_command_line_names_the_mistake_and_exits_2(settings):
    status, last = finish({**settings, "epochs": 0})
    assert status == 2
    assert (last["kind"], last["retryable"]) == ("Train.Config", False)
    assert last["message"] == "epochs must be an integer of at least 1, not 0"


# -- when it ends, and when it may not go on


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_naming_step_loss_and_parameter_and_puts_no_checkpoint(settings, monkeypatch, value):
    factors = iter([1.0, value])  # drafts have every second step
    real = stepping.imitation

    def imitation(actor, memory, role, pairs, steps):
        loss, seen = real(actor, memory, role, pairs, steps)
        return (loss * next(factors) if role == "draft" else loss), seen

    monkeypatch.setattr(stepping, "imitation", imitation)
    with pytest.raises(Diverged, match=r"^the loss is (nan|inf) at step 4 \(draft, gradient of place\); lower learningRate \(it is 0.001\)$"):
        run(settings)
    assert [path.name for path in complete(Path(settings["checkpoints"]))] == ["00000003"]


def test_a_gradient_that_is_not_finite_stops_the_run_naming_the_parameter(settings, monkeypatch):
    """Of a finite loss: the square root's slope at 0."""
    real, steps = stepping.imitation, count(1)

    def imitation(actor, memory, role, pairs, few):
        loss, seen = real(actor, memory, role, pairs, few)
        weight = actor.slot.weight[0, 0]
        return (loss + (weight - weight.detach()).sqrt() if role == "prior" and next(steps) == 5 else loss), seen

    monkeypatch.setattr(stepping, "imitation", imitation)
    with pytest.raises(Diverged, match=r"^a gradient is not finite at step 5 \(gradient of slot.weight\); lower learningRate"):
        run(settings)
    assert [path.name for path in complete(Path(settings["checkpoints"]))] == ["00000003"]
    assert all(each.isfinite().all() for each in load_file(Path(settings["checkpoints"]) / "00000003" / "model.safetensors").values())


def test_a_run_ends_after_so_many_evaluations_without_a_better_one_and_the_best_weights_count(settings, monkeypatch):
    losses = {2: 5.0, 4: 4.0, 6: 6.0, 8: 4.5}
    steps = iter(losses)
    monkeypatch.setattr(training, "validation_loss", lambda actor, situations: losses[next(steps)])
    result, seen = run(settings, evaluateEverySteps=2, stopAfter=2, objective="imitation")
    assert result["step"] == 8 and seen[-1]["steps"] == 10
    assert result["checkpoint"] == f"{settings['checkpoints']}/00000004"
    assert state_of(Path(settings["checkpoints"]))["best"] == {"step": 4, "nats": 4.0, "generation": 1}
    assert complete(Path(settings["checkpoints"]))[-1].name == "00000008"


def test_m_steps_wait_for_a_watch_without_collapse_and_a_balance_loss_below_a_falling_threshold():
    """The smoothed loss is 0.9 of what it was and 0.1 of the new one; losses come with their weight of 0.002."""
    em = EmState()
    em.collapsed = False
    assert not em.may_maximize(0.0)
    em.follow({"final": 1.0})
    assert em.smoothed is None
    em.follow({"balance": 0.04})
    em.follow({"balance": 0.14})
    assert em.smoothed == pytest.approx(0.9 * 20 + 0.1 * 70)
    threshold = stepping.THRESHOLD
    assert threshold[0] > 25 > threshold[1]
    assert em.may_maximize(0.0) and not em.may_maximize(1.0)
    em.collapsed = True
    assert not em.may_maximize(0.0)


# -- what is learnt


def test_finals_that_differ_are_learnt_and_held_out_situations_show_it(settings):
    result, seen = run(settings, **LEARNING)
    assert seen[-1]["loss"] < 0.25 * seen[0]["loss"]
    for split in ("train", "validation", "test"):
        assert result[split]["pairAccuracy"] >= 0.9
        assert result[split]["longerFirst"] == 0.5
    assert result["test"]["interval"][0] < result["test"]["pairAccuracy"]
    assert result["simulated"] == "a" * 64


def test_labels_drawn_at_random_leave_held_out_ranking_at_chance(settings, tmp_path):
    data = Campaign(situations=60, shuffled=True, shares=(0.3, 0.3)).write(tmp_path / "data")
    result, _ = run(settings, **{**LEARNING, "uri": str(data), "epochs": 8})
    low, high = result["test"]["interval"]
    assert result["test"]["situations"] > 35
    assert low < 0.5 < high
    assert result["validation"]["pairAccuracy"] is None and result["validation"]["nats"] is None
