"""
Do earlier versions help as negatives on a world's data? Six arms from one start, seed by seed: JSON lines on stdout, one for each arm of each seed.

python bench/world_negatives.py DATASET [--seeds 0,1,2,3,4,5] [--start 2000] [--steps 200] [--size small] [--most 64]

A start is an actor that has learned p(z | c) of finals and p_draft of earlier versions for so many steps. Each arm goes on from it for as many steps, on
the same batches, with one term more; `mle` with none. Then it draws plans for each of `most` test situations. `bench/world-negatives.js` values them.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from copy import deepcopy
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trainer"))

import torch

from exemplar_data import ExemplarDataset
from exemplar_trainer.actor import SIZES, PlanActor
from exemplar_trainer.domain import size
from exemplar_trainer.evaluate import evaluate, validation_loss
from exemplar_trainer.losses import Pair, contrast, imitation, opposed, readings_of
from exemplar_trainer.plan_tree import plan_of
from exemplar_trainer.policies import draw, memory_of
from exemplar_trainer.situations import Read
from exemplar_trainer.split import Parsed, learn_figures, learn_vocabulary, open_split

ARMS = ("mle", "nce", "corrected", "dpo", "random", "shuffled")
TERMS = {"nce": ("plain", "own"), "corrected": ("corrected", "own"), "dpo": ("dpo", "own"), "random": ("plain", "random"), "shuffled": ("corrected", "shuffled")}
"""The contrast of each arm, and what it opposes to finals."""
BATCH, CONTRASTED, OPPOSED, EDITS = 8, 2, 3, 6
RANKED = 24
"""Situations whose versions are all scored."""
TEMPERATURES, DRAWS = (1.0, 0.5), 2
RATE, WEIGHT, BETA, CLIP = 2e-3, 1.0, 0.1, 1.0
"""WEIGHT: of a plan's term against its likelihood, both a step of the plan."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset")
    parser.add_argument("--seeds", type=lambda text: [int(each) for each in text.split(",")], default=list(range(6)))
    parser.add_argument("--start", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--size", choices=tuple(SIZES), default="small")
    parser.add_argument("--most", type=int, default=64)
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    def split(name: str):
        return open_split(arguments.dataset, name, None, shuffle=False, rank=0, world_size=1)

    figures = learn_figures(split("train"))
    vocabulary = learn_vocabulary(split("train"), figures, 8000)
    parsed = Parsed(vocabulary, figures)
    train = list(map(parsed, split("train").items()))
    indices = situation_indices(arguments.dataset)
    test = list(map(parsed, islice(split("test").items(), arguments.most)))
    for seed in arguments.seeds:
        torch.manual_seed(seed)
        start = PlanActor(SIZES[arguments.size], len(vocabulary), tuple(scale.bins for scale in figures.scales))
        learn(start, train, "mle", arguments.start, seed)
        for arm in ARMS:
            actor = deepcopy(start)
            learn(actor, train, arm, arguments.steps, seed + 1000)
            nats, pairs = validation_loss(actor, test), evaluate(actor, test[:RANKED])["pairAccuracy"]
            readings = [reading for _, reading in test]
            with torch.no_grad():
                memory = memory_of(actor, readings)
            plans = []
            for temperature in TEMPERATURES:
                drawn = draw(actor.eval(), memory, "prior", readings, DRAWS, torch.Generator().manual_seed(seed), temperature)
                plans += [
                    {"index": indices[one.id], "temperature": temperature, "plan": plan_of(each.plan, one.condition, reading.texts, figures)}
                    for (one, reading), some in zip(test, drawn, strict=True)
                    for each in some
                ]
            print(json.dumps({"seed": seed, "arm": arm, "nats": nats, "pairs": pairs, "plans": plans}), flush=True)
            print(f"seed {seed}, {arm}: {nats:.2f} nats, {pairs} of pairs right", file=sys.stderr, flush=True)


def situation_indices(uri: str) -> dict[str, int]:
    rows = ExemplarDataset(uri, "versions", "test", columns=("situation_id", "situation_index"), shuffle=False, rank=0, world_size=1)
    return {row["situation_id"]: row["situation_index"] for row in rows.items()}


def learn(actor: PlanActor, train: Sequence[Read], arm: str, steps: int, seed: int) -> None:
    """Likelihood of finals and of earlier versions, each under its own law, and the arm's term. Rates fall to 0, as in training."""
    actor.train()
    optimizer = torch.optim.AdamW(actor.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05)
    rng = random.Random(seed)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * (1 - step / steps)
        batch = rng.sample(train, BATCH)
        others = [rng.sample(one.negatives, min(OPPOSED, len(one.negatives))) for one, _ in batch]
        finals = [Pair(reading, one.positive.tree, [], random.Random(rng.random())) for one, reading in batch]
        drafts = [Pair(reading, other.tree, [], random.Random(rng.random())) for (other, *_), (_, reading) in zip(others, batch, strict=True)]
        memory = memory_of(actor, readings_of(finals))
        loss = imitation(actor, memory, "prior", finals, EDITS)[0] + imitation(actor, memory, "draft", drafts, EDITS)[0]
        if arm != "mle":
            kind, negatives = TERMS[arm]
            steps_a_plan = sum(size(pair.tree) + 1 for pair in finals) / BATCH
            told_apart = opposed(finals, [[each.tree for each in some] for some in others], negatives, CONTRASTED)
            loss = loss + WEIGHT / steps_a_plan * contrast(actor, memory.first(CONTRASTED), *told_apart, kind, BETA)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(actor.parameters(), CLIP)
        optimizer.step()


if __name__ == "__main__":
    main()
