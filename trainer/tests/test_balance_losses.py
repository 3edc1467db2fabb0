"""Balance losses of `objectives`: slow references, identities and gradients."""

import pytest
import torch

from exemplar_trainer import balance
from exemplar_trainer.domain import PlanSpace
from exemplar_trainer.enumeration import enumerate_plans
from exemplar_trainer.objectives import (
    detailed_balance,
    forward_looking_detailed_balance,
    modified_detailed_balance,
    modified_sub_trajectory_balance,
    sub_trajectory_balance,
    trajectory_balance,
)
from exemplar_trainer.policy import TabularPolicy, edge_log_probs, log_z_read_off, terminating_law
from exemplar_trainer.trajectories import sample_walks, score

LENGTHS = (3, 0, 5, 1)
STEPS = torch.arange(5) < torch.tensor(LENGTHS).unsqueeze(1)
B, T = STEPS.shape


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


LOG_PF, LOG_PB = draws(B, T, seed=1), draws(B, T, seed=2)
LOG_F, LOG_REWARD, LOG_P_STOP = draws(B, T + 1, seed=3), draws(B, T + 1, seed=4), draws(B, T + 1, seed=5)


def slow_sub_trajectories(log_f, lamda):
    """(square, weight) of every i < j of every row, a term at a time."""
    rows = []
    for row, length in enumerate(LENGTHS):
        pairs = []
        for i in range(length):
            for j in range(i + 1, length + 1):
                ratio = sum(LOG_PF[row, t] - LOG_PB[row, t] for t in range(i, j))
                pairs.append(((log_f[row, i] + ratio - log_f[row, j]) ** 2, lamda ** (j - i)))
        rows.append(pairs)
    return rows


def weighted(pairs):
    return sum(square * weight for square, weight in pairs) / sum(weight for _, weight in pairs) if pairs else torch.tensor(0.0)


@pytest.mark.parametrize("lamda", [0.1, 0.9, 1.0, 1.5])
def test_sub_trajectory_losses_equal_their_definitions(lamda):
    slow = sum(map(weighted, slow_sub_trajectories(LOG_F, lamda))) / B
    assert sub_trajectory_balance(LOG_F, LOG_PF, LOG_PB, STEPS, lamda).item() == pytest.approx(slow.item(), rel=1e-12)
    slow = weighted(sum(slow_sub_trajectories(LOG_REWARD - LOG_P_STOP, lamda), []))
    found = modified_sub_trajectory_balance(LOG_REWARD, LOG_P_STOP, LOG_PF, LOG_PB, STEPS, lamda)
    assert found.item() == pytest.approx(slow.item(), rel=1e-12)


def test_the_modified_sub_trajectory_residual_is_the_sum_of_the_modified_detailed_ones():
    def deltas(row):
        return [
            LOG_REWARD[row, t] + LOG_PF[row, t] + LOG_P_STOP[row, t + 1] - LOG_REWARD[row, t + 1] - LOG_PB[row, t] - LOG_P_STOP[row, t]
            for t in range(LENGTHS[row])
        ]

    squares = [sum(deltas(row)[i:j]) ** 2 for row in range(B) for i in range(LENGTHS[row]) for j in range(i + 1, LENGTHS[row] + 1)]
    assert modified_sub_trajectory_balance(LOG_REWARD, LOG_P_STOP, LOG_PF, LOG_PB, STEPS, 1.0).item() == pytest.approx(
        (sum(squares) / len(squares)).item(), rel=1e-12
    )


def test_lambda_to_0_is_modified_detailed_balance():
    limit = modified_detailed_balance(LOG_REWARD, LOG_P_STOP, LOG_PF, LOG_PB, STEPS)
    for lamda in (0.0, 1e-13):
        found = modified_sub_trajectory_balance(LOG_REWARD, LOG_P_STOP, LOG_PF, LOG_PB, STEPS, lamda)
        assert found.item() == pytest.approx(limit.item(), rel=1e-11)


