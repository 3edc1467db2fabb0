"""Trajectories on a state graph: drawn from a policy forwards or backwards, and scored."""

from dataclasses import dataclass

import torch
from torch.nn.functional import pad

from .policy import GraphPolicy


@dataclass(frozen=True)
class Walks:
    """
    B walks of at most T edges, the first ones of a row. states: int64 [B, T + 1], the last one repeated. edges: int64 [B, T], -1
    beyond the end. lengths: int64 [B].
    """

    states: torch.Tensor
    edges: torch.Tensor
    lengths: torch.Tensor

    @property
    def steps(self) -> torch.Tensor:
        """bool [B, T]"""
        return self.edges >= 0

    @property
    def last(self) -> torch.Tensor:
        """The states in which the walks stop: int64 [B]."""
        return self.states[:, -1]


@dataclass(frozen=True)
class Scored:
    """Walks as a policy sees them; the layout without STOP of `objectives`. log_pf, log_pb, steps: [B, T]; log_p_stop: [B, T + 1]."""

    log_pf: torch.Tensor
    log_pb: torch.Tensor
    log_p_stop: torch.Tensor
    steps: torch.Tensor

    def with_stop(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(log_pf, log_pb, steps), each [B, T + 1]: the layout with STOP as the last step of each row."""
        lengths = self.steps.sum(1, keepdim=True)
        at_end = torch.arange(self.steps.shape[1] + 1) == lengths
        log_pf = torch.where(at_end, self.log_p_stop, pad(self.log_pf, (0, 1)))
        log_pb = torch.where(at_end, 0.0, pad(self.log_pb, (0, 1)))
        return log_pf, log_pb, pad(self.steps, (0, 1)) | at_end


@torch.no_grad()
def sample_walks(
    policy: GraphPolicy, starts: torch.Tensor, generator: torch.Generator, temper: float = 1.0, epsilon: float = 0.0
) -> Walks:
    """
    Walks by P_F from the states given (int64 [B], mostly roots) until STOP. temper: logits are divided by it. epsilon: chance of a uniform
    choice among edges and STOP at each step.
    """
    graph = policy.graph
    at, running = starts, torch.ones(len(starts), dtype=torch.bool)
    states, edges = [at], []
    while True:
        logits = policy.forward_logits(at) / temper
        probabilities = logits.softmax(1)
        if epsilon:
            allowed = logits > float("-inf")
            probabilities = (1 - epsilon) * probabilities + epsilon * allowed / allowed.sum(1, keepdim=True)
        choice = torch.multinomial(probabilities, 1, generator=generator).squeeze(1)
        running = running & (choice < logits.shape[1] - 1)
        if not running.any():
            break
        edge = graph.out_edges[at, choice.clamp(max=graph.out_edges.shape[1] - 1)]
        at = torch.where(running, graph.target[edge.clamp(min=0)], at)
        edges.append(torch.where(running, edge, -1))
        states.append(at)
    taken = torch.stack(edges, 1) if edges else torch.empty(len(starts), 0, dtype=torch.int64)
    return Walks(torch.stack(states, 1), taken, (taken >= 0).sum(1))


@torch.no_grad()
def retrace(policy: GraphPolicy, ends: torch.Tensor, generator: torch.Generator, lengths: torch.Tensor | None = None) -> Walks:
    """
    Walks that end in the given states, drawn from there backwards by P_B. ends: int64 [B]. lengths: int64 [B], edges of each, at most the
    state's depth; None: from the root.
    """
    graph = policy.graph
    if lengths is None:
        lengths = graph.depth[ends]
    longest = int(lengths.max()) if len(ends) else 0
    states = ends.unsqueeze(1).repeat(1, longest + 1)
    edges = torch.full((len(ends), longest), -1)
    at, rows = ends.clone(), torch.arange(len(ends))
    for step in range(longest):
        moving = rows[lengths > step]
        probabilities = policy.backward_logits(at[moving]).softmax(1)
        choice = torch.multinomial(probabilities, 1, generator=generator).squeeze(1)
        edge = graph.in_edges[at[moving], choice]
        at[moving] = graph.source[edge]
        place = lengths[moving] - step - 1
        edges[moving, place] = edge
        states[moving, place] = at[moving]
    return Walks(states, edges, lengths)


def score(policy: GraphPolicy, walks: Walks) -> Scored:
    """Log-probabilities of walks, with gradients: each state is asked once."""
    graph, steps = policy.graph, walks.steps
    batch, longest = steps.shape
    visited, places = walks.states.unique(return_inverse=True)
    forward = policy.forward_logits(visited).log_softmax(1)
    log_p_stop = forward[:, -1][places]
    if longest == 0:
        nothing = log_p_stop.new_zeros(batch, 0)
        return Scored(nothing, nothing, log_p_stop, steps)
    edges = walks.edges.clamp(min=0)
    log_pf = forward[places[:, :-1], graph.out_place[edges]]
    # a root has no way back: its row is never read, and must not become NaN
    is_root = (graph.depth[visited] == 0).unsqueeze(1)
    backward = policy.backward_logits(visited).masked_fill(is_root, 0.0).log_softmax(1)
    log_pb = backward[places[:, 1:], graph.in_place[edges]]
    return Scored(torch.where(steps, log_pf, 0.0), torch.where(steps, log_pb, 0.0), log_p_stop, steps)
