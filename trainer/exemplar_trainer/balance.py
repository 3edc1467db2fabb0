"""Trains a policy on a state graph by one of the balance losses."""

import math
from collections.abc import Callable
from typing import Protocol

import torch

from .errors import Diverged
from .objectives import (
    detailed_balance,
    forward_looking_detailed_balance,
    modified_detailed_balance,
    modified_sub_trajectory_balance,
    sub_trajectory_balance,
    trajectory_balance,
)
from .policy import GraphPolicy
from .trajectories import Walks, sample_walks, score


class FlowPolicy(GraphPolicy, Protocol):
    """With logZ: [roots], and log_f_tilde: [S], which only `tb` and the losses of flows read."""

    logZ: torch.Tensor
    log_f_tilde: torch.Tensor


def modified_subtb(policy: GraphPolicy, walks: Walks, log_reward: torch.Tensor, lamda: float = 0.9) -> torch.Tensor:
    """The default. log_reward: [S], nats, that of `policy.graph` or another; so for all below."""
    seen = score(policy, walks)
    return modified_sub_trajectory_balance(log_reward[walks.states], seen.log_p_stop, seen.log_pf, seen.log_pb, seen.steps, lamda)


def modified_db(policy: GraphPolicy, walks: Walks, log_reward: torch.Tensor) -> torch.Tensor:
    seen = score(policy, walks)
    return modified_detailed_balance(log_reward[walks.states], seen.log_p_stop, seen.log_pf, seen.log_pb, seen.steps)


def tb(policy: FlowPolicy, walks: Walks, log_reward: torch.Tensor) -> torch.Tensor:
    root = torch.searchsorted(policy.graph.roots, walks.states[:, 0].contiguous())
    log_pf, log_pb, steps = score(policy, walks).with_stop()
    return trajectory_balance(policy.logZ[root], log_pf, log_pb, log_reward[walks.last], steps)


def fl_db(policy: FlowPolicy, walks: Walks, log_reward: torch.Tensor) -> torch.Tensor:
    states, stopped = with_terminal(walks)
    log_f_tilde = torch.where(stopped, 0.0, policy.log_f_tilde[states])
    return forward_looking_detailed_balance(log_f_tilde, log_reward[states], *score(policy, walks).with_stop())


def db(policy: FlowPolicy, walks: Walks, log_reward: torch.Tensor) -> torch.Tensor:
    return detailed_balance(_log_f(policy, walks, log_reward), *score(policy, walks).with_stop())


def subtb(policy: FlowPolicy, walks: Walks, log_reward: torch.Tensor, lamda: float = 0.9) -> torch.Tensor:
    return sub_trajectory_balance(_log_f(policy, walks, log_reward), *score(policy, walks).with_stop(), lamda)


def fit(
    policy: FlowPolicy,
    loss_of: Callable[[FlowPolicy, Walks, torch.Tensor], torch.Tensor],
    trajectories: int,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    batch: int = 16,
    epsilon: float = 0.1,
) -> float:
    """
    Trains on fresh walks from the root, epsilon of their steps uniform, while the learning rates fall linearly to 0: at a constant rate the law
    drifts away again. Returns the last loss, nats squared. Raises Diverged.
    """
    rates = [group["lr"] for group in optimizer.param_groups]
    steps = trajectories // batch
    starts = policy.graph.roots[:1].expand(batch)
    loss = math.nan
    for step in range(steps):
        walks = sample_walks(policy, starts, generator, epsilon=epsilon)
        balance = loss_of(policy, walks, policy.graph.log_reward)
        loss = balance.item()
        if not math.isfinite(loss):
            raise Diverged(f"the balance loss is {loss} at step {step + 1}; lower the learning rate (it is {rates[0]})")
        optimizer.zero_grad()
        if balance.requires_grad:
            balance.backward()
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * (1 - step / steps)
        optimizer.step()
    return loss


def with_terminal(walks: Walks) -> tuple[torch.Tensor, torch.Tensor]:
    """States of the layout with STOP, the last one again after it: [B, T + 2]; whether it is after STOP: bool [B, T + 2]."""
    states = torch.cat([walks.states, walks.last.unsqueeze(1)], 1)
    return states, torch.arange(states.shape[1]) > walks.lengths.unsqueeze(1)


def _log_f(policy: FlowPolicy, walks: Walks, log_reward: torch.Tensor) -> torch.Tensor:
    states, stopped = with_terminal(walks)
    return torch.where(stopped, log_reward[states], policy.log_f_tilde[states])
