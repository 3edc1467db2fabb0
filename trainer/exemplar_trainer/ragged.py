"""Rows of unequal lengths, computed a few of like length at a time, so that little of the work is padding."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

MOST_PARTS = 6
LEAST_ROWS = 12
"""Of each context in a part: below it, calls cost more than padding."""


def by_length(lengths: torch.Tensor, compute: Callable[..., torch.Tensor], *tensors: torch.Tensor) -> torch.Tensor:
    """
    What `compute(longest, *tensors)` gives for all rows, put together again. lengths: int64 [C, S]; tensors: [C, S, ...]; compute is called with some rows of each
    context, [C, s, ...], and their longest, and answers [C, s, longest + k, ...]. Returns [C, S, the longest + k, ...], 0 behind each part's.
    """
    count = min(MOST_PARTS, lengths.shape[1] // LEAST_ROWS)
    if count < 2:
        return compute(int(lengths.max()), *tensors)
    order = lengths.argsort(dim=1, descending=True, stable=True)
    first = torch.arange(len(lengths), device=lengths.device).unsqueeze(1) * lengths.shape[1]
    parts = []
    for places in order.chunk(count, 1):
        rows = (first + places).flatten()
        some = [_rows(each, rows, places.shape) for each in tensors]
        parts.append(compute(int(lengths.gather(1, places).max()), *some))
    longest = parts[0].shape[2]
    padded = [F.pad(part, [0, 0] * (part.dim() - 3) + [0, longest - part.shape[2]]) for part in parts]
    return _rows(torch.cat(padded, 1), (first + order.argsort(1)).flatten(), order.shape)


def _rows(tensor: torch.Tensor, rows: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    return tensor.flatten(0, 1).index_select(0, rows).unflatten(0, shape)
