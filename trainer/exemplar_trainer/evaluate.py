"""Held-out ranking: does the energy put the final version of a plan below its earlier versions?"""

import math
from collections.abc import Sequence
from typing import Any

import torch

from .batch import collate
from .loader import Group
from .model import PlanEnergy
from .tokens import TextTable

FEW = 30
"""Below this many situations a result says so."""
PLANS_AT_ONCE = 128
Z95 = 1.959964


def evaluate(model: PlanEnergy, groups: Sequence[Group], table: TextTable, device: torch.device) -> dict[str, Any]:
    """`ranking` of every group's positive against all its negatives."""
    plans = [(group, plan) for group in groups for plan in (group.positive, *group.negatives)]
    energies: list[float] = []
    model.eval()
    with torch.no_grad():
        for start in range(0, len(plans), PLANS_AT_ONCE):
            batch = collate(plans[start : start + PLANS_AT_ONCE], table)
            energies += model(batch.to(device)).double().cpu().tolist()
    model.train()
    scored, start = [], 0
    for group in groups:
        stop = start + 1 + len(group.negatives)
        scored.append(energies[start:stop])
        start = stop
    sizes = [[-float(len(plan)) for plan in (group.positive, *group.negatives)] for group in groups]
    return ranking(scored) | {"longerFirst": ranking(sizes)["pairAccuracy"]}


def ranking(energies: Sequence[Sequence[float]]) -> dict[str, Any]:
    """
    Ranking of one split from the energies of each situation's positive (first) and m >= 1 negatives.

    pairAccuracy: share of (positive, negative) pairs with the positive lower, ties counting half; chance 0.5.
    interval: 95 % Wilson interval of pairAccuracy. Pairs of a situation hang together, so a situation counts as one trial, and trials
    of unequal size as (sum m)^2 / sum m^2 (Kish's effective number): wider than the truth rather than narrower.
    top1: share of situations with the positive lowest of all, ties sharing; top1Chance: mean of 1 / (1 + m).
    Numbers are null where the split is empty; `note` is a sentence, or null where there is nothing to beware of.
    """
    situations = len(energies)
    if situations == 0:
        empty = dict.fromkeys(("pairAccuracy", "interval", "top1", "top1Chance"))
        return {**empty, "pairs": 0, "chance": 0.5, "situations": 0, "note": "No situation with a positive and a negative in this split."}
    sizes = [len(group) - 1 for group in energies]
    pairs = sum(sizes)
    right = sum((group[0] < other) + 0.5 * (group[0] == other) for group in energies for other in group[1:])
    best = sum((group[0] == min(group)) / group.count(group[0]) for group in energies)
    accuracy = right / pairs
    return {
        "pairAccuracy": _rounded(accuracy),
        "pairs": pairs,
        "interval": [_rounded(end) for end in wilson(accuracy, pairs**2 / sum(size**2 for size in sizes))],
        "chance": 0.5,
        "top1": _rounded(best / situations),
        "top1Chance": _rounded(sum(1 / (1 + size) for size in sizes) / situations),
        "situations": situations,
        "note": f"Only {situations} situation{'s' * (situations > 1)}: read the interval, not the point." if situations < FEW else None,
    }


def wilson(share: float, trials: float) -> tuple[float, float]:
    """95 % Wilson score interval of a share seen in `trials` > 0 trials. Source: Wilson 1927, JASA 22, 209-212."""
    shrink = 1 + Z95**2 / trials
    centre = (share + Z95**2 / (2 * trials)) / shrink
    half = Z95 * math.sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials**2)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)


def _rounded(value: float) -> float:
    return round(value, 4)
