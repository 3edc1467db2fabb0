"""
Training speed of the plan actor beside a plain transformer language model of as many weights, in turns in one process: JSON on stdout.

python bench/trainer.py [--size small] [--batch 8] [--rounds 5]

All take whole training steps (forward, backward, AdamW) on data that lie in memory; the actor's are made up in the lengths of the
worlds' plans. A token is a position that passes a stack of layers, padding left out: of the condition, of a plan's rows in each state, of an edit's text, of
an explanation; the model's passes all of its weights, the actor's those of one stack, so operations a token are counted too (torch's FlopCounterMode, with
those on padding).
imitation, em: the actor by its objectives; em without M-steps and sleep. fused: imitation compiled (`compile: true`), on the same batches.
peak: of a square matrix product in the same process and type.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trainer"))

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from exemplar_trainer.actor import SIZES, PlanActor
from exemplar_trainer.config import TrainConfig
from exemplar_trainer.domain import PLACEHOLDER, ROOT, Edit, PlanSpace, apply
from exemplar_trainer.layers import Size, TextLayer
from exemplar_trainer.plan_tree import Condition, Figures, Texts
from exemplar_trainer.situations import Read, Reading, Situation, Version
from exemplar_trainer.step import EmState, losses_of
from exemplar_trainer.vocabulary import PAD, Vocabulary

FUSING_STEPS = 24
"""Within which all shapes have come that a compiled actor is made for."""
WORDS = [f"word{'abcdefghijklmnopqrstuvwxyz'[n % 26]}{'abcdefghijklmnopqrstuvwxyz'[n // 26]}" for n in range(600)]
FIGURES = Figures((("energy", "Wh"),))
CONDITION, EXPLANATION, NODE, ROWS = 110, 90, 12, 18
"""Words of a condition, an explanation and a node's text, and rows of a plan, as in the relief world."""


