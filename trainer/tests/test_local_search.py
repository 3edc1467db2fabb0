"""Back-and-forth moves: the exact kernel over all pairs of paths, with the rule as it is and with it broken."""

from dataclasses import replace

import pytest
import torch

from exemplar_trainer.domain import PlanSpace
from exemplar_trainer.enumeration import enumerate_plans
from exemplar_trainer.graph import total_variation
from exemplar_trainer.local_search import Move, back_and_forth, halving_lengths, log_acceptance, uniform_lengths
from exemplar_trainer.policy import TabularPolicy, edge_log_probs


@pytest.fixture(scope="module")
def policy():
    """Random P_F and P_B, far from balance, on 90 plans."""
    policy = TabularPolicy(enumerate_plans(PlanSpace(labels=1, states=1, max_states=2, max_depth=2)))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in (policy.edge_logits, policy.undo_logits):
            parameter.normal_(generator=generator)
    return policy


@torch.no_grad()
def exact_kernel(policy, lengths, accept=log_acceptance) -> torch.Tensor:
    """P(z -> z'): [S, S], a sum over every s and every pair of paths z ~> s, s ~> z'."""
    graph = policy.graph
    log_pf, log_p_stop, log_pb = edge_log_probs(policy)
    log_q = lengths(graph.depth)
    kernel = torch.zeros(graph.states, graph.states, dtype=torch.float64)
    for start in range(graph.states):
        ends, edits, forth, back = paths(graph, start, log_pf, log_pb)
        forth = forth + log_p_stop[ends]
        q = log_q[ends, edits]
        old, new = (slice(None), None), (None, slice(None))
        shape = (len(ends), len(ends))
        terms = {
            f"{name}_{side}": values[at].expand(shape)
            for side, at in (("old", old), ("new", new))
            for name, values in (("log_reward", graph.log_reward[ends]), ("log_q", q), ("log_pb", back), ("log_pf", forth))
        }
        proposed = (terms["log_q_old"] + terms["log_pb_old"] + terms["log_pf_new"]).exp()
        # a length that q never draws is never proposed: no rate is asked for it
        moved = torch.where(proposed > 0, proposed * accept(Move(**terms)).clamp(max=0).exp(), 0.0)
        kernel.index_put_((ends.unsqueeze(1).expand(shape), ends.unsqueeze(0).expand(shape)), moved, accumulate=True)
    return kernel + torch.diag(1 - kernel.sum(1))


def paths(graph, start, log_pf, log_pb):
    """Every path from `start`: (end [N], edges [N], log P_F [N], log P_B [N])."""
    found = [(start, 0, 0.0, 0.0)]
    for state, edits, forth, back in found:
        for edge in graph.out_edges[state].tolist():
            if edge >= 0:
                found.append((int(graph.target[edge]), edits + 1, forth + log_pf[edge].item(), back + log_pb[edge].item()))
    ends, edits, forth, back = zip(*found, strict=True)
    return torch.tensor(ends), torch.tensor(edits), torch.tensor(forth, dtype=torch.float64), torch.tensor(back, dtype=torch.float64)


def stationary_distance(kernel: torch.Tensor, law: torch.Tensor) -> float:
    """TV to `law` of where the chain ends up from the root."""
    return total_variation(torch.linalg.matrix_power(kernel, 2**20)[0], law)


def fixed_length(k: int):
    """q = 1 at k, or at |z| where that is less."""

    def lengths(sizes):
        at = sizes.clamp(max=k).unsqueeze(1)
        log_q = torch.full((len(sizes), int(sizes.max()) + 1), float("-inf"), dtype=torch.float64)
        return log_q.scatter(1, at, 0.0)

    return lengths


def without_q(move: Move) -> torch.Tensor:
    return log_acceptance(replace(move, log_q_old=torch.zeros_like(move.log_q_old), log_q_new=torch.zeros_like(move.log_q_new)))


def always(move: Move) -> torch.Tensor:
    return torch.zeros_like(move.log_reward_old)


