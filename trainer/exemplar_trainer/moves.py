"""
Back-and-forth moves of real plans: what the posterior draws for an explanation is brought nearer to p(z | x, c) before an M-step learns from it.

Some edits are undone by the paths' own P_B and done anew by the posterior; `local_search` has the rule by which the result is taken. Source: Hu et
al. 2023, arXiv 2302.06576, section 3.2.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from .actor import PlanActor
from .domain import apply, size, undo_of
from .layers import Memory
from .local_search import Move, log_acceptance, uniform_lengths
from .losses import Pair, log_p, log_told, readings_of
from .policies import draw, score, with_explanations
from .situations import Step, path_to, undo_law


@torch.no_grad()
def moved(actor: PlanActor, memory: Memory, pairs: Sequence[Pair], generator: torch.Generator) -> list[Pair]:
    """
    One move of each pair's plan. memory: of the conditions. The log-reward is that of E-steps: log p(z | c), by the prior along each path, and log p~(x | z, c).
    A plan that the posterior does not end in time is not taken.
    """
    told = with_explanations(actor, memory, [pair.explanation for pair in pairs])
    log_q_old = uniform_lengths(torch.tensor([size(pair.tree) for pair in pairs]))
    undone = torch.multinomial(log_q_old.exp(), 1, generator=generator)
    back = [path_to(pair.tree, pair.rng)[-1 - k :] for pair, k in zip(pairs, undone.flatten().tolist(), strict=True)]
    drawn = draw(actor, told, "posterior", readings_of(pairs), 1, generator, starts=[path[0].plan for path in back])
    forth = [_undoable(one.path if one.stopped else path) for (one,), path in zip(drawn, back, strict=True)]
    done = torch.tensor([[len(path) - 1] for path in forth])
    log_q_new = uniform_lengths(torch.tensor([size(path[-1].plan) for path in forth]))
    move = replace(
        move_between(actor, memory, told, pairs, back, forth),
        log_q_old=log_q_old.gather(1, undone).squeeze(1),
        log_q_new=log_q_new.gather(1, done).squeeze(1),
    )
    chance = torch.rand(len(pairs), generator=generator, dtype=torch.float64)
    taken = (chance.log() < log_acceptance(move)).tolist()
    return [replace(pair, tree=path[-1].plan) if yes else pair for pair, path, yes in zip(pairs, forth, taken, strict=True)]


def move_between(
    actor: PlanActor, memory: Memory, told: Memory, pairs: Sequence[Pair], back: Sequence[Sequence[Step]], forth: Sequence[Sequence[Step]]
) -> Move:
    """
    The terms of moves from the ends of `back` to those of `forth`, paths from the same states, but for those of their lengths, which are 0. Rewards are
    relative to these states.
    """
    readings, paths = readings_of(pairs), list(zip(back, forth, strict=True))
    log_prior, log_posterior = (
        log_p(actor, beside, role, readings, paths).view(-1, 2).double().cpu() for beside, role in ((memory, "prior"), (told, "posterior"))
    )
    ends = score(actor, memory, "prior", readings, [[old[-1], new[-1]] for old, new in paths])
    log_text = log_told(actor, memory, ends, [pair.explanation for pair in pairs]).double().cpu()
    log_pb = torch.tensor([[sum(step.log_pb for step in path) for path in both] for both in paths], dtype=torch.float64)
    return Move(*(log_prior + log_text).T, *torch.zeros_like(log_pb).T, *log_pb.T, *(log_posterior + log_pb).T)


def _undoable(path: Sequence[Step]) -> list[Step]:
    """A path with the log P_B of each of its edits."""
    return [step if step.edit is None else replace(step, log_pb=dict(undo_law(apply(step.plan, step.edit)))[undo_of(step.edit)]) for step in path]
