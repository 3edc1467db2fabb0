"""What a plan actor makes of situations that it has not seen."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from .actor import PADDING, PlanActor
from .domain import PLACEHOLDER, size
from .layers import Memory
from .losses import Pair, explained, log_p, readings_of, telling
from .policies import memory_of, score
from .situations import Read, Situation, Step, Version, path_to
from .vocabulary import CUT

FEW = 30
"""Below this many situations a result says so."""
MOST = 64
"""Situations of a split that are looked at, the first in its files' order."""
STATES_AT_ONCE = 512
"""Scored in one go, so that memory does not grow with the longest plan and the number of its versions."""
WATCHED, WATCHED_ALONG_PATHS = 16, 8
SHARED_NATS = 1.0
SHARED_SHARE = 0.5
WATCHED_PATHS, LEAST_ESS = 8, 2.0
LEAST_SPREAD = 0.5
Z95 = 1.959964


@torch.no_grad()
def evaluate(actor: PlanActor, situations: Sequence[Read], drafts: bool = True) -> dict[str, Any]:
    """
    nats: mean -log p^(z+ | c), an upper bound in expectation. `ranking` of each positive against its negatives by log p - log p_draft, the ratio that
    tells final from earlier versions best where both laws are known; without `drafts` (that law was not trained) by log p. cut: of `cut`.
    """
    actor.eval()
    scored: list[list[float]] = []
    nats = 0.0
    some = list(situations[:MOST])
    for part in parts(some, lambda one: one.versions):
        readings = [reading for _, reading in part]
        paths = [[path_to(version.tree, random.Random(f"{one.id}/{place}")) for place, version in enumerate(one.versions)] for one, _ in part]
        memory = memory_of(actor, readings)
        final = log_p(actor, memory, "prior", readings, paths)
        ratio = final - log_p(actor, memory, "draft", readings, paths) if drafts else final
        ends = [len(group) for group in paths]
        for mine, contrasted in zip(final.split(ends), ratio.split(ends), strict=True):
            nats -= mine[0].item()
            scored.append((-contrasted).tolist())
    actor.train()
    sizes = [[-float(len(version.tree)) for version in one.versions] for one, _ in some]
    found = {"nats": _rounded(nats / len(some)) if some else None, "cut": cut(some)}
    return found | ranking(scored) | {"longerFirst": ranking(sizes)["pairAccuracy"]}


def parts(situations: Sequence[Read], scored: Callable[[Situation], Sequence[Version]]) -> Iterator[list[Read]]:
    """Situations in their order, as many at once as have STATES_AT_ONCE states on their paths together, at least one."""
    part, widest = [], 0
    for one, reading in situations:
        states = sum(size(version.tree) + 1 for version in scored(one))
        widest = max(widest, states)
        if part and (len(part) + 1) * widest > STATES_AT_ONCE:
            yield part
            part, widest = [], states
        part.append((one, reading))
    if part:
        yield part


def cut(situations: Sequence[Read]) -> dict[str, int]:
    """How many conditions, texts of final plans and their explanations are longer than the actor reads or writes, and lose their ends."""
    found = {"conditions": 0, "texts": 0, "explanations": 0}
    for one, reading in situations:
        found["conditions"] += CUT in reading.tokens
        found["texts"] += sum(CUT in reading.node(node) for node in one.positive.tree if node.symbol != PLACEHOLDER)
        found["explanations"] += CUT in reading.explanation(one.positive.explanation)
    return found


@torch.no_grad()
def validation_loss(actor: PlanActor, situations: Sequence[Read]) -> float:
    """Mean -log p^(z+ | c) of the first situations, nats; NaN of none. What the best checkpoint is chosen by."""
    actor.eval()
    total, some = 0.0, list(situations[:MOST])
    for part in parts(some, lambda one: [one.positive]):
        readings = [reading for _, reading in part]
        paths = [[path_to(one.positive.tree, random.Random(f"{one.id}/0"))] for one, _ in part]
        total -= log_p(actor, memory_of(actor, readings), "prior", readings, paths).sum().item()
    actor.train()
    return total / len(some) if some else math.nan


