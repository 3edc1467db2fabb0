"""Small untrained actors, and situations for them to read."""

from pathlib import Path

import torch

from exemplar_trainer.actor import PlanActor
from exemplar_trainer.layers import Size
from exemplar_trainer.plan_tree import Figures
from exemplar_trainer.situations import Reading, Situation
from exemplar_trainer.split import Parsed, learn_figures, learn_vocabulary, open_split
from exemplar_trainer.vocabulary import Vocabulary

SMALL = Size(32, 2, 1, 2, 1)


def actor_of(vocabulary: Vocabulary, figures: Figures, seed: int = 0) -> PlanActor:
    """None of its weights is 0, as some of a new actor are: whatever a policy can depend on, it does."""
    torch.manual_seed(seed)
    actor = PlanActor(SMALL, len(vocabulary), tuple(scale.bins for scale in figures.scales)).eval()
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return actor


def parsed_of(folder: Path) -> Parsed:
    figures = learn_figures(open_split(str(folder), "train", None, shuffle=False))
    return Parsed(learn_vocabulary(open_split(str(folder), "train", None, shuffle=False), figures, 1000), figures)


def situations_of(folder: Path, parsed: Parsed, split: str = "train") -> list[tuple[Situation, Reading]]:
    """By their place in the campaign."""
    return list(map(parsed, open_split(str(folder), split, None, shuffle=False).items()))


@torch.no_grad()
def say_nothing_of_plans(actor: PlanActor) -> None:
    """Explanations are told without a look at plan or condition, and nothing is copied."""
    for layer in actor.telling_layers:
        for parameter in layer.reading.out.parameters():
            parameter.zero_()
    actor.telling_out.copies.weight.zero_()
    actor.telling_out.copies.bias.fill_(-100.0)