def inverted_paths(move: Move) -> torch.Tensor:
    """R(z') P(z -> z') / R(z) P(z' -> z)."""
    swapped = {f"{name}_{side}": getattr(move, f"{name}_{other}") for name in ("log_q", "log_pb", "log_pf") for side, other in (("old", "new"), ("new", "old"))}
    return log_acceptance(replace(move, **swapped))


def without_forward(move: Move) -> torch.Tensor:
    return log_acceptance(replace(move, log_pf_old=torch.zeros_like(move.log_pf_old), log_pf_new=torch.zeros_like(move.log_pf_new)))


@pytest.mark.parametrize("lengths", [uniform_lengths, halving_lengths(0), halving_lengths(1), halving_lengths(3)])
def test_the_chain_leaves_the_reward_law_as_it_is_and_reaches_it(policy, lengths):
    law = policy.graph.law
    kernel = exact_kernel(policy, lengths)
    assert (kernel.sum(1) - 1).abs().max().item() < 1e-12 and kernel.min().item() > -1e-12
    assert (law @ kernel - law).abs().max().item() <= 1e-12
    assert stationary_distance(kernel, law) < 1e-9


BROKEN = {
    "without q's terms": (uniform_lengths, without_q),
    "one length, without q's terms": (fixed_length(2), without_q),
    "every move accepted": (uniform_lengths, always),
    "the ratio of paths upside down": (uniform_lengths, inverted_paths),
    "without P_F": (uniform_lengths, without_forward),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_seen_by_the_test_above(policy, name):
    law = policy.graph.law
    kernel = exact_kernel(policy, *BROKEN[name])
    assert (law @ kernel - law).abs().max().item() > 1e-4
    assert stationary_distance(kernel, law) > 0.02


def test_without_qs_terms_long_plans_are_drawn_too_often_whatever_the_policies(policy):
    """Its law is R(z) (|z| + 1), normalised: uniform lengths propose one of |z| + 1."""
    graph = policy.graph
    biased = graph.law * (graph.depth + 1)
    biased = biased / biased.sum()
    kernel = exact_kernel(policy, uniform_lengths, without_q)
    assert (biased @ kernel - biased).abs().max().item() <= 1e-12
    assert stationary_distance(kernel, graph.law) == pytest.approx(0.137, abs=5e-4)


def test_one_length_with_the_terms_keeps_the_law_but_does_not_reach_it(policy):
    law = policy.graph.law
    kernel = exact_kernel(policy, fixed_length(2))
    assert (law @ kernel - law).abs().max().item() <= 1e-12
    assert stationary_distance(kernel, law) == pytest.approx(0.768, abs=5e-4)


def test_moves_are_drawn_from_the_exact_kernel(policy):
    """From each of the five likeliest plans 20,000 moves, within 5 sigma of every transition."""
    graph, count = policy.graph, 20_000
    generator = torch.Generator().manual_seed(3)
    for lengths in (uniform_lengths, halving_lengths(1)):
        kernel = exact_kernel(policy, lengths).clamp(min=0)
        for plan in graph.law.topk(5).indices.tolist():
            moved, accepted = back_and_forth(policy, graph.log_reward, torch.full((count,), plan), lengths, generator)
            seen = torch.bincount(moved, minlength=graph.states) / count
            p = kernel[plan]
            assert ((seen - p).abs() <= 5 * (p * (1 - p) / count).sqrt() + 1e-4).all()
            assert (moved[~accepted] == plan).all()


def test_lengths_sum_to_1_and_halve():
    sizes = torch.tensor([0, 1, 5, 8])
    for halvings in range(4):
        q = halving_lengths(halvings)(sizes).exp()
        assert q.sum(1).tolist() == pytest.approx([1, 1, 1, 1])
        assert (q.argmax(1) == torch.tensor([0, 1, max(1, 5 >> halvings), max(1, 8 >> halvings)])).all()
    assert uniform_lengths(sizes).exp()[2].tolist() == pytest.approx([1 / 6] * 6 + [0] * 3)
