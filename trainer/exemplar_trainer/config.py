"""What one training run reads and does."""

import math
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from .errors import ConfigError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{2,62}")


@dataclass(frozen=True)
class TrainConfig:
    """
    A training run; fields mirror `TrainFile` of schemas/campaign.ts, plus where data lie and checkpoints go.

    learningRate: AdamW's, after a linear warm-up; in (0, inf).
    uri: `s3://bucket/datasets/<campaign>` or a pulled folder.
    checkpoints: `s3://bucket/checkpoints/<name>` or a folder; this run's own.
    threads: CPU threads of the loop. Part of the run: sums in another order round differently.
    """

    name: str
    campaign: str
    uri: str
    checkpoints: str
    generation: int | None = None
    seed: int = 0
    epochs: int = 20
    batchGroups: int = 8
    learningRate: float = 3e-4
    checkpointEverySteps: int = 50
    threads: int = 1

    def __post_init__(self) -> None:
        for field in ("name", "campaign"):
            value = getattr(self, field)
            if not isinstance(value, str) or not NAME.fullmatch(value):
                raise ConfigError(f"{field} must be 3 to 63 lower-case letters, digits and dashes, not {value!r}")
        for field in ("uri", "checkpoints"):
            value = getattr(self, field)
            if not isinstance(value, str) or not value:
                raise ConfigError(f"{field} must be s3://bucket/prefix or a folder, not {value!r}")
        smallest = {"seed": 0, "epochs": 1, "batchGroups": 1, "checkpointEverySteps": 1, "threads": 1}
        if self.generation is not None:
            smallest["generation"] = 1
        for field, least in smallest.items():
            value = getattr(self, field)
            if type(value) is not int or value < least:
                raise ConfigError(f"{field} must be an integer of at least {least}, not {value!r}")
        rate = self.learningRate
        if type(rate) not in (int, float) or not math.isfinite(rate) or rate <= 0:
            raise ConfigError(f"learningRate must be a number above 0, not {rate!r}")

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