def test_modified_detailed_balance_telescopes_to_trajectory_balance():
    """The residuals of all steps of a row sum to TB's with logZ read off at the root."""
    for row, length in enumerate(LENGTHS):
        steps = STEPS[row : row + 1]
        whole = modified_sub_trajectory_balance(
            LOG_REWARD[row, [0, length]].unsqueeze(0), LOG_P_STOP[row, [0, length]].unsqueeze(0),
            LOG_PF[row, :length].sum().reshape(1, 1), LOG_PB[row, :length].sum().reshape(1, 1), torch.tensor([[True]]),
        )  # fmt: skip
        log_z = LOG_REWARD[row, 0] - LOG_P_STOP[row, 0]
        log_pf = torch.cat([torch.where(steps, LOG_PF[row], 0.0), LOG_P_STOP[row, length].reshape(1, 1)], 1)
        log_pb = torch.cat([torch.where(steps, LOG_PB[row], 0.0), torch.zeros(1, 1)], 1)
        tb = trajectory_balance(log_z, log_pf, log_pb, LOG_REWARD[row, length].reshape(1), torch.ones_like(log_pf).bool())
        assert tb.item() == pytest.approx(whole.item(), abs=1e-12)


def test_forward_looking_pays_each_edit_its_change_of_energy():
    residuals = [
        LOG_F[row, t] + LOG_PF[row, t] - LOG_F[row, t + 1] - LOG_PB[row, t] + (-LOG_REWARD[row, t + 1]) - (-LOG_REWARD[row, t])
        for row in range(B)
        for t in range(LENGTHS[row])
    ]
    expected = sum(residual**2 for residual in residuals) / len(residuals)
    assert forward_looking_detailed_balance(LOG_F, LOG_REWARD, LOG_PF, LOG_PB, STEPS).item() == pytest.approx(expected.item(), rel=1e-12)


LOSSES = {
    "tb": lambda log_pf, log_pb, log_f, log_reward, log_p_stop: trajectory_balance(log_f[0, 0], log_pf, log_pb, log_reward[:, 0], STEPS),
    "db": lambda log_pf, log_pb, log_f, log_reward, log_p_stop: detailed_balance(log_f, log_pf, log_pb, STEPS),
    "fl-db": lambda log_pf, log_pb, log_f, log_reward, log_p_stop: forward_looking_detailed_balance(log_f, log_reward, log_pf, log_pb, STEPS),
    "subtb": lambda log_pf, log_pb, log_f, log_reward, log_p_stop: sub_trajectory_balance(log_f, log_pf, log_pb, STEPS),
    "modified db": lambda log_pf, log_pb, log_f, log_reward, log_p_stop: modified_detailed_balance(log_reward, log_p_stop, log_pf, log_pb, STEPS),
    "modified subtb": lambda log_pf, log_pb, log_f, log_reward, log_p_stop: modified_sub_trajectory_balance(
        log_reward, log_p_stop, log_pf, log_pb, STEPS
    ),
}


def inputs(dtype=torch.float64, padding: float | None = None) -> list[torch.Tensor]:
    """Fresh leaves; where nothing may be read stands `padding`."""
    places = torch.nn.functional.pad(STEPS, (1, 0), value=True)
    values = []
    for value in (LOG_PF, LOG_PB, LOG_F, LOG_REWARD, LOG_P_STOP):
        if padding is not None:
            value = torch.where(STEPS if value.shape[1] == T else places, value, padding)
        values.append(value.to(dtype).clone().requires_grad_())
    return values


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_finite_differences(name):
    assert torch.autograd.gradcheck(LOSSES[name], inputs())


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("padding", [float("nan"), float("-inf"), 1e30])
def test_what_stands_beyond_a_trajectory_changes_neither_loss_nor_gradients(name, padding):
    clean, padded = inputs(), inputs(padding=padding)
    loss, same = LOSSES[name](*clean), LOSSES[name](*padded)
    assert same.item() == loss.item()
    loss.backward()
    same.backward()
    for expected, found in zip(clean, padded, strict=True):
        assert expected.grad is None and found.grad is None or torch.equal(expected.grad, found.grad)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_not_hidden(name, value):
    for place in (0, 1):
        values = inputs()
        with torch.no_grad():
            values[place][2, 3] = value
        assert not LOSSES[name](*values).isfinite()


@pytest.mark.parametrize("name", LOSSES)
def test_float32_agrees_with_float64(name):
    assert LOSSES[name](*inputs(torch.float32)).dtype == torch.float32
    assert LOSSES[name](*inputs(torch.float32)).item() == pytest.approx(LOSSES[name](*inputs()).item(), rel=1e-5)


