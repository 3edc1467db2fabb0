from collections import Counter

import pytest
import torch

from exemplar_trainer.domain import ROOT, PlanSpace, edit_of, revert, undos
from exemplar_trainer.enumeration import enumerate_plans, line_energy
from exemplar_trainer.graph import entropy


def graph_of(states: int, labels: int, max_states: int, max_depth: int):
    return enumerate_plans(PlanSpace(labels=labels, states=states, max_states=max_states, max_depth=max_depth))


@pytest.mark.parametrize(
    ("size", "states", "edges", "log_z"),
    [((2, 1, 2, 2), 338, 893, 3.075924), ((1, 1, 2, 2), 90, 231, 2.113518), ((2, 1, 3, 2), 4178, 14653, 4.659643)],
)
def test_counts_and_partition_functions_are_the_known_ones(size, states, edges, log_z):
    graph = graph_of(*size)
    assert (graph.states, graph.edges) == (states, edges)
    assert graph.log_z == pytest.approx(log_z, abs=5e-7)
    assert graph.law.sum().item() == pytest.approx(1, abs=1e-12)


def test_the_338_plans_have_the_known_shape():
    graph = graph_of(2, 1, 2, 2)
    assert graph.plans[0] == ROOT
    assert line_energy(ROOT, graph.space) == 2.5
    assert graph.parallel_pairs == 4
    assert entropy(graph.law) == pytest.approx(5.3379, abs=5e-5)
    assert torch.bincount(graph.depth).tolist() == [1, 3, 18, 62, 106, 96, 44, 8]
    assert int(graph.orders.sum()) == 7100
    assert int(graph.orders.max()) == 280
    assert (graph.out_edges.shape[1], graph.in_edges.shape[1]) == (11, 5)


def test_the_4178_plans_have_the_known_entropy_and_parallel_edges():
    graph = graph_of(2, 1, 3, 2)
    assert graph.parallel_pairs == 96
    assert entropy(graph.law) == pytest.approx(7.8489, abs=5e-5)


def assert_backward_is_forward(graph) -> None:
    """The multiset {(s, s', edit)} read backwards, from undos, is the one read forwards."""
    index = {plan: state for state, plan in enumerate(graph.plans)}
    assert len(index) == graph.states
    forward = Counter(zip(graph.source.tolist(), graph.target.tolist(), graph.edits, strict=True))
    backward = Counter((index[revert(plan, undo)], state, edit_of(plan, undo)) for plan, state in index.items() for undo in undos(plan))
    assert forward == backward
    assert max(forward.values()) == 1


@pytest.mark.parametrize("size", [(2, 1, 2, 2), (2, 1, 3, 2), (3, 1, 3, 2), (1, 1, 4, 2), (2, 1, 3, 3)])
def test_edges_forwards_and_backwards_are_the_same_multiset(size):
    assert_backward_is_forward(graph_of(*size))


@pytest.mark.slow
def test_edges_of_169212_plans_forwards_and_backwards_are_the_same_multiset():
    graph = graph_of(3, 2, 3, 2)
    assert (graph.states, graph.edges) == (169_212, 743_429)
    assert_backward_is_forward(graph)


def test_trajectories_counted_by_the_table_are_those_of_a_walk_over_plans():
    graph = graph_of(1, 1, 2, 2)
    paths = Counter()

    def walk(state: int) -> None:
        paths[state] += 1
        for edge in graph.out_edges[state]:
            if edge >= 0:
                walk(int(graph.target[edge]))

    walk(0)
    assert [paths[state] for state in range(graph.states)] == graph.orders.tolist()


def test_copies_side_by_side_are_the_graph_again_under_each_root():
    graph = graph_of(1, 1, 2, 2)
    copies = graph.copies(3)
    assert copies.roots.tolist() == [0, 90, 180]
    assert copies.orders.reshape(3, -1).tolist() == [graph.orders.tolist()] * 3
    assert (copies.out_edges[100] % graph.edges)[copies.out_edges[100] >= 0].tolist() == graph.out_edges[10][graph.out_edges[10] >= 0].tolist()
