"""Rows of unequal lengths, computed a few of like length at a time, so that little of the work is padding."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

MOST_PARTS = 6
LEAST_ROWS = 12
"""Of each context in a part: below it, calls cost more than padding."""


def by_length(lengths: torch.Tensor, width: int, compute: Callable[..., torch.Tensor], *tensors: torch.Tensor, at_once: bool = False) -> torch.Tensor:
    """
    What `compute(longest, *tensors)` gives for all rows, put together again. lengths: int64 [C, S], at most width; tensors: [C, S, ...]; compute is called with some
    rows of each context, [C, s, ...], and their longest, and answers [C, s, longest + k, ...]. Returns [C, S, width + k, ...], 0 behind each part's. at_once: all
    rows are computed in one call, to the whole width.
    """
    count = min(MOST_PARTS, lengths.shape[1] // LEAST_ROWS)
    if at_once or count < 2:
        return compute(width, *tensors)
    order = lengths.argsort(dim=1, descending=True, stable=True)
    first = torch.arange(len(lengths), device=lengths.device).unsqueeze(1) * lengths.shape[1]
    parts = []
    for places in order.chunk(count, 1):
        rows = (first + places).flatten()
        longest = int(lengths.gather(1, places).max())
        part = compute(longest, *(_rows(each, rows, places.shape) for each in tensors))
        parts.append(F.pad(part, [0, 0] * (part.dim() - 3) + [0, width - longest]))
    return _rows(torch.cat(parts, 1), (first + order.argsort(1)).flatten(), order.shape)


def _rows(tensor: torch.Tensor, rows: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    return tensor.flatten(0, 1).index_select(0, rows).unflatten(0, shape)
