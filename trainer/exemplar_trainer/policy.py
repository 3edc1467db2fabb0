"""Policies over the edges of a state graph: what a sampler asks of them, and the tabular ones."""

from typing import Protocol

import torch
from torch import nn

from .graph import StateGraph


class GraphPolicy(Protocol):
    """
    P_F and P_B over edges. states: int64 [N].

    forward_logits: [N, A + 1], over `graph.out_edges[states]` and STOP, which is last. backward_logits: [N, A'], over `graph.in_edges[states]`.
    -inf where there is no edge.
    """

    graph: StateGraph

    def forward_logits(self, states: torch.Tensor) -> torch.Tensor: ...
    def backward_logits(self, states: torch.Tensor) -> torch.Tensor: ...


class TabularPolicy(nn.Module):
    """
    A logit an edge, forwards and backwards, in float64; all 0 at first, which is uniform. learn_backward: else P_B stays uniform.
    log_f_tilde: [S], log of the flow through a state (over R(s) for forward-looking losses); logZ: [roots]. Only some losses read them.
    """

    def __init__(self, graph: StateGraph, learn_backward: bool = True) -> None:
        super().__init__()
        self.graph = graph
        self.edge_logits = nn.Parameter(torch.zeros(graph.states, graph.out_edges.shape[1] + 1, dtype=torch.float64))
        self.undo_logits = nn.Parameter(torch.zeros(graph.in_edges.shape, dtype=torch.float64), requires_grad=learn_backward)
        self.log_f_tilde = nn.Parameter(torch.zeros(graph.states, dtype=torch.float64))
        self.logZ = nn.Parameter(torch.zeros(len(graph.roots), dtype=torch.float64))
        self.register_buffer("no_edit", nn.functional.pad(graph.out_edges < 0, (0, 1)), persistent=False)
        self.register_buffer("no_undo", graph.in_edges < 0, persistent=False)

    def forward_logits(self, states: torch.Tensor) -> torch.Tensor:
        return self.edge_logits[states].masked_fill(self.no_edit[states], float("-inf"))

    def backward_logits(self, states: torch.Tensor) -> torch.Tensor:
        return self.undo_logits[states].masked_fill(self.no_undo[states], float("-inf"))


def edge_log_probs(policy: GraphPolicy) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(log_pf [E], log_p_stop [S], log_pb [E]) of a whole graph, nats."""
    graph = policy.graph
    forward = policy.forward_logits(torch.arange(graph.states)).log_softmax(1)
    inner = torch.nonzero(graph.depth > 0).squeeze(1)
    backward = policy.backward_logits(inner).log_softmax(1)
    log_pf = forward[graph.source, graph.out_place]
    row = torch.zeros(graph.states, dtype=torch.int64).index_put((inner,), torch.arange(len(inner)))
    log_pb = backward[row[graph.target], graph.in_place]
    return log_pf, forward[:, -1], log_pb


def terminating_law(policy: GraphPolicy) -> torch.Tensor:
    """The exact law of the states in which P_F stops: [S], summing to 1 below each root."""
    log_pf, log_p_stop, _ = edge_log_probs(policy)
    return policy.graph.terminating_law(log_pf, log_p_stop)


def log_z_read_off(policy: GraphPolicy) -> torch.Tensor:
    """log R(root) - log P_F(STOP | root), nats: logZ where the policy is at the optimum of a `modified_` loss. [roots]"""
    roots = policy.graph.roots
    return policy.graph.log_reward[roots] - policy.forward_logits(roots).log_softmax(1)[:, -1]