def test_a_batch_without_a_step_costs_nothing_where_stop_is_not_a_step():
    states, none = torch.zeros(2, 1), torch.zeros(2, 0)
    assert modified_sub_trajectory_balance(states, states, none, none, none.bool()).item() == 0
    assert modified_detailed_balance(states, states, none, none, none.bool()).item() == 0


@pytest.fixture(scope="module")
def graph():
    return enumerate_plans(PlanSpace(labels=1, states=2, max_states=2, max_depth=2))


def oracle(graph, undo_logits: torch.Tensor) -> TabularPolicy:
    """The one balanced policy of a backward policy: F(s) = R(s) + sum over edges s -> s' of F(s') P_B(s | s')."""
    policy = TabularPolicy(graph)
    with torch.no_grad():
        policy.undo_logits.copy_(undo_logits)
        log_pb = edge_log_probs(policy)[2]
        flow = graph.log_reward.exp()
        through = torch.zeros(graph.edges, dtype=torch.float64)
        for edges in reversed(graph.by_depth):
            through[edges] = flow[graph.target[edges]] * log_pb[edges].exp()
            flow = flow.index_add(0, graph.source[edges], through[edges])
        policy.edge_logits[graph.source, graph.out_place] = through.log()
        policy.edge_logits[:, -1] = graph.log_reward
        policy.log_f_tilde.copy_(flow.log())
        policy.logZ.copy_(flow[0].log())
    return policy


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_every_loss_is_0_at_the_oracle_policy_and_its_law_is_the_reward_whatever_p_b(graph, seed):
    undo_logits = torch.zeros(graph.in_edges.shape, dtype=torch.float64) if seed is None else 2 * draws(*graph.in_edges.shape, seed=seed)
    policy = oracle(graph, undo_logits)
    assert policy.logZ.item() == pytest.approx(graph.log_z, abs=1e-12)
    assert (terminating_law(policy) - graph.law).abs().max().item() < 1e-14
    assert log_z_read_off(policy).item() == pytest.approx(graph.log_z, abs=1e-12)
    walks = sample_walks(policy, graph.roots.expand(200), torch.Generator().manual_seed(0), epsilon=0.5)
    assert walks.lengths.max() == 7 and walks.lengths.min() == 0
    for loss in (balance.tb, balance.db, balance.subtb, balance.modified_db, balance.modified_subtb):
        assert loss(policy, walks, graph.log_reward).item() < 1e-24, loss.__name__
    with torch.no_grad():
        policy.log_f_tilde.sub_(graph.log_reward)
    assert balance.fl_db(policy, walks, graph.log_reward).item() < 1e-24


def test_losses_see_a_policy_that_is_not_balanced(graph):
    policy = oracle(graph, torch.zeros(graph.in_edges.shape, dtype=torch.float64))
    with torch.no_grad():
        policy.edge_logits[0, 0] += 0.1
    walks = sample_walks(policy, graph.roots.expand(50), torch.Generator().manual_seed(0), epsilon=0.5)
    for loss in (balance.tb, balance.db, balance.subtb, balance.modified_db, balance.modified_subtb, balance.fl_db):
        assert loss(policy, walks, graph.log_reward).item() > 1e-5, loss.__name__


def test_a_score_of_walks_is_that_of_their_edges_one_by_one(graph):
    policy = TabularPolicy(graph)
    with torch.no_grad():
        policy.edge_logits.copy_(draws(*policy.edge_logits.shape, seed=7))
        policy.undo_logits.copy_(draws(*policy.undo_logits.shape, seed=8))
    log_pf, log_p_stop, log_pb = edge_log_probs(policy)
    walks = sample_walks(policy, graph.roots.expand(40), torch.Generator().manual_seed(1))
    seen = score(policy, walks)
    for row in range(40):
        for step, edge in enumerate(walks.edges[row, : walks.lengths[row]]):
            assert walks.states[row, step] == graph.source[edge] and walks.states[row, step + 1] == graph.target[edge]
            assert seen.log_pf[row, step].item() == pytest.approx(log_pf[edge].item(), abs=1e-12)
            assert seen.log_pb[row, step].item() == pytest.approx(log_pb[edge].item(), abs=1e-12)
    assert torch.equal(seen.log_p_stop, log_p_stop[walks.states])
