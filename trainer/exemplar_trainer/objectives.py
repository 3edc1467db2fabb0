"""
Training objectives. Log-probabilities, log-rewards and log-flows are in nats, balance losses in nats squared.

Balance losses take padded batches of B trajectories of at most T steps. `steps`: bool [B, T], True where there is a step; rows begin with
their steps. What stands beyond them is not read, whatever it is. Values that are not finite where there is a step make the loss
not finite: the caller stops on that.
Two layouts. With STOP as the last step (log_pb 0 there): `trajectory_balance`, `detailed_balance`, `forward_looking_detailed_balance`,
`sub_trajectory_balance`; flows stand at the T + 1 states, the last of a row being the terminal one, whose flow is the reward.
Without it, where every state may be terminal: the `modified_` losses, which read R and P_F(STOP) at the T + 1 states and need no flow.
"""

import torch
from torch.nn.functional import logsigmoid


def trajectory_balance(
    logZ: torch.Tensor, log_pf: torch.Tensor, log_pb: torch.Tensor, log_reward: torch.Tensor, steps: torch.Tensor
) -> torch.Tensor:
    """
    Mean over trajectories of (logZ + sum log_pf - log R - sum log_pb)^2. logZ: [] or [B]; log_reward: [B].
    Source: Malkin, Jain, Bengio, Sun, Bengio 2022, arXiv 2201.13259, section 2.3.
    """
    return (logZ + _masked(log_pf - log_pb, steps).sum(1) - log_reward).square().mean()