class LanguageModel(nn.Module):
    """Causal, pre-norm, rotary: the actor's own layer, `layers` times."""

    def __init__(self, size: Size, layers: int, vocabulary: int) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, size.width)
        self.layers = nn.ModuleList(TextLayer(size) for _ in range(layers))
        self.out = nn.LayerNorm(size.width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden = self.token(tokens)
        for layer in self.layers:
            hidden = layer.feed_forward(layer.attention(hidden, causal=True, rotate=True))
        return F.linear(self.out(hidden), self.token.weight)


def weights(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def made_up(count: int, seed: int) -> list[Read]:
    rng = random.Random(seed)
    vocabulary = Vocabulary([f" {word}" for word in WORDS])
    some = lambda n: " ".join(rng.choice(WORDS) for _ in range(n))  # noqa: E731
    made = []
    for number in range(count):
        texts = Texts()
        condition = Condition(some(CONDITION), some(10), some(1), "plan", ("hours", "days"))
        space = PlanSpace(labels=1, states=1, max_states=ROWS, max_depth=2)
        versions = []
        for _ in range(3):
            plan = ROOT
            while len(plan) < ROWS:
                kind, row = rng.choice([slot for slot in space.slots(plan) if slot[0] != "label"])
                plan = apply(plan, Edit(kind, row, texts.number(some(NODE))))
            for row, node in enumerate(plan):
                if not node.is_state and node.symbol == PLACEHOLDER:
                    bins = tuple(rng.randrange(1, scale.bins) for scale in FIGURES.scales) if row else ()
                    plan = apply(plan, Edit("label", row, texts.number(some(NODE)) + 1, bins))
            versions.append(Version(plan, some(EXPLANATION), None))
        made.append((Situation(str(number), condition, versions[0], tuple(versions[1:])), Reading(vocabulary, texts, condition)))
    return made


class Tokens:
    """Counts the positions that pass the actor's stacks, padding left out; on the device, so that nothing waits for it."""

    def __init__(self, actor: PlanActor) -> None:
        self.seen = torch.zeros((), dtype=torch.int64, device=actor.token.weight.device)
        for layer, mask in ((actor.text_layers[0], 1), (actor.plan_layers[0], 2)):
            layer.register_forward_hook(lambda _layer, inputs, _out, mask=mask: self.seen.add_(inputs[mask].sum()) and None)
        for name in ("symbol_log_p", "telling_log_p"):
            setattr(actor, name, self._counted(getattr(actor, name)))

    def _counted(self, log_p: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def counted(wanted: torch.Tensor, *rest: Any) -> torch.Tensor:
            self.seen += (wanted != PAD).sum()
            return log_p(wanted, *rest)

        return counted


def matmul_peak(device: torch.device, dtype: torch.dtype, side: int) -> float:
    """FLOP a second of a square product."""
    left, right = torch.randn(side, side, device=device, dtype=dtype), torch.randn(side, side, device=device, dtype=dtype)
    best = 0.0
    for _ in range(5):
        settle(device)
        began = time.perf_counter()
        left @ right
        settle(device)
        best = max(best, 2 * side**3 / (time.perf_counter() - began))
    return best


def settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8, help="of each in a round; of em, 8 hold every kind but sleep and M-steps")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = SIZES[arguments.size]
    made = made_up(4 * arguments.batch, seed=0)
    vocabulary = made[0][1].vocabulary
    learners: dict[str, nn.Module] = {
        name: PlanActor(size, len(vocabulary), tuple(scale.bins for scale in FIGURES.scales)).to(device) for name in ("imitation", "em", "fused")
    }
    learners["fused"].fuse()
    actor_weights = weights(learners["em"])
    layers = round((actor_weights - len(vocabulary) * size.width) / weights(TextLayer(size)))
    learners["model"] = LanguageModel(size, layers, len(vocabulary)).to(device)
    configs = {
        objective: TrainConfig("bench", "bench", "-", "-", batchGroups=arguments.batch, size=arguments.size, objective=objective) for objective in ("imitation", "em")
    }
    counted = {name: Tokens(learners[name]) for name in ("imitation", "em")}
    optimizers = {name: torch.optim.AdamW(learner.parameters(), lr=1e-4) for name, learner in learners.items()}
    length = 256
    text = torch.randint(len(vocabulary), (arguments.batch, length), device=device)
    half = torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")

    def step_of(name: str, step: int) -> None:
        with half:
            if name == "model":
                loss = F.cross_entropy(learners[name](text)[:, :-1].flatten(0, 1).float(), text[:, 1:].flatten())
            else:
                first = step * arguments.batch % len(made)
                batch = made[first : first + arguments.batch]
                found, _ = losses_of(learners[name], batch, configs["em" if name == "em" else "imitation"], step, 1000, EmState())
                loss = sum(found.values())
        optimizers[name].zero_grad()
        loss.backward()
        optimizers[name].step()

    def steps_of(name: str, first: int) -> int:
        """Takes `steps` steps; how many tokens they had, 0 of `fused`, which has those of `imitation`."""
        if name in counted:
            counted[name].seen.zero_()
        for step in range(first, first + arguments.steps):
            step_of(name, step)
        settle(device)
        if name in counted:
            return int(counted[name].seen)
        return text.numel() * arguments.steps if name == "model" else 0

    flops = {}
    for name in ("imitation", "em", "model"):
        with FlopCounterMode(display=False) as counter:
            tokens = steps_of(name, 0)
        flops[name] = counter.get_total_flops() / tokens
    flops["fused"] = flops["imitation"]
    began = time.perf_counter()
    for step in range(FUSING_STEPS):
        step_of("fused", step)
    fusing = time.perf_counter() - began
    rounds = []
    for number in range(arguments.rounds + 1):
        taken = {}
        for name in ("imitation", "em", "fused", "model"):
            settle(device)
            began = time.perf_counter()
            tokens = steps_of(name, number * arguments.steps) or taken["imitation"]["tokens"]
            seconds = time.perf_counter() - began
            taken[name] = {"tokens": tokens, "tokensPerS": tokens / seconds, "stepsPerS": arguments.steps / seconds}
        if number:  # the first warms up
            rounds.append(taken)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    print(
        json.dumps(
            {
                "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu", "threads": torch.get_num_threads(), "size": arguments.size,
                "weights": {name: weights(learner) for name, learner in learners.items()}, "fusingS": fusing, "layers": layers, "batch": arguments.batch, "length": length,
                "stepsAPlan": configs["em"].stepsAPlan, "flopsAToken": flops, "rounds": rounds, "peakFlops": matmul_peak(device, dtype, 8192 if device.type == "cuda" else 1024),
                "torch": torch.__version__,
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
