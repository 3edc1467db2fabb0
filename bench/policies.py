"""
Plans of a trained actor for a split's situations, beside their drafts and finals: JSON lines {situation, draft, final, sampled} on stdout.

python bench/policies.py DATASET CHECKPOINT [--split test] [--count 1] [--temperature 1]
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trainer"))

from exemplar_data import ExemplarDataset
from exemplar_trainer.plan_tree import Condition
from exemplar_trainer.sample import open_checkpoint, sample

COLUMNS = ("situation_id", "situation_index", "horizon", "agent", "task", "initial_state", "target_state", "plan_json", "branch", "revision", "label")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset")
    parser.add_argument("checkpoint")
    parser.add_argument("--split", default="test")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    converged = {}
    versions: dict[str, dict] = {}
    for row in ExemplarDataset(arguments.dataset, "versions", arguments.split, columns=COLUMNS, shuffle=False).items():
        plan = json.loads(row["plan_json"])
        held = versions.setdefault(row["situation_id"], {"situation": row})
        if row["revision"] == 0:
            held["draft"] = plan
        if row["label"] == "positive":
            converged[row["situation_id"]] = plan
    situations = [(held["situation"], held["draft"], converged[key]) for key, held in versions.items() if key in converged]
    conditions = []
    for row, _, _ in situations:
        conditions.append(Condition(row["initial_state"], row["target_state"], row["agent"], row["task"], tuple(row["horizon"].split("/"))))
    trained = open_checkpoint(arguments.checkpoint)
    mode = "habitual" if arguments.temperature == 0 else "planning"
    drawn = sample(trained, conditions, arguments.count, mode, arguments.seed, arguments.temperature, paths=1)
    for (row, draft, final), condition, plans in zip(situations, conditions, drawn, strict=True):
        situation = {
            "agent": row["agent"], "task": row["task"], "initial": row["initial_state"], "target": row["target_state"],
            "horizon": list(condition.horizon), "parent": None, "index": row["situation_index"],
        }  # fmt: skip
        print(json.dumps({"situation": situation, "draft": draft, "final": final, "sampled": plans}))


if __name__ == "__main__":
    main()