def detailed_balance(log_f: torch.Tensor, log_pf: torch.Tensor, log_pb: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """
    Mean over steps of (log F(s) + log_pf - log F(s') - log_pb)^2. log_f: [B, T + 1].
    Source: Bengio, Lahlou, Deleu, Hu, Tiwari, Bengio 2021, arXiv 2111.09266, the detailed balance loss.
    """
    return _mean_square(log_f[:, :-1] + log_pf - log_f[:, 1:] - log_pb, steps)


def forward_looking_detailed_balance(
    log_f_tilde: torch.Tensor, log_reward: torch.Tensor, log_pf: torch.Tensor, log_pb: torch.Tensor, steps: torch.Tensor
) -> torch.Tensor:
    """
    Detailed balance of F(s) = R(s) F~(s): an edit is paid its own change of log R. log_f_tilde, log_reward: [B, T + 1]; at the terminal
    state log_f_tilde is 0 and log_reward that of the state stopped in.
    Source: Pan, Malkin, Zhang, Bengio 2023, arXiv 2302.01687, FL-DB.
    """
    return detailed_balance(log_f_tilde + log_reward, log_pf, log_pb, steps)


def sub_trajectory_balance(
    log_f: torch.Tensor, log_pf: torch.Tensor, log_pb: torch.Tensor, steps: torch.Tensor, lamda: float = 0.9
) -> torch.Tensor:
    """
    Mean over trajectories of the mean over i < j, weighted by lamda^(j - i), of
    (log F_i + sum_{i..j} log_pf - log F_j - sum_{i..j} log_pb)^2. log_f: [B, T + 1]. lamda: in [0, inf).
    Source: Madan et al. 2022, arXiv 2209.12782, SubTB(lambda).
    """
    squares, weights = _sub_trajectories(log_f, log_pf - log_pb, steps, lamda)
    return (squares.sum((1, 2)) / weights.sum((1, 2)).clamp(min=_TINY)).mean()


def modified_detailed_balance(
    log_reward: torch.Tensor, log_p_stop: torch.Tensor, log_pf: torch.Tensor, log_pb: torch.Tensor, steps: torch.Tensor
) -> torch.Tensor:
    """
    Mean over steps of delta^2, where every state may be terminal: detailed balance of F(s) = R(s) / P_F(STOP | s).
    delta = log R(s) + log_pf + log P_F(STOP | s') - log R(s') - log_pb - log P_F(STOP | s). log_reward, log_p_stop: [B, T + 1].
    Source: Deleu et al. 2022, arXiv 2202.13903, section 3.2.
    """
    return detailed_balance(log_reward - log_p_stop, log_pf, log_pb, steps)


def modified_sub_trajectory_balance(
    log_reward: torch.Tensor,
    log_p_stop: torch.Tensor,
    log_pf: torch.Tensor,
    log_pb: torch.Tensor,
    steps: torch.Tensor,
    lamda: float = 0.9,
) -> torch.Tensor:
    """
    The mean over all i < j of the batch, weighted by lamda^(j - i), of (sum_{t = i..j-1} delta_t)^2, delta as above; lamda = 0 is
    `modified_detailed_balance`. A batch without a step costs 0. At the optimum logZ = log R(root) - log P_F(STOP | root).
    Source: Hu et al. 2023, arXiv 2310.04363, the SubTB loss there, with a backward policy.
    """
    squares, weights = _sub_trajectories(log_reward - log_p_stop, log_pf - log_pb, steps, lamda)
    return squares.sum() / weights.sum().clamp(min=_TINY)


def grouped_nce(score: torch.Tensor, slots: torch.Tensor, log_p_neg: torch.Tensor | None = None) -> torch.Tensor:
    """
    Grouped InfoNCE, the mean over groups of -log softmax(score - log_p_neg) at the positive, in nats.

    score: float [P], nats, such as log p(z|c). slots: int64 [G, 1 + M], rows of `score`: the positive in column 0, negatives after it, -1 where a
    group has fewer than M. log_p_neg: [P], the law that negatives are drawn from. A model that cannot tell plans apart gets the
    mean of log(1 + m).

    Without log_p_neg the optimal score is log p+(z|c) - log p_neg(z|c) + const(c): the ratio between the laws of final and of earlier versions. It
    ranks versions; it is not the density of final plans. With it the optimal score is log p+(z|c) + const(c).
    Source: van den Oord, Li, Vinyals 2018, arXiv 1807.03748, equation 4, negatives drawn within the group; the correction is the ranking
    objective's of Ma and Collins 2018, arXiv 1809.01812.
    """
    if log_p_neg is not None:
        score = score - log_p_neg
    scores = score[slots.clamp(min=0)].masked_fill(slots < 0, float("-inf"))
    return (scores.logsumexp(1) - scores[:, 0]).mean()


def dpo(
    log_p_positive: torch.Tensor,
    log_p_negative: torch.Tensor,
    log_ref_positive: torch.Tensor,
    log_ref_negative: torch.Tensor,
    beta: float = 0.1,
) -> torch.Tensor:
    """
    Mean over pairs of -log sigmoid(beta [(log_p+ - log_ref+) - (log_p- - log_ref-)]), all [N]. With beta 1 and the negatives' law as reference it is
    `grouped_nce` of one negative, corrected.
    Source: Rafailov et al. 2023, arXiv 2305.18290, equation 7.
    """
    return -logsigmoid(beta * ((log_p_positive - log_ref_positive) - (log_p_negative - log_ref_negative))).mean()


_TINY = 1e-30
"""Weights of sub-trajectories sum to at least 1 where there is one."""


def _masked(values: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    return torch.where(present, values, 0.0)


def _mean_square(residual: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    return _masked(residual, steps).square().sum() / steps.sum().clamp(min=1)


def _sub_trajectories(
    log_f: torch.Tensor, log_ratio: torch.Tensor, steps: torch.Tensor, lamda: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted squared residuals of all i < j and their weights lamda^(j - i - 1), 0 where a row has no such pair: [B, T + 1, T + 1] each."""
    steps_before = torch.nn.functional.pad(_masked(log_ratio, steps).cumsum(1), (1, 0))
    present = torch.nn.functional.pad(steps, (1, 0), value=True)
    # the residual of (i, j) is the difference of a potential, log F_i less the sum of the log-ratios before i
    potential = _masked(log_f, present) - steps_before
    places = torch.arange(potential.shape[1], device=potential.device)
    length = places - places.unsqueeze(1)
    pairs = (length > 0) & present.unsqueeze(1)
    weights = torch.where(pairs, lamda ** (length - 1).clamp(min=0).to(potential.dtype), 0.0)
    return torch.where(pairs, (potential.unsqueeze(2) - potential.unsqueeze(1)).square() * weights, 0.0), weights
