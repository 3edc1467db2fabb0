"""
What each policy learns from: losses on batches of situations. Each is a mean over situations, which ranks average, but for the balance (a weighted mean over
windows of paths), `dpo` (over pairs) and the link (over versions of one situation): of these ranks average their own means.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from .actor import PlanActor
from .domain import Plan, undo_of
from .layers import Memory
from .objectives import dpo, grouped_nce, modified_sub_trajectory_balance
from .plan_tree import translated
from .policies import Scored, score, tell, with_explanations
from .situations import Reading, Step, path_to, undo_law

MISTOLD = 0.1
"""
The chance, in the posterior's reward, that an explanation was told without its plan. Beside a plan that lacks a step that it names it is tens of nats less likely;
nobody needs the chance to stop there as exactly, and squares of such errors would outweigh all others.
"""


@dataclass(frozen=True)
class Pair:
    """A plan and its explanation in tokens, under a condition. rng: of all that is drawn for it."""

    reading: Reading
    tree: Plan
    explanation: list[int]
    rng: random.Random


def readings_of(pairs: Sequence[Pair]) -> list[Reading]:
    return [pair.reading for pair in pairs]


def imitation(actor: PlanActor, memory: Memory, role: str, pairs: Sequence[Pair], steps: int) -> tuple[torch.Tensor, Scored]:
    """
    -log P_F a step, nats, on `steps` steps of a path to each plan, drawn by P_B. In expectation it is least where P_F is in balance with P_B at the
    law of the plans.
    """
    chosen = []
    for pair in pairs:
        path = path_to(pair.tree, pair.rng)
        chosen.append(pair.rng.sample(path, min(steps, len(path))))
    seen = score(actor, memory, role, readings_of(pairs), chosen)
    return -(seen.log_pf.sum(1) / seen.present.sum(1)).mean(), seen


def telling(actor: PlanActor, memory: Memory, pairs: Sequence[Pair]) -> tuple[torch.Tensor, torch.Tensor]:
    """-log p(x | z, c) and -log p(x | c) a token, nats, each [C]."""
    seen = score(actor, memory, "prior", readings_of(pairs), [[Step(pair.tree, None, 0.0)] for pair in pairs])
    texts = [pair.explanation for pair in pairs]
    told, tokens = tell(actor, memory, seen.plan(0), texts)
    untold, _ = tell(actor, memory, None, texts)
    return -told / tokens, -untold / tokens


def explained(actor: PlanActor, memory: Memory, versions: Sequence[Pair]) -> torch.Tensor:
    """
    log q^(z_i | x_j, c) of all versions of one situation, each by one path to z_i: [versions j, versions i]. memory: of its condition alone, one context.
    Less the mean over j of its exponential, column by column, the diagonal is a bound of I(z; x | c) from below. Source: van den Oord et al. 2018, arXiv
    1807.03748, equation 4.
    """
    count = len(versions)
    told = with_explanations(actor, memory.rows([0] * count), [one.explanation for one in versions])
    paths = [path_to(one.tree, one.rng) for one in versions]
    return log_p(actor, told, "posterior", [versions[0].reading] * count, [paths] * count).view(count, count)


def link(actor: PlanActor, memory: Memory, versions: Sequence[Pair]) -> torch.Tensor:
    """
    InfoNCE of each version's own explanation among those of all versions of its situation, by log q(z | x, c), nats: its optimum is where q has log p(x | z, c) /
    p(x | c) up to what is of z alone, as the posterior has.
    """
    log_q = explained(actor, memory, versions)
    return (log_q.logsumexp(0) - log_q.diagonal()).mean()


def log_p(actor: PlanActor, memory: Memory, role: str, readings: Sequence[Reading], paths: Sequence[Sequence[Sequence[Step]]]) -> torch.Tensor:
    """
    log p^(z) by one path each: sum log P_F - log P_B along it, with STOP. A lower bound of log p(z) in expectation, equal to it at a policy in balance.
    paths: some of each context. Returns float32 [number of paths], context by context.
    """
    seen = score(actor, memory, role, readings, [[step for path in some for step in path] for some in paths])
    terms = []
    for c, some in enumerate(paths):
        ends = [len(path) for path in some]
        for path, part in zip(some, seen.log_pf[c, : sum(ends)].split(ends), strict=True):
            terms.append(part.sum() - sum(step.log_pb for step in path))
    return torch.stack(terms)


def opposed(finals: Sequence[Pair], earlier: Sequence[Sequence[Plan]], negatives: str, count: int) -> tuple[list[Pair], list[list[Plan]]]:
    """
    The first `count` positives and what each is told apart from. earlier: at least one plan of each place. negatives: `own`, those; `random`, as many final plans of
    the nearest other situations before it whose levels fit, its own where there is none; `shuffled`, its own, any of the group in the positive's role.
    """
    positives, others = [], []
    for place, (positive, own) in enumerate(zip(finals[:count], earlier, strict=False)):
        opposing = list(own)
        if negatives == "random":
            fit = [other for other in (finals[place - back] for back in range(1, len(finals))) if _levels(other.tree) <= positive.reading.condition.max_depth]
            opposing = [translated(other.tree, other.reading.texts, positive.reading.texts) for other in fit[: len(own)]] or opposing
        if negatives == "shuffled":
            role = positive.rng.randrange(1 + len(own))
            if role > 0:
                opposing[role - 1], positive = positive.tree, replace(positive, tree=opposing[role - 1])
        positives.append(positive)
        others.append(opposing)
    return positives, others


def _levels(tree: Plan) -> int:
    return max(node.depth for node in tree)


def contrast(
    actor: PlanActor, memory: Memory, pairs: Sequence[Pair], negatives: Sequence[Sequence[Plan]], kind: str, beta: float
) -> torch.Tensor:
    """
    Positives against negatives, nats. kind: `corrected` (NCE of log p - log p_draft, which leaves the law of final plans as its optimum), `plain`
    (NCE of log p) or `dpo` (with the drafts' law as reference). Each situation has at least one negative.
    """
    groups = [(pair.tree, *some) for pair, some in zip(pairs, negatives, strict=True)]
    paths = [[path_to(tree, pair.rng) for tree in group] for pair, group in zip(pairs, groups, strict=True)]
    log_final = log_p(actor, memory, "prior", readings_of(pairs), paths)
    with torch.no_grad():
        log_draft = log_p(actor, memory, "draft", readings_of(pairs), paths)
    slots = torch.full((len(groups), max(map(len, groups))), -1, dtype=torch.int64, device=log_final.device)
    first = 0
    for row, group in enumerate(groups):
        slots[row, : len(group)] = torch.arange(first, first + len(group))
        first += len(group)
    if kind == "dpo":
        there = slots[:, 1:] >= 0
        positive, negative = slots[:, :1].expand_as(there)[there], slots[:, 1:][there]
        return dpo(log_final[positive], log_final[negative], log_draft[positive], log_draft[negative], beta)
    return grouped_nce(log_final, slots, log_draft if kind == "corrected" else None)


def balance(actor: PlanActor, memory: Memory, pairs: Sequence[Pair], window: int, tau: float = 1.0, lamda: float = 0.9) -> torch.Tensor:
    """
    Modified SubTB of the posterior on `window` neighbouring steps of a path to each plan, for log R(z) = (log p(z | c) + log p~(x | z, c)) / tau, where p~ is
    (1 - MISTOLD) p(x | z, c) + MISTOLD p(x | c). Along a path a prior in balance gives its own ratio: log p(s') - log p(s) = log P_F - log P_B +
    log P_F(STOP | s') - log P_F(STOP | s). Nats squared. Gradients go to the posterior and its P_B, and to what they share with other policies.
    """
    readings, explanations = readings_of(pairs), [pair.explanation for pair in pairs]
    windows = []
    for pair in pairs:
        path = path_to(pair.tree, pair.rng)
        first = pair.rng.randint(0, max(0, len(path) - 1 - window))
        windows.append(path[first : first + window + 1])
    # a window's last state is there for itself: what is done in it is not asked
    longest = max(map(len, windows))
    steps = torch.tensor([[place < len(some) - 1 for place in range(longest - 1)] for some in windows], dtype=torch.bool, device=memory.hidden.device)
    with torch.no_grad():
        prior = score(actor, memory, "prior", readings, windows)
        log_text = log_told(actor, memory, prior, explanations)
        back = torch.zeros_like(prior.log_pf)
        for row, some in enumerate(windows):
            back[row, : len(some)] = torch.tensor([step.log_pb for step in some], device=back.device)
        gained = prior.log_pf[:, :-1] - back[:, :-1] + prior.log_stop[:, 1:] - prior.log_stop[:, :-1]
        log_prior = torch.nn.functional.pad(torch.where(steps, gained, 0.0).cumsum(1), (1, 0))
        log_reward = (log_prior + log_text) / tau
    seen = score(actor, with_explanations(actor, memory, explanations), "posterior", readings, windows)
    return modified_sub_trajectory_balance(log_reward, seen.log_stop, seen.log_pf[:, :-1], _log_undo(actor, seen, windows), steps, lamda)


def log_told(actor: PlanActor, memory: Memory, seen: Scored, explanations: Sequence[list[int]]) -> torch.Tensor:
    """log p~(x | s, c), the text's part of the posterior's log R, at each state: [C, S]."""
    contexts, states = seen.present.shape
    every = [c for c in range(contexts) for _ in range(states)]
    log_text, _ = tell(actor, memory.rows(every), seen.plans(), [explanations[c] for c in every])
    log_untold, _ = tell(actor, memory, None, explanations)
    return torch.logaddexp(math.log1p(-MISTOLD) + log_text.view(contexts, states), math.log(MISTOLD) + log_untold.unsqueeze(1))


def _log_undo(actor: PlanActor, seen: Scored, windows: Sequence[Sequence[Step]]) -> torch.Tensor:
    """log P_B of the posterior at each state but the first, of the step that led to it: [C, S - 1]. Untrained it is the paths' own law."""
    logits = actor.undo_logits(seen.hidden).float()
    base = torch.full(logits.shape, float("-inf"))
    base[:, :, 0] = 0.0  # states that are not there must not become NaN; nothing reads them
    done = torch.zeros(logits.shape[:2], dtype=torch.int64)
    for c, some in enumerate(windows):
        for s in range(1, len(some)):
            base[c, s, 0] = float("-inf")
            for undo, log_p_back in undo_law(some[s].plan):
                base[c, s, undo.row + 1] = log_p_back
            done[c, s] = undo_of(some[s - 1].edit).row + 1
    log_back = (logits + base.to(logits.device)).log_softmax(-1)
    return log_back.gather(2, done.to(logits.device).unsqueeze(2)).squeeze(2)[:, 1:]
