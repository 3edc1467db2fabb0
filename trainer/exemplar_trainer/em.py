"""
GFlowNet-EM: plans z are latent, texts x observed, p(x, z) = p(z) p(x | z).

A posterior sampler is trained to draw z with probability proportional to p(x, z) (E-step); p is trained on plans drawn from it
(M-step). An M-step waits until the sampler has followed the last one, by its smoothed balance loss. The loop knows neither tables nor
networks: it sees the two ports below.
Source: Hu, Malkin, Jain, Everett, Graikos, Bengio 2023, arXiv 2302.06576, algorithms 1 and 2.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import Diverged

Plans = Any
"""A batch of plans, as both ports understand them."""
Texts = Any
"""A batch of texts (with their conditions), as both ports understand them."""

SMOOTHING = 0.9
"""Weight of the past in the smoothed balance loss."""


class Joint(Protocol):
    """p(z) and p(x | z), which the posterior sampler asks for log p(x, z) as its log-reward."""

    def maximize(self, plans: Plans, texts: Texts) -> float:
        """One step up log p(z) + log p(x | z) on pairs. Returns its mean before the step, nats."""

    def dream(self, count: int) -> tuple[Plans, Texts]:
        """Pairs drawn from p(z) p(x | z)."""


class PosteriorSampler(Protocol):
    """q(z | x), a GFlowNet with the log-reward log p(x, z)."""

    def balance(self, texts: Texts) -> float:
        """One E-step on plans drawn for these texts, explored more widely than q. Returns the balance loss, nats squared."""

    def draw(self, texts: Texts) -> Plans:
        """A plan of q for each text."""

    def imitate(self, plans: Plans, texts: Texts) -> float:
        """One step up log q along paths to the plans given, without asking any reward. Returns the mean -log q a plan, nats."""


@dataclass(frozen=True)
class Schedule:
    """
    m_steps: M-steps in all. e_steps: E-steps before each. threshold: (first, last) value, linear over the M-steps, below which the
    smoothed balance loss must be, nats squared; None: it is not asked. patience: E-steps after which an M-step is taken in any case.
    sleep_every: a sleep step after each so many E-steps, 0: none. batch: texts in a step.
    """

    m_steps: int
    e_steps: int = 1
    threshold: tuple[float, float] | None = None
    patience: int = 10_000
    sleep_every: int = 0
    batch: int = 32

    def __post_init__(self) -> None:
        for name, least in (("m_steps", 1), ("e_steps", 1), ("patience", self.e_steps), ("sleep_every", 0), ("batch", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")

    def alpha(self, m_step: int) -> float:
        """The threshold of an M-step, counted from 0."""
        if self.threshold is None:
            return math.inf
        first, last = self.threshold
        return first + (last - first) * m_step / max(1, self.m_steps - 1)


@dataclass
class Progress:
    """e_steps, sleep_steps: taken so far. impatient: M-steps taken above the threshold. balance: the smoothed loss at each M-step."""

    e_steps: int = 0
    sleep_steps: int = 0
    impatient: int = 0
    balance: list[float] = field(default_factory=list)


def run_em(
    posterior: PosteriorSampler,
    joint: Joint,
    draw_texts: Callable[[int], Texts],
    schedule: Schedule,
    after_m_step: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """draw_texts: so many texts of the data. Raises Diverged."""
    progress, smoothed = Progress(), None
    for m_step in range(schedule.m_steps):
        taken = 0
        while taken < schedule.e_steps or (smoothed >= schedule.alpha(m_step) and taken < schedule.patience):
            loss = _finite(posterior.balance(draw_texts(schedule.batch)), "balance loss", progress.e_steps)
            smoothed = loss if smoothed is None else SMOOTHING * smoothed + (1 - SMOOTHING) * loss
            taken += 1
            progress.e_steps += 1
            if schedule.sleep_every and progress.e_steps % schedule.sleep_every == 0:
                _finite(posterior.imitate(*joint.dream(schedule.batch)), "sleep loss", progress.e_steps)
                progress.sleep_steps += 1
        progress.impatient += smoothed >= schedule.alpha(m_step)
        texts = draw_texts(schedule.batch)
        _finite(joint.maximize(posterior.draw(texts), texts), "joint log-likelihood", progress.e_steps)
        progress.balance.append(smoothed)
        after_m_step(progress)
    return progress


def _finite(value: float, what: str, e_step: int) -> float:
    if not math.isfinite(value):
        raise Diverged(f"the {what} is {value} after {e_step} E-steps; lower the learning rates")
    return value
