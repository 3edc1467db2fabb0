import json
import subprocess
import sys

import pytest
from runs import TRAINER

from exemplar_trainer.errors import ConfigError
from exemplar_trainer.sample import condition_of

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


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "stdin: not JSON"), ("[]", "situations must be a list"), (json.dumps({"situations": [SITUATION]}), "holds no complete checkpoint")],
)
def test_bad_input_is_one_line_and_status_2(text, message, tmp_path):
    command = [sys.executable, "-m", "exemplar_trainer.sample", "--checkpoint", str(tmp_path)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=TRAINER)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.count("\n") == 1
