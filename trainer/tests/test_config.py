import pytest

from exemplar_trainer.config import TrainConfig
from exemplar_trainer.errors import ConfigError

GOOD = {"name": "run-1", "campaign": "demo", "uri": "/data", "checkpoints": "/run"}


def test_defaults_are_those_of_the_training_file():
    config = TrainConfig.from_json(GOOD)
    assert (config.startFrom, config.generation, config.seed, config.epochs, config.batchGroups) == (None, None, 0, 20, 8)
    assert (config.learningRate, config.checkpointEverySteps, config.threads) == (1e-3, 50, 1)
    assert (config.size, config.stepsAPlan, config.objective, config.contrast, config.contrastWeight) == ("small", 6, "em", "corrected", 0.1)
    assert (config.negatives, config.evaluateEverySteps, config.stopAfter, config.follow, config.compile) == ("own", 200, None, False, False)
    assert TrainConfig.from_json(config.to_json()) == config


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
        ("contrastWeight", 0, "contrastWeight must be a number above 0, not 0"),
        ("contrastWeight", True, "contrastWeight must be a number above 0, not True"),
        ("stepsAPlan", 0, "stepsAPlan must be an integer of at least 1"),
        ("evaluateEverySteps", 0, "evaluateEverySteps must be an integer of at least 1"),
        ("stopAfter", 0, "stopAfter must be an integer of at least 1"),
        ("size", "huge", "size must be one of tiny, small, base, large, not 'huge'"),
        ("objective", "tb", "objective must be one of em, imitation, not 'tb'"),
        ("contrast", None, "contrast must be one of corrected, plain, dpo, none, not None"),
        ("negatives", "mine", "negatives must be one of own, random, shuffled, not 'mine'"),
        ("follow", 1, "follow must be true or false, not 1"),
        ("compile", "yes", "compile must be true or false, not 'yes'"),
        ("uri", "", "uri must be s3://"),
        ("startFrom", 7, "startFrom must be s3://bucket/prefix or a folder, not 7"),
        ("epoch", 3, "unknown field epoch; the fields are name"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(field, value, message):
    with pytest.raises(ConfigError, match=message):
        TrainConfig.from_json({**GOOD, field: value})


def test_a_run_that_follows_names_no_generation():
    with pytest.raises(ConfigError, match="follow takes up newer generations, and generation 3 pins one: give one of the two"):
        TrainConfig.from_json({**GOOD, "follow": True, "generation": 3})


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(field):
    with pytest.raises(ConfigError, match=f"{field} is missing"):
        TrainConfig.from_json({key: value for key, value in GOOD.items() if key != field})
