"""Small untrained actors, and situations for them to read."""

from pathlib import Path

import torch

from exemplar_trainer.actor import PlanActor
from exemplar_trainer.layers import Size
from exemplar_trainer.plan_tree import Condition, Figures, Texts
from exemplar_trainer.situations import Read, Reading
from exemplar_trainer.split import Parsed, learn_figures, learn_vocabulary, open_split
from exemplar_trainer.vocabulary import EOS, FIRST_WORD, Vocabulary

SMALL = Size(32, 2, 1, 2, 1)
FIGURES = Figures((("load", "kg"),))
MARKS = (".", ";", "!", "?")


def marking_actor() -> tuple[PlanActor, Reading]:
    """An actor that writes nothing but MARKS, whose every text is encoded as it was drawn, and a condition for it."""
    vocabulary = Vocabulary([*MARKS, " spare", "Spare"])
    actor = actor_of(vocabulary, FIGURES)
    with torch.no_grad():
        for bias in (actor.symbol_out.bias, actor.telling_out.bias):
            bias.fill_(-50.0)
            bias[FIRST_WORD : FIRST_WORD + len(MARKS)] = 1.0
            bias[EOS] = 2.0
        for out in (actor.symbol_out, actor.telling_out):
            out.copies.bias.fill_(-50.0)
        for norm in (actor.symbol_out.norm, actor.telling_out.norm):  # else a mark is followed by itself for ever
            norm.weight.mul_(0.2)
    texts = Texts()
    for text in ("It.", "is", "done", "!"):
        texts.number(text)
    return actor, Reading(vocabulary, texts, Condition("Six eggs.", "A cake.", "cook", "plan", ("minutes", "hours")))


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


def situations_of(folder: Path, parsed: Parsed, split: str = "train") -> list[Read]:
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
