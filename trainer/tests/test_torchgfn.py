"""The losses equal torchgfn's on the same trajectories and logits, its own environments computing rewards and log-probabilities."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hypergrid import hypergrid

from exemplar_trainer import balance
from exemplar_trainer.graph import StateGraph
from exemplar_trainer.objectives import sub_trajectory_balance
from exemplar_trainer.policy import TabularPolicy
from exemplar_trainer.trajectories import Walks, sample_walks, score

ORACLE = os.environ.get("EXEMPLAR_ORACLE_PYTHON")
LAMDA = 0.8


def draws(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sets(items: int = 4) -> StateGraph:
    """All subsets; a state is the number with a bit an item, the first item's the highest; an edge adds an item."""
    source, target = [], []
    for state in range(2**items):
        for item in range(items):
            bit = 2 ** (items - 1 - item)
            if not state & bit:
                source.append(state)
                target.append(state | bit)
    depth = torch.tensor([state.bit_count() for state in range(2**items)])
    return StateGraph(torch.tensor(source), torch.tensor(target), depth, draws(2**items, seed=9))


def action_of(strides: torch.Tensor, graph: StateGraph) -> torch.Tensor:
    """The coordinate that an edge raises: int64 [E]."""
    return (graph.target - graph.source).unsqueeze(1).eq(strides).long().argmax(1)


def setting(graph: StateGraph) -> tuple[TabularPolicy, Walks]:
    policy = TabularPolicy(graph)
    with torch.no_grad():
        for seed, parameter in enumerate(policy.parameters()):
            parameter.copy_(draws(*parameter.shape, seed=seed))
    return policy, sample_walks(policy, graph.roots.expand(64), torch.Generator().manual_seed(0), epsilon=0.3)


def as_torchgfn(policy: TabularPolicy, walks: Walks, strides: torch.Tensor, base: int) -> dict[str, np.ndarray]:
    """
    Tables by state and coordinate, and walks with time first. After STOP stand the sink, -1, and the dummy action, -1.
    base: values of a coordinate.
    """
    graph, dimensions = policy.graph, len(strides)
    action = action_of(strides, graph)
    pf = torch.zeros(graph.states, dimensions + 1, dtype=torch.float64)
    pb = torch.zeros(graph.states, dimensions, dtype=torch.float64)
    pf[graph.source, action] = policy.edge_logits.detach()[graph.source, graph.out_place]
    pf[:, -1] = policy.edge_logits.detach()[:, -1]
    pb[graph.target, action] = policy.undo_logits.detach()[graph.target, graph.in_place]
    batch, longest = walks.edges.shape
    states = torch.full((longest + 2, batch, dimensions), -1)
    actions = torch.full((longest + 1, batch), -1)
    for row, length in enumerate(walks.lengths.tolist()):
        states[: length + 1, row] = walks.states[row, : length + 1].unsqueeze(1) // strides % base
        actions[:length, row] = action[walks.edges[row, :length]]
        actions[length, row] = dimensions
    tables = {"pf": pf, "pb": pb, "log_f": policy.log_f_tilde.detach().unsqueeze(1), "states": states, "actions": actions}
    numbers = {"strides": strides, "lengths": walks.lengths + 1, "logZ": policy.logZ.detach()[0], "lamda": torch.tensor(LAMDA)}
    return {name: value.numpy() for name, value in (tables | numbers | {"reward": graph.log_reward.exp()}).items()}


def own_losses(policy: TabularPolicy, walks: Walks) -> dict[str, float]:
    reward = policy.graph.log_reward
    states, stopped = balance.with_terminal(walks)
    log_f = torch.where(stopped, 0.0, policy.log_f_tilde[states]) + reward[states]
    return {
        "tb": balance.tb(policy, walks, reward).item(),
        "db": balance.db(policy, walks, reward).item(),
        "fl_db": balance.fl_db(policy, walks, reward).item(),
        "modified_db": balance.modified_db(policy, walks, reward).item(),
        "subtb": balance.subtb(policy, walks, reward, LAMDA).item(),
        "fl_subtb": sub_trajectory_balance(log_f, *score(policy, walks).with_stop(), LAMDA).item(),
    }


@pytest.mark.skipif(ORACLE is None, reason="EXEMPLAR_ORACLE_PYTHON names no Python with torchgfn: losses are not compared with it here")
def test_losses_equal_torchgfns_on_hypergrid_and_set_addition(tmp_path: Path):
    settings = {"hypergrid": (setting(hypergrid(8)), [8, 1], 8), "sets": (setting(sets()), [8, 4, 2, 1], 2)}
    arrays = {}
    for name, ((policy, walks), strides, base) in settings.items():
        assert walks.lengths.unique().numel() > 3
        arrays |= {f"{name}/{key}": value for key, value in as_torchgfn(policy, walks, torch.tensor(strides), base).items()}
    np.savez(tmp_path / "trajectories.npz", **arrays)
    script = Path(__file__).with_name("torchgfn_losses.py")
    ran = subprocess.run([ORACLE, str(script), str(tmp_path / "trajectories.npz")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    theirs = json.loads(ran.stdout.splitlines()[-1])
    for name, ((policy, walks), _, _) in settings.items():
        for loss, value in own_losses(policy, walks).items():
            # the grid's rewards there are float32
            assert value == pytest.approx(theirs[name][loss], rel=1e-6), (name, loss)
