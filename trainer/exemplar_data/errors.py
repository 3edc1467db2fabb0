"""What goes wrong with a dataset. Each prints as one line; `kind` is the failure type that a workflow sees."""


class ExemplarError(Exception):
    """Base of the errors below. `retryable`: whether the same call may succeed later without a change by the user."""

    kind = "Internal"
    retryable = False


class ConfigError(ExemplarError):
    """An argument or a field of a file is wrong, or names what does not exist."""

    kind = "Train.Config"


class DataError(ExemplarError):
    """A file of the dataset is missing, damaged or breaks the contract; the message names it."""

    kind = "Data.Corrupt"


class SchemaTooNew(DataError):
    """The dataset was written by a newer version than this reader knows."""

    kind = "Data.SchemaTooNew"


class StoreUnavailable(ExemplarError):
    """Storage did not answer."""

    kind = "Store.Unavailable"
    retryable = True


class StoreDenied(ExemplarError):
    """Storage refuses the credentials, or they do not reach this far."""

    kind = "Store.Denied"
