"""Reads exemplar datasets for training: a converged plan together with the earlier versions that it is contrasted with."""

from .dataset import ExemplarDataset
from .errors import ConfigError, DataError, ExemplarError, SchemaTooNew, StoreDenied, StoreUnavailable

__all__ = ["ConfigError", "DataError", "ExemplarDataset", "ExemplarError", "SchemaTooNew", "StoreDenied", "StoreUnavailable"]
