import io
import json
import subprocess
import sys

import pytest
from actors import actor_of, parsed_of, situations_of
from runs import TRAINER

from exemplar_trainer import policies
from exemplar_trainer import sample as sampling
from exemplar_trainer.checkpoint import SCHEMA
from exemplar_trainer.errors import ConfigError
from exemplar_trainer.policies import draw
from exemplar_trainer.sample import Trained, condition_of, sample

SITUATION = {"initial": "It rains.", "target": None, "agent": "rover", "task": "plan", "horizon": ["hours", "days"]}


def test_a_situation_is_read_as_it_stands():
    condition = condition_of(SITUATION, 0)
    assert (condition.initial, condition.target, condition.horizon) == ("It rains.", None, ("hours", "days"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("initial", " "), ("agent", 3), ("target", 3), ("task", "dream"), ("horizon", []), ("horizon", ["days", "hours"]),
        ("horizon", ["minutes", "days"]), ("horizon", ["minutes", "hours", "days", "weeks"]), ("horizon", "hours"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(field, value):
    with pytest.raises(ConfigError, match=rf"^situations\[2\]\.{field} must be "):
        condition_of({**SITUATION, field: value}, 2)


ASKED = json.dumps({"situations": [SITUATION]})


@pytest.fixture
def sampled(monkeypatch, capsys):
    """What the command answers: (status, stderr)."""

    def asked(checkpoint, *options, text=ASKED):
        monkeypatch.setattr(sys, "argv", ["sample", "--checkpoint", str(checkpoint), *options])
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return sampling.main(), capsys.readouterr().err

    return asked


def test_the_module_is_a_command_that_ends_with_the_status(tmp_path):
    command = [sys.executable, "-m", "exemplar_trainer.sample", "--checkpoint", str(tmp_path)]
    done = subprocess.run(command, input="{", capture_output=True, text=True, cwd=TRAINER)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "stdin: not JSON"), ("[]", "situations must be a list"), (ASKED, "holds no complete checkpoint")],
)
def test_bad_input_is_one_line_and_status_2(text, message, sampled, tmp_path):
    status, said = sampled(tmp_path, text=text)
    assert status == 2
    assert message in said and said.count("\n") == 1


@pytest.mark.parametrize("options", [("--count", "0"), ("--temperature", "-1"), ("--temperature", "nan")])
def test_nonsense_is_refused_before_anything_is_read(options, sampled, tmp_path):
    assert sampled(tmp_path, *options) == (2, "count must be at least 1, and temperature a number above 0\n")


def test_a_file_in_the_place_of_a_checkpoint_is_one_line(sampled, tmp_path):
    path = tmp_path / "run"
    path.write_text("")
    status, said = sampled(path)
    assert status in (1, 2)
    assert str(path) in said and said.count("\n") == 1


def test_a_state_that_lacks_a_field_is_one_line(sampled, tmp_path):
    (tmp_path / "state.json").write_text(json.dumps({"schema": SCHEMA}))
    assert sampled(tmp_path) == (1, f"{tmp_path}/state.json: not a checkpoint's state: step is missing\n")


def test_however_many_plans_are_asked_for_few_are_drawn_at_once(moving, monkeypatch):
    parsed = parsed_of(moving)
    actor = actor_of(parsed.vocabulary, parsed.figures)
    conditions = [one.condition for one, _ in situations_of(moving, parsed)[:2]]
    asked = []
    for limit, value in (("MOST_EDITS", 8), ("MOST_TEXT", 6)):  # an untrained actor goes on for long
        monkeypatch.setattr(policies, limit, value)
    monkeypatch.setattr(sampling, "AT_ONCE", 3)
    monkeypatch.setattr(sampling, "draw", lambda *given: asked.append(given[4]) or draw(*given))
    found = sample(Trained(actor.eval(), parsed.vocabulary, parsed.figures, {}), conditions, 8, "planning", 0, paths=1)
    assert asked == [3, 3, 2] * 2
    assert [sum(plan["times"] for plan in plans) for plans in found] == [8, 8]
