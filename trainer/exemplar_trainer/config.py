"""What one training run reads and does."""

import math
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from .errors import ConfigError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{2,62}")
SIZES = ("tiny", "small", "base", "large")
CHOICES = {
    "size": SIZES,
    "objective": ("em", "imitation"),
    "contrast": ("corrected", "plain", "dpo", "none"),
    "negatives": ("own", "random", "shuffled"),
}


@dataclass(frozen=True)
class TrainConfig:
    """
    A training run; fields mirror `TrainFile` of schemas/training.ts, plus where data lie, where checkpoints go, and threads.

    uri: `s3://bucket/datasets/<campaign>` or a pulled folder.
    checkpoints: `s3://bucket/checkpoints/<name>` or a folder; this run's own.
    startFrom: a checkpoint, or a run's folder (its best by validation), that the first step begins from: its weights, words and scales of figures,
    and nothing else of it. None: weights drawn at random, words of the train split. Part of the run.
    generation: None takes the newest and stays with it. follow: each epoch takes the newest anew.
    learningRate: AdamW's, after a linear warm-up and before a linear decay over all epochs; in (0, inf).
    size: of the network, one of SIZES.
    stepsAPlan: steps of a path to a plan that one batch learns from.
    objective: `em` (all policies: E-, M-, sleep and contrastive steps) or `imitation` (the forward policy alone, of final plans).
    contrast: `corrected`, `plain`, `dpo` or `none`; contrastWeight: of its loss, a step of the plan (as imitation is counted).
    negatives: `own` (earlier versions), `random` (other situations' finals) or `shuffled` (labels drawn at random: must not help).
    stopAfter: evaluations without a better validation loss after which the run ends; None: it never does.
    compile: torch.compile of the network's layers, and tensors' lengths rounded up to a few: a minute or more to start, and needs a C++ compiler.
    threads: CPU threads of the loop. Part of the run: sums in another order round differently.
    """

    name: str
    campaign: str
    uri: str
    checkpoints: str
    startFrom: str | None = None
    generation: int | None = None
    seed: int = 0
    follow: bool = False
    epochs: int = 20
    batchGroups: int = 8
    learningRate: float = 1e-3
    size: str = "small"
    stepsAPlan: int = 6
    objective: str = "em"
    contrast: str = "corrected"
    contrastWeight: float = 0.1
    negatives: str = "own"
    checkpointEverySteps: int = 50
    evaluateEverySteps: int = 200
    stopAfter: int | None = None
    compile: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        for field in ("name", "campaign"):
            value = getattr(self, field)
            if not isinstance(value, str) or not NAME.fullmatch(value):
                raise ConfigError(f"{field} must be 3 to 63 lower-case letters, digits and dashes, not {value!r}")
        for field in ("uri", "checkpoints", *(() if self.startFrom is None else ("startFrom",))):
            value = getattr(self, field)
            if not isinstance(value, str) or not value:
                raise ConfigError(f"{field} must be s3://bucket/prefix or a folder, not {value!r}")
        smallest = {
            "seed": 0, "epochs": 1, "batchGroups": 1, "stepsAPlan": 1, "checkpointEverySteps": 1, "evaluateEverySteps": 1, "threads": 1,
        }  # fmt: skip
        for field in ("generation", "stopAfter"):
            if getattr(self, field) is not None:
                smallest[field] = 1
        for field, least in smallest.items():
            value = getattr(self, field)
            if type(value) is not int or value < least:
                raise ConfigError(f"{field} must be an integer of at least {least}, not {value!r}")
        for field in ("learningRate", "contrastWeight"):
            value = getattr(self, field)
            if type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
                raise ConfigError(f"{field} must be a number above 0, not {value!r}")
        for field, allowed in CHOICES.items():
            value = getattr(self, field)
            if value not in allowed:
                raise ConfigError(f"{field} must be one of {', '.join(allowed)}, not {value!r}")
        for field in ("follow", "compile"):
            if type(getattr(self, field)) is not bool:
                raise ConfigError(f"{field} must be true or false, not {getattr(self, field)!r}")
        if self.follow and self.generation is not None:
            raise ConfigError(f"follow takes up newer generations, and generation {self.generation} pins one: give one of the two")

    @staticmethod
    def from_json(value: Any) -> "TrainConfig":
        """Reads the object of a training file. Raises ConfigError naming the field."""
        if not isinstance(value, dict):
            raise ConfigError(f"the training config must be a JSON object, not {type(value).__name__}")
        known = [field.name for field in fields(TrainConfig)]
        for field in value:
            if field not in known:
                raise ConfigError(f"unknown field {field}; the fields are {', '.join(known)}")
        for field in ("name", "campaign", "uri", "checkpoints"):
            if field not in value:
                raise ConfigError(f"{field} is missing")
        return TrainConfig(**value)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
