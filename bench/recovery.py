"""
How much of a plan its explanation gives back: one JSON object on stdout.

python bench/recovery.py DATASET CHECKPOINT [--split test] [--most 48]

For each situation's final plan and one earlier version, the posterior's likeliest plan given that version's explanation, and the prior's, which has the
condition alone. recovered: F1 of the multisets of (kind, text) of their nodes with the version's own, mean; exact: share of those with all nodes alike.
"""

import argparse
import json
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trainer"))

import torch

from exemplar_trainer.domain import Plan
from exemplar_trainer.plan_tree import Texts
from exemplar_trainer.policies import draw, memory_of, with_explanations
from exemplar_trainer.sample import open_checkpoint
from exemplar_trainer.split import Parsed, open_split

AT_ONCE = 16


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset")
    parser.add_argument("checkpoint")
    parser.add_argument("--split", default="test")
    parser.add_argument("--most", type=int, default=48)
    arguments = parser.parse_args()
    trained = open_checkpoint(arguments.checkpoint)
    parsed = Parsed(trained.vocabulary, trained.figures)
    held = open_split(arguments.dataset, arguments.split, None, shuffle=False, rank=0, world_size=1)
    cases = [
        (kind, version, reading)
        for situation, reading in map(parsed, islice(held.items(), arguments.most))
        for kind, version in zip(("final", "earlier"), (situation.positive, situation.negatives[0]), strict=True)
    ]
    sums: dict[str, Counter] = {"final": Counter(), "earlier": Counter()}
    generator = torch.Generator().manual_seed(1)
    for first in range(0, len(cases), AT_ONCE):
        part = cases[first : first + AT_ONCE]
        readings = [reading for _, _, reading in part]
        with torch.no_grad():
            memory = memory_of(trained.actor, readings)
            told = with_explanations(trained.actor, memory, [reading.explanation(version.explanation) for _, version, reading in part])
        drawn = {
            "prior": draw(trained.actor, memory, "prior", readings, 1, generator, 0.0),
            "posterior": draw(trained.actor, told, "posterior", readings, 1, generator, 0.0),
        }
        for place, (kind, version, reading) in enumerate(part):
            own = nodes(version.tree, reading.texts)
            sums[kind]["plans"] += 1
            for role, plans in drawn.items():
                found = nodes(plans[place][0].plan, reading.texts)
                sums[kind][role] += 2 * (own & found).total() / (own.total() + found.total())
                sums[kind][f"{role} exact"] += own == found
    means = {
        kind: {"plans": some["plans"], **{key: round(total / some["plans"], 4) for key, total in some.items() if key != "plans"}}
        for kind, some in sums.items()
    }
    print(json.dumps(means))


def nodes(plan: Plan, texts: Texts) -> Counter:
    return Counter((node.is_state, texts.of(node)) for node in plan)


if __name__ == "__main__":
    main()
