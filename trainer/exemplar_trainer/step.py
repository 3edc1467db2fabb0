"""What one step of the loop learns from: which kinds of steps are taken when, and what each of them draws."""

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from .actor import PlanActor
from .config import TrainConfig
from .domain import Plan, size
from .em import SMOOTHING
from .layers import Memory
from .losses import Pair, balance, contrast, imitation, link, opposed, readings_of, telling
from .moves import moved
from .policies import draw, explain, memory_of, with_explanations
from .situations import Read, Reading, Situation, Version

BALANCE_EVERY, OWN_EVERY, CONTRAST_EVERY, LINK_EVERY, M_STEP_EVERY, SLEEP_EVERY = 4, 16, 8, 8, 32, 64
"""
Steps between E-steps, those of them on plans of the posterior's own, contrastive steps, links of plans and explanations, M-steps and sleep steps. Drafts on the one hand, posterior
and explanations on the other take turns; every step learns from final plans.
"""
OWN_TEMPERATURE = 1.1
"""Of those plans: a little wider than the posterior, as GFlowNet-EM draws them."""
RAMP_STEPS = 400
"""Over which the contrastive weight rises to its own: while neither law is known their ratio is noise."""
WINDOW = 3
"""Steps of a path in an E-step."""
MOVES = 2
"""Back-and-forth moves of a plan before an M-step learns from it."""
THRESHOLD = (60.0, 6.0)
"""Smoothed balance loss below which M-steps are taken, from the first step to the last; nats squared."""
DRAFT_WEIGHT, POSTERIOR_WEIGHT, TELLING_WEIGHT = 0.5, 0.5, 0.5
BALANCE_WEIGHT, LINK_WEIGHT, M_WEIGHT, SLEEP_WEIGHT = 0.002, 0.3, 0.3, 0.3
"""Against the imitation of finals, which has 1: all policies share an encoder, and gradients are clipped together."""
CONTRAST_GROUPS, DRAWN_GROUPS = 2, 4
"""Situations of a batch in a step of that kind."""
TOLD_SHARE = 4
"""In one situation in so many of a batch the explanation, which is long, is told."""
MOST_OPPOSED = 3
"""Earlier versions that a final one, or its explanation, is told apart from."""
DPO_BETA = 0.1


@dataclass
class EmState:
    """
    smoothed: the balance loss, as algorithm 1 of GFlowNet-EM smooths it; None before the first. m_steps: taken. collapsed: what the last
    watch on the validation split said; no M-step is taken while it holds.
    """

    smoothed: float | None = None
    m_steps: int = 0
    collapsed: bool = True

    def may_maximize(self, done: float) -> bool:
        """done: share of the run, in [0, 1]."""
        first, last = THRESHOLD
        return not self.collapsed and self.smoothed is not None and self.smoothed < first + (last - first) * done

    def follow(self, found: dict[str, float]) -> None:
        if "balance" in found:
            loss = found["balance"] / BALANCE_WEIGHT
            self.smoothed = loss if self.smoothed is None else SMOOTHING * self.smoothed + (1 - SMOOTHING) * loss


