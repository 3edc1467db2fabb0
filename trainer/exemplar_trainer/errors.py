"""Errors that end a training run. Each prints as one line; `kind` is the failure type a workflow sees."""


class TrainerError(Exception):
    """Base of the errors below. `retryable`: whether the same run may succeed later without a change by the user."""

    kind = "Internal"
    retryable = False


class ConfigError(TrainerError):
    """A field of the training file is wrong, or a run of that name exists with other settings."""

    kind = "Train.Config"


class DataError(TrainerError):
    """A file of the dataset is missing, damaged or breaks the contract; the message names it."""

    kind = "Data.Corrupt"


class SchemaTooNew(DataError):
    """The dataset was written by a newer version than this reader knows."""

    kind = "Data.SchemaTooNew"


class NoPositives(TrainerError):
    """The train split holds no situation with both a positive and a negative."""

    kind = "Train.NoPositives"


class Diverged(TrainerError):
    """The loss became NaN or infinite."""

    kind = "Train.Diverged"


class StoreUnavailable(TrainerError):
    """Storage did not answer; the run goes on from its newest checkpoint when retried."""

    kind = "Store.Unavailable"
    retryable = True


class StoreDenied(TrainerError):
    """Storage refuses the credentials, or they do not reach this far."""

    kind = "Store.Denied"


class DeviceFailed(TrainerError):
    """The accelerator reported a fault; the run goes on from its newest checkpoint when retried."""

    kind = "Train.DeviceFailed"
    retryable = True
