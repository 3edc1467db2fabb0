"""Graded graphs of states that are small enough to hold as tables, and what can be computed of them exactly."""

from dataclasses import dataclass
from functools import cached_property

import torch


@dataclass(frozen=True)
class StateGraph:
    """
    S states, E edges between them, and STOP at each: every state may be terminal.

    source, target: int64 [E], by ascending source; parallel edges are edges of their own. depth: int64 [S], steps from a root, of which state 0 is the
    first; each edge goes one deeper. log_reward: float64 [S], nats. One root, unless it is `copies` of a graph.
    """

    source: torch.Tensor
    target: torch.Tensor
    depth: torch.Tensor
    log_reward: torch.Tensor

    def __post_init__(self) -> None:
        if not bool((self.source.diff() >= 0).all()):
            raise ValueError("source must ascend")
        if not bool((self.depth[self.target] == self.depth[self.source] + 1).all()):
            raise ValueError("each edge must go one deeper")
        if int(self.depth[0]) != 0:
            raise ValueError("state 0 must be a root")

    def copies(self, count: int) -> "StateGraph":
        """`count` graphs side by side, for a policy under each of as many conditions: state s of copy c is c S + s, edge e is c E + e."""
        copy = torch.arange(count).unsqueeze(1)
        return StateGraph(
            source=(copy * self.states + self.source).flatten(),
            target=(copy * self.states + self.target).flatten(),
            depth=self.depth.repeat(count),
            log_reward=self.log_reward.repeat(count),
        )

    @property
    def states(self) -> int:
        return len(self.depth)

    @property
    def edges(self) -> int:
        return len(self.source)

    @cached_property
    def roots(self) -> torch.Tensor:
        """int64 [number of roots]"""
        return torch.nonzero(self.depth == 0).squeeze(1)

    @cached_property
    def out_edges(self) -> torch.Tensor:
        """int64 [S, A]: the edges that leave each state, -1 after the last."""
        return _table(self.source, self.states)

    @cached_property
    def in_edges(self) -> torch.Tensor:
        """int64 [S, A']: the edges that enter each state, -1 after the last."""
        return _table(self.target, self.states)

    @cached_property
    def out_place(self) -> torch.Tensor:
        """int64 [E]: an edge's column in `out_edges`."""
        return _places(self.out_edges, self.edges)

    @cached_property
    def in_place(self) -> torch.Tensor:
        """int64 [E]: an edge's column in `in_edges`."""
        return _places(self.in_edges, self.edges)

    @cached_property
    def by_depth(self) -> list[torch.Tensor]:
        """Edges by the depth of their source: int64 each."""
        depth = self.depth[self.source]
        return [torch.nonzero(depth == level).squeeze(1) for level in range(int(self.depth.max()))]

    @cached_property
    def log_z(self) -> float:
        """log sum_z R(z), nats."""
        return self.log_reward.logsumexp(0).item()

    @cached_property
    def law(self) -> torch.Tensor:
        """R(z) / Z: float64 [S]."""
        return (self.log_reward - self.log_z).exp()

    @cached_property
    def orders(self) -> torch.Tensor:
        """Paths from the root to each state, by edges: int64 [S]. Their sum is the number of complete trajectories."""
        paths = (self.depth == 0).long()
        for edges in self.by_depth:
            paths.index_add_(0, self.target[edges], paths[self.source[edges]])
        return paths

    def terminating_law(self, log_pf: torch.Tensor, log_p_stop: torch.Tensor) -> torch.Tensor:
        """
        P_T(z), the law of the states in which a forward policy stops: [S], by dynamic programming, differentiable.
        u(root) = 1, u(s') = sum over edges s -> s' of u(s) P_F; P_T(z) = u(z) P_F(STOP | z).

        log_pf: [E], nats; log_p_stop: [S], nats. At each state P_F over its edges and STOP must sum to 1; then P_T sums to 1 below each root.
        """
        reached = (self.depth == 0).to(log_p_stop.dtype)
        flow = log_pf.exp()
        for edges in self.by_depth:
            reached = reached.index_add(0, self.target[edges], reached[self.source[edges]] * flow[edges])
        return reached * log_p_stop.exp()


def _table(ends: torch.Tensor, states: int) -> torch.Tensor:
    order = torch.argsort(ends, stable=True)
    counts = torch.bincount(ends, minlength=states)
    starts = counts.cumsum(0) - counts
    table = torch.full((states, int(counts.max())), -1)
    rows = ends[order]
    table[rows, torch.arange(len(ends)) - starts[rows]] = order
    return table


def _places(table: torch.Tensor, edges: int) -> torch.Tensor:
    places = torch.empty(edges, dtype=torch.int64)
    columns = torch.arange(table.shape[1]).expand_as(table)
    places[table[table >= 0]] = columns[table >= 0]
    return places


def total_variation(p: torch.Tensor, q: torch.Tensor) -> float:
    """Half the sum of |p - q|, in [0, 1], over the last dimension, then the mean."""
    return (0.5 * (p - q).abs().sum(-1)).mean().item()


def kl_divergence(p: torch.Tensor, q: torch.Tensor) -> float:
    """KL(p || q) in nats over the last dimension, then the mean; infinite where q misses what p has."""
    return torch.where(p > 0, p * (p.log() - q.log()), 0.0).sum(-1).mean().item()


def entropy(p: torch.Tensor) -> float:
    """-sum p log p in nats over the last dimension, then the mean."""
    return torch.special.entr(p).sum(-1).mean().item()