def losses_of(
    actor: PlanActor, batch: Sequence[Read], config: TrainConfig, step: int, steps: int, em: EmState
) -> tuple[dict[str, torch.Tensor], int]:
    """
    The weighted losses of one step by name, and how many tokens of plans they read. Which kinds of steps are taken is a function of `step` and
    the EM's state alone; what is drawn, of seed, step and situation (by policies: the first one of the batch).
    """
    pairs = [_pair(one, reading, one.positive, config.seed, step) for one, reading in batch]
    memory = memory_of(actor, readings_of(pairs))
    loss, seen = imitation(actor, memory, "prior", pairs, config.stepsAPlan)
    found, tokens = {"final": loss}, seen.tokens + seen.rows.kind.count_nonzero().item()
    if config.objective == "imitation":
        return found, tokens

    generator = torch.Generator().manual_seed(zlib.crc32(f"{config.seed}/{step}/{batch[0][0].id}".encode()))
    earlier = [some_of(one.negatives, config.seed, step, one.id) for one, _ in batch]
    drafts = [_pair(one, reading, first, config.seed, step) for (one, reading), (first, *_) in zip(batch, earlier, strict=True)]
    if step % 2 == 1:
        loss, seen = imitation(actor, memory, "draft", drafts, config.stepsAPlan)
        found["draft"] = DRAFT_WEIGHT * loss
        tokens += seen.tokens
    else:
        # good plans and bad ones alike, each with its own explanation: only the forward policy of final plans is told them apart
        either = [final if final.rng.random() < 0.5 else draft for final, draft in zip(pairs, drafts, strict=True)]
        read = with_explanations(actor, memory, [pair.explanation for pair in either])
        loss, seen = imitation(actor, read, "posterior", either, config.stepsAPlan)
        found["posterior"] = POSTERIOR_WEIGHT * loss
        tokens += seen.tokens
        told = either[: max(1, len(either) // TOLD_SHARE)]
        beside = memory.first(len(told))
        with_plan, without = telling(actor, beside, told)
        # p(x | c) is what p(x | z, c) is measured against: it learns as much
        found["telling"], found["untold"] = TELLING_WEIGHT * with_plan.mean(), TELLING_WEIGHT * without.mean()
        if step % BALANCE_EVERY == 0:
            # of finals alone: p(z | c) is their law, and it is their explanations that M-steps begin from
            finals = pairs[: len(told)]
            own = step % OWN_EVERY == 0 and step >= RAMP_STEPS
            found["balance"] = BALANCE_WEIGHT * balance(actor, beside, latent(actor, beside, finals, generator, OWN_TEMPERATURE) if own else finals, WINDOW)
        if step % LINK_EVERY == 6:
            (one, reading), final = batch[0], pairs[0]
            versions = [final, *(_pair(one, reading, version, config.seed, step) for version in earlier[0])]
            found["link"] = LINK_WEIGHT * min(1.0, step / RAMP_STEPS) * link(actor, memory.first(1), versions)

    if config.contrast != "none" and step % CONTRAST_EVERY == 1:
        told_apart = opposed(pairs, [[version.tree for version in some] for some in earlier], config.negatives, CONTRAST_GROUPS)
        found["contrast"] = _contrast(actor, memory.first(CONTRAST_GROUPS), *told_apart, config, step)
    if step % M_STEP_EVERY == 2 and em.may_maximize(step / steps):
        found["maximize"] = M_WEIGHT * m_step(actor, memory.first(DRAWN_GROUPS), pairs[:DRAWN_GROUPS], config, generator)
        em.m_steps += 1
    if step % SLEEP_EVERY == 3 and step >= RAMP_STEPS:
        found["sleep"] = SLEEP_WEIGHT * sleep_step(actor, memory.first(DRAWN_GROUPS), pairs[:DRAWN_GROUPS], config.stepsAPlan, generator)
    return found, tokens


def _contrast(
    actor: PlanActor, memory: Memory, positives: Sequence[Pair], negatives: Sequence[Sequence[Plan]], config: TrainConfig, step: int
) -> torch.Tensor:
    weight = config.contrastWeight * min(1.0, step / RAMP_STEPS)
    # a step of a plan, as imitation is counted
    weight /= sum(size(positive.tree) + 1 for positive in positives) / len(positives)
    return weight * contrast(actor, memory, positives, negatives, config.contrast, DPO_BETA)


def m_step(actor: PlanActor, memory: Memory, pairs: Sequence[Pair], config: TrainConfig, generator: torch.Generator) -> torch.Tensor:
    """-log p(z | c) a step - log p(x | z, c) a token, of plans that the posterior draws for final explanations, then moves. memory: of the conditions."""
    drawn = latent(actor, memory, pairs, generator)
    for _ in range(MOVES):
        drawn = moved(actor, memory, drawn, generator)
    return imitation(actor, memory, "prior", drawn, config.stepsAPlan)[0] + telling(actor, memory, drawn)[0].mean()


@torch.no_grad()
def latent(actor: PlanActor, memory: Memory, pairs: Sequence[Pair], generator: torch.Generator, temperature: float = 1.0) -> list[Pair]:
    """Each explanation with a plan that the posterior draws for it. memory: of the conditions."""
    told = with_explanations(actor, memory, [pair.explanation for pair in pairs])
    drawn = draw(actor, told, "posterior", readings_of(pairs), 1, generator, temperature)
    return [replace(pair, tree=one.plan) for pair, (one,) in zip(pairs, drawn, strict=True)]


def sleep_step(actor: PlanActor, memory: Memory, pairs: Sequence[Pair], steps: int, generator: torch.Generator) -> torch.Tensor:
    """-log q(z | x) a step, of plans and explanations that the prior and p(x | z) dream. memory: of the conditions."""
    readings = readings_of(pairs)
    dreamt = [one.plan for (one,) in draw(actor, memory, "prior", readings, 1, generator)]
    explanations = explain(actor, memory, readings, dreamt, generator)
    dreams = [replace(pair, tree=tree, explanation=text) for pair, tree, text in zip(pairs, dreamt, explanations, strict=True)]
    return imitation(actor, with_explanations(actor, memory, explanations), "posterior", dreams, steps)[0]


def _pair(one: Situation, reading: Reading, version: Version, seed: int, step: int) -> Pair:
    kind = "final" if version is one.positive else "draft"
    return Pair(reading, version.tree, reading.explanation(version.explanation), random.Random(f"{seed}/{step}/{one.id}/{kind}"))


def some_of(negatives: Sequence[Version], seed: int, step: int, situation: str) -> list[Version]:
    """Up to MOST_OPPOSED earlier versions, drawn without putting back."""
    return random.Random(f"{seed}/{step}/{situation}/which").sample(negatives, min(MOST_OPPOSED, len(negatives)))
