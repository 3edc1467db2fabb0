"""
Back-and-forth moves: undo some edits of a plan, complete it anew, accept or not, so that plans are drawn from R / Z.

From z draw K ~ q(. | z), undo K edits by P_B along a path to s, then edit by P_F until STOP in z', m edits later. Plans have no fixed
length, so the way back from z' draws m where this one drew K: without q's two terms the chain has another law.
Source: Zhang et al. 2022, arXiv 2202.01361, section 3.3; the terms of q follow from Metropolis and Hastings' rule on (path back, path forth).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from .policy import GraphPolicy
from .trajectories import retrace, sample_walks, score

LengthLaw = Callable[[torch.Tensor], torch.Tensor]
"""log q(k | z) from the plans' sizes |z|: int64 [B] -> float64 [B, K + 1] with K the largest size, -inf where k > |z|."""


@dataclass(frozen=True)
class Move:
    """
    Terms of a move z -> s -> z', each [B], nats. `_old` of z, `_new` of z'. log_q: of the edits between it and s. log_pb: its path to s undone.
    log_pf: that path done, and STOP in it.
    """

    log_reward_old: torch.Tensor
    log_reward_new: torch.Tensor
    log_q_old: torch.Tensor
    log_q_new: torch.Tensor
    log_pb_old: torch.Tensor
    log_pb_new: torch.Tensor
    log_pf_old: torch.Tensor
    log_pf_new: torch.Tensor


def log_acceptance(move: Move) -> torch.Tensor:
    """log A, [B]: a move is accepted with probability min(1, A)."""
    back = move.log_reward_new + move.log_q_new + move.log_pb_new + move.log_pf_old
    forth = move.log_reward_old + move.log_q_old + move.log_pb_old + move.log_pf_new
    return back - forth


def uniform_lengths(sizes: torch.Tensor) -> torch.Tensor:
    """q(k | z) uniform on 0..|z|."""
    k = torch.arange(int(sizes.max()) + 1)
    log_q = -(sizes + 1.0).double().log().unsqueeze(1).expand(-1, len(k))
    return log_q.masked_fill(k > sizes.unsqueeze(1), float("-inf"))


def halving_lengths(halvings: int) -> LengthLaw:
    """
    Half the mass at max(1, |z| / 2^halvings) rounded down, half uniform on 0..|z|: large moves first, smaller ones later, and every plan
    stays in reach. "Exactly k" would not be: with one k only, plans fall into classes that no move connects.
    """

    def lengths(sizes: torch.Tensor) -> torch.Tensor:
        at = (sizes >> halvings).clamp(min=1).minimum(sizes)
        uniform = uniform_lengths(sizes).exp()
        peak = torch.zeros_like(uniform).scatter(1, at.unsqueeze(1), 1.0)
        return (0.5 * uniform + 0.5 * peak).log()

    return lengths


@torch.no_grad()
def back_and_forth(
    policy: GraphPolicy, log_reward: torch.Tensor, plans: torch.Tensor, lengths: LengthLaw, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """One move of each plan. log_reward: [S], nats. plans: int64 [B]. Returns the plans after it, int64 [B], and whether it was accepted, bool [B]."""
    graph = policy.graph
    log_q_old = lengths(graph.depth[plans])
    undone = torch.multinomial(log_q_old.exp(), 1, generator=generator).squeeze(1)
    back = retrace(policy, plans, generator, undone)
    forth = sample_walks(policy, back.states[:, 0], generator)
    new = forth.last
    log_q_new = lengths(graph.depth[new])
    old_score, new_score = score(policy, back), score(policy, forth)
    move = Move(
        log_reward_old=log_reward[plans],
        log_reward_new=log_reward[new],
        log_q_old=log_q_old.gather(1, undone.unsqueeze(1)).squeeze(1),
        log_q_new=log_q_new.gather(1, forth.lengths.unsqueeze(1)).squeeze(1),
        log_pb_old=old_score.log_pb.sum(1),
        log_pb_new=new_score.log_pb.sum(1),
        log_pf_old=old_score.log_pf.sum(1) + old_score.log_p_stop[:, -1],
        log_pf_new=new_score.log_pf.sum(1) + new_score.log_p_stop[:, -1],
    )
    chance = torch.rand(len(plans), generator=generator, dtype=torch.float64)
    accepted = chance.log() < log_acceptance(move)
    return torch.where(accepted, new, plans), accepted