@torch.no_grad()
def watch(actor: PlanActor, situations: Sequence[Read]) -> dict[str, float | bool]:
    """
    Signs of posterior collapse on up to WATCHED held-out situations, each with its positive's explanation; where whole paths are scored, on the first few.

    swapNats: log p(x | z) - log p(x | z'), mean, z' an earlier version of the same plan. sharedNats: I(z; x | c) among up to 3 versions of a situation, by the
    mean of log q(z | x, c) - log mean_x' q(z | x', c), x' over those versions' explanations; sharedShare: of log(versions), its most. Other situations' plans and
    explanations would measure what the condition tells already. tokenNats, untoldTokenNats: -log p(x | z, c) and -log p(x | c) a token. pathEss: effective number
    of 8 paths to a positive, by their shares of p^(z | c), mean. spread: standard deviation of all their plans' encoded rows, mean over dimensions.
    collapsed: swapNats below 1 nat, sharedShare below a half, pathEss below 2 or spread below a half: then M-steps would train p(x | z) to ignore plans.
    """
    actor.eval()
    some = list(situations[:WATCHED])
    pairs = [Pair(reading, one.positive.tree, reading.explanation(one.positive.explanation), random.Random(one.id)) for one, reading in some]
    memory = memory_of(actor, readings_of(pairs))
    told, untold = telling(actor, memory, pairs)
    swapped = [replace(pair, tree=one.negatives[0].tree) for pair, (one, _) in zip(pairs, some, strict=True)]
    lengths = torch.tensor([1.0 + len(pair.explanation) for pair in pairs], device=told.device)
    swap = ((telling(actor, memory, swapped)[0] - told) * lengths).mean().item()
    few = slice(WATCHED_ALONG_PATHS)
    shared, most = _shared_nats(actor, memory, some[few])
    ess, spread = _path_ess(actor, memory, pairs[few]), _spread(actor, memory, pairs)
    actor.train()
    share = shared / most
    return {
        "swapNats": _rounded(swap),
        "sharedNats": _rounded(shared),
        "sharedShare": _rounded(share),
        "tokenNats": _rounded(told.mean().item()),
        "untoldTokenNats": _rounded(untold.mean().item()),
        "pathEss": _rounded(ess),
        "spread": _rounded(spread),
        "collapsed": swap < SHARED_NATS or share < SHARED_SHARE or ess < LEAST_ESS or spread < LEAST_SPREAD,
    }


def _shared_nats(actor: PlanActor, memory: Memory, situations: Sequence[Read]) -> tuple[float, float]:
    """
    log q(z_i | x_i) - log mean_j q(z_i | x_j), mean over versions i of a situation, then over situations, along one path to each z_i; and what it would be if each
    explanation told its plan for certain.
    """
    shared = most = 0.0
    for place, (one, reading) in enumerate(situations):
        versions = [Pair(reading, version.tree, reading.explanation(version.explanation), random.Random(f"{one.id}/{i}")) for i, version in enumerate(one.versions[:3])]
        log_q = explained(actor, memory.rows([place]), versions)
        shared += (log_q.diagonal() - log_q.logsumexp(0) + math.log(len(versions))).mean().item()
        most += math.log(len(versions))
    return shared / len(situations), most / len(situations)


def _path_ess(actor: PlanActor, memory: Memory, pairs: Sequence[Pair]) -> float:
    """(sum w)^2 / sum w^2 of w = p^(z) along WATCHED_PATHS paths, mean over plans. Source: Kish 1965, Survey Sampling."""
    total = 0.0
    for place, pair in enumerate(pairs):
        paths = [path_to(pair.tree, pair.rng) for _ in range(WATCHED_PATHS)]
        weights = log_p(actor, memory.rows([place]), "prior", [pair.reading], [paths]).double().softmax(0)
        total += 1 / weights.square().sum().item()
    return total / len(pairs)


def _spread(actor: PlanActor, memory: Memory, pairs: Sequence[Pair]) -> float:
    seen = score(actor, memory, "prior", readings_of(pairs), [[Step(pair.tree, None, 0.0)] for pair in pairs])
    return seen.hidden[seen.rows.kind != PADDING].float().std(0).mean().item()


def ranking(energies: Sequence[Sequence[float]]) -> dict[str, Any]:
    """
    Ranking of one split from the energies (lower is better) of each situation's positive (first) and m >= 1 negatives.

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
