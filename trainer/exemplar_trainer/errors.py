"""Errors that end a training run, beside those of its data. Each prints as one line; `kind` is the failure type a workflow sees."""

from exemplar_data.errors import ConfigError, DataError, ExemplarError, SchemaTooNew, StoreDenied, StoreUnavailable

__all__ = [
    "ConfigError", "DataError", "DeviceFailed", "Diverged", "NoPositives", "SchemaTooNew", "StoreDenied", "StoreUnavailable", "TrainerError",
]  # fmt: skip

TrainerError = ExemplarError
"""What any of them is."""


class NoPositives(TrainerError):
    """The train split holds no situation with both a positive and a negative."""

    kind = "Train.NoPositives"


class Diverged(TrainerError):
    """The loss became NaN or infinite."""

    kind = "Train.Diverged"


class DeviceFailed(TrainerError):
    """The accelerator reported a fault; the run goes on from its newest checkpoint when retried."""

    kind = "Train.DeviceFailed"
    retryable = True
