"""Training objectives."""

import torch


def info_nce(energy: torch.Tensor, slots: torch.Tensor) -> torch.Tensor:
    """
    Grouped InfoNCE, the mean over groups of -log softmax(-E) at the positive, in nats.

    energy: float [P], nats. slots: int64 [G, 1 + M], rows of `energy`: the positive in column 0, negatives after it, -1 where a
    group has fewer than M. Returns a scalar; a model that cannot tell plans apart gets the mean of log(1 + m).

    With one negative it is -log sigmoid(E- - E+), the form of DPO's loss. At the optimum -E is log p+(z|c) - log p-(z|c) + const(c): the
    ratio between the laws of final and of earlier versions. It ranks versions; it is not the density of final plans.
    Source: van den Oord, Li, Vinyals 2018, arXiv 1807.03748, equation 4, negatives drawn within the group.
    """
    scores = (-energy)[slots.clamp(min=0)].masked_fill(slots < 0, float("-inf"))
    return (scores.logsumexp(1) - scores[:, 0]).mean()
