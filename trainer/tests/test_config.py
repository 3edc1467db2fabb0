import pytest

from exemplar_trainer.config import TrainConfig
from exemplar_trainer.errors import ConfigError

GOOD = {"name": "run-1", "campaign": "demo", "uri": "/data", "checkpoints": "/run"}


def test_defaults_are_those_of_the_training_file():
    config = TrainConfig.from_json(GOOD)
    assert (config.generation, config.seed, config.epochs, config.batchGroups) == (None, 0, 20, 8)
    assert (config.learningRate, config.checkpointEverySteps, config.threads) == (3e-4, 50, 1)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "X", "name must be 3 to 63 lower-case letters"),
        ("campaign", "demo\n", "campaign must be 3 to 63"),
        ("epochs", 0, "epochs must be an integer of at least 1, not 0"),
        ("epochs", True, "epochs must be an integer"),
        ("seed", -1, "seed must be an integer of at least 0"),
        ("batchGroups", 2.5, "batchGroups must be an integer"),
        ("generation", 0, "generation must be an integer of at least 1"),
        ("learningRate", float("nan"), "learningRate must be a number above 0"),
        ("learningRate", 0, "learningRate must be a number above 0"),
        ("uri", "", "uri must be s3://"),
        ("epoch", 3, "unknown field epoch; the fields are name"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(field, value, message):
    with pytest.raises(ConfigError, match=message):
        TrainConfig.from_json({**GOOD, field: value})


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(field):
    with pytest.raises(ConfigError, match=f"{field} is missing"):
        TrainConfig.from_json({key: value for key, value in GOOD.items() if key != field})
