"""
How close samplers come to an exact law, by loss and number of trajectories: JSON lines on stdout, one a fit.

python bench/samplers.py [--seeds 0,1,2] [--trajectories 20000,40000]

The graph is that of the 338 plans of one label, two states, at most two states and two levels (338 plans, logZ 3.075924). Distances are exact: the law of a
policy by dynamic programming over the graph, never a count of samples.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trainer"))

import torch

from exemplar_trainer import balance
from exemplar_trainer.domain import PlanSpace
from exemplar_trainer.enumeration import PlanGraph, enumerate_plans
from exemplar_trainer.graph import total_variation
from exemplar_trainer.neural_policy import PlanPolicy
from exemplar_trainer.policy import GraphPolicy, TabularPolicy, log_z_read_off, terminating_law

LOSSES = (balance.modified_subtb, balance.modified_db, balance.tb, balance.subtb, balance.fl_db, balance.db)
TABLE_RATE, NETWORK_RATE = 0.03, 3e-3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=integers, default=[0, 1, 2])
    parser.add_argument("--trajectories", type=integers, default=[20_000, 40_000])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    graph = enumerate_plans(PlanSpace(labels=1, states=2, max_states=2, max_depth=2))
    for seed in arguments.seeds:
        for trajectories in arguments.trajectories:
            for loss in LOSSES:
                policy = TabularPolicy(graph)
                report("table", loss, trajectories, seed, fitted(policy, loss, TABLE_RATE, trajectories, seed), graph)
            torch.manual_seed(seed)
            network = fitted(PlanPolicy(graph), balance.modified_subtb, NETWORK_RATE, trajectories, seed)
            report("transformer", balance.modified_subtb, trajectories, seed, network, graph)


def integers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def fitted(policy: GraphPolicy, loss, rate: float, trajectories: int, seed: int) -> GraphPolicy:
    balance.fit(policy, loss, trajectories, torch.optim.Adam(policy.parameters(), lr=rate), torch.Generator().manual_seed(seed))
    return policy


@torch.no_grad()
def report(kind: str, loss, trajectories: int, seed: int, policy: GraphPolicy, graph: PlanGraph) -> None:
    """logZ is learnt by TB, and read off at the root by the modified losses; those of flows have none of their own here."""
    log_z = policy.logZ.item() if loss is balance.tb else log_z_read_off(policy).item() if loss in LOSSES[:2] else None
    found = {
        "policy": kind,
        "loss": loss.__name__,
        "trajectories": trajectories,
        "seed": seed,
        "tv": total_variation(terminating_law(policy).double(), graph.law),
        "logZError": None if log_z is None else abs(log_z - graph.log_z),
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
