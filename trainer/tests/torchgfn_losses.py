"""
Losses of torchgfn on trajectories written by `test_torchgfn.py`, for the Python of its environment:
    python torchgfn_losses.py TRAJECTORIES.npz
Prints one JSON object: environment -> loss -> value. Nothing of this project is imported.
"""

import json
import sys

import numpy as np
import torch
from gfn.containers import Trajectories
from gfn.estimators import DiscretePolicyEstimator, ScalarEstimator
from gfn.gflownet import DBGFlowNet, ModifiedDBGFlowNet, SubTBGFlowNet, TBGFlowNet
from gfn.gym import HyperGrid, SetAddition
from gfn.preprocessors import IdentityPreprocessor

torch.set_default_dtype(torch.float64)


class Lookup(torch.nn.Module):
    """Rows of a table, by the number that a state's vector spells with the given strides."""

    def __init__(self, table: torch.Tensor, strides: torch.Tensor) -> None:
        super().__init__()
        self.table, self.strides = torch.nn.Parameter(table), strides
        self.input_dim, self.output_dim = len(strides), table.shape[1]

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.table[(states.long() * self.strides).sum(-1)]


def losses(env, given) -> dict[str, float]:
    strides = torch.from_numpy(given["strides"])
    preprocessor = IdentityPreprocessor(output_dim=len(strides))

    def estimator(kind, name, **options):
        return kind(Lookup(torch.from_numpy(given[name]), strides), preprocessor=preprocessor, **options)

    pf = estimator(DiscretePolicyEstimator, "pf", n_actions=env.n_actions)
    pb = estimator(DiscretePolicyEstimator, "pb", n_actions=env.n_actions, is_backward=True)
    log_f = estimator(ScalarEstimator, "log_f")
    states = torch.from_numpy(given["states"])
    trajectories = Trajectories(
        env,
        states=env.States(torch.where(states < 0, env.sf, states.to(env.s0.dtype))),
        actions=env.Actions(torch.from_numpy(given["actions"]).unsqueeze(-1)),
        terminating_idx=torch.from_numpy(given["lengths"]),
    )
    log_z = torch.nn.Parameter(torch.tensor(float(given["logZ"])))
    nets = {
        "tb": TBGFlowNet(pf, pb, logZ=log_z),
        "db": DBGFlowNet(pf, pb, log_f),
        "fl_db": DBGFlowNet(pf, pb, log_f, forward_looking=True),
        "modified_db": ModifiedDBGFlowNet(pf, pb),
        "subtb": SubTBGFlowNet(pf, pb, log_f, weighting="geometric_within", lamda=float(given["lamda"])),
        "fl_subtb": SubTBGFlowNet(pf, pb, log_f, weighting="geometric_within", lamda=float(given["lamda"]), forward_looking=True),
    }
    return {name: net.loss(env, net.to_training_samples(trajectories), recalculate_all_logprobs=True).item() for name, net in nets.items()}


def main() -> None:
    given = np.load(sys.argv[1])
    reward = torch.from_numpy(given["sets/reward"])
    strides = torch.from_numpy(given["sets/strides"])
    environments = {
        "hypergrid": HyperGrid(ndim=2, height=8),
        "sets": SetAddition(n_items=4, max_items=4, reward_fn=lambda states: reward[(states.long() * strides).sum(-1)]),
    }
    found = {}
    for name, env in environments.items():
        own = {key.removeprefix(f"{name}/"): given[key] for key in given.files if key.startswith(f"{name}/")}
        found[name] = losses(env, own)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
