"""The training loop."""

import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from exemplar_data import ExemplarDataset
from exemplar_data.storage import Store, open_store

from .actor import SIZES, PlanActor
from .checkpoint import best_state, load_model, load_optimizer, load_vocabulary, named_state, newest_state, save_checkpoint, step_folder
from .config import TrainConfig
from .errors import ConfigError, DataError, Diverged, NoPositives
from .evaluate import MOST, evaluate, validation_loss, watch
from .metrics import Metrics
from .plan_tree import Figures
from .ranks import Ranks
from .situations import Read
from .split import MAX_NEGATIVES, Parsed, learn_figures, learn_vocabulary, open_split, refuse_leaks
from .step import EmState, losses_of

WARM_UP_STEPS = 50
LEAST_RATE = 0.03
"""Share of the learning rate that is left at the end."""
CLIP_NORM = 1.0
WEIGHT_DECAY = 0.05
PROGRESS_EVERY_S = 0.25
MOST_WORDS = 8000
SHAPES_THE_CURVE = (
    "campaign", "startFrom", "seed", "epochs", "batchGroups", "learningRate", "size", "stepsAPlan", "objective", "contrast", "contrastWeight", "negatives", "compile", "threads",
    "evaluateEverySteps",
)  # fmt: skip
"""Settings that a run may not change between its checkpoints."""

Emit = Callable[[dict[str, Any]], None]


def train(config: TrainConfig, emit: Emit, stopping: Callable[[], bool] = lambda: False) -> dict[str, Any] | None:
    """
    Trains from the newest complete checkpoint (or from the start) for `epochs` epochs of the generation that it began with (with `follow`: each of the newest), takes the
    best checkpoint by validation, and evaluates. On one CPU thread count, and without `compile`, the weights are the same bit for bit however often the run was interrupted.

    emit receives {event: progress, step, steps, epoch, loss (nats), checkpoint (newest durable, or null), tokensPerS}.
    stopping is asked between steps; once true, a checkpoint is put and None returned. Of several ranks the first one alone emits, writes and
    evaluates; the others return {}.
    Raises ConfigError, DataError, NoPositives, Diverged, StoreUnavailable.
    """
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(config.seed)
    ranks = Ranks()
    try:
        return Run(config, ranks).to_end(emit, stopping)
    finally:
        ranks.close()


class Run:
    """One training run: what a checkpoint keeps of it, and how it goes on."""

    def __init__(self, config: TrainConfig, ranks: Ranks) -> None:
        self.ranks = ranks
        if config.compile:
            _require_compiler()
        self.store = open_store(config.checkpoints)
        state = newest_state(self.store)
        if state and config.generation is None and not config.follow:
            config = replace(config, generation=state["generation"])
        self.config = config
        self.dataset = open_split(config.uri, "train", config.generation, seed=config.seed, max_negatives=MAX_NEGATIVES, follow=config.follow)
        self.dataset.agree = ranks.agreed
        agreed = ranks.agreed(self.dataset.generation)  # a newer one may be sealed while ranks open it
        if agreed != self.dataset.generation:
            self.dataset.go_to(0, 0, agreed)
        manifest = self.dataset.manifest
        if manifest.campaign != config.campaign:
            raise ConfigError(f"campaign is {config.campaign}, but {config.uri} holds campaign {manifest.campaign}")
        if self.dataset.total == 0:
            raise NoPositives(
                f"generation {manifest.generation} of {config.campaign} has no situation with a positive and a negative in its train split"
            )
        self.identity = {
            "run": config.name,
            "generation": manifest.generation,
            "fingerprint": manifest.fingerprint,
            "simulated": manifest.simulated,
            "ranks": ranks.size,
            **{field: getattr(config, field) for field in SHAPES_THE_CURVE},
        }
        if state:
            _refuse_other_run(state, self.identity, config)
        else:
            refuse_leaks(config.uri, manifest.generation)
        origin = _origin(self.store, state, config)
        if origin:
            vocabulary, figures = load_vocabulary(*origin), Figures.from_json(origin[2]["resources"])
        else:
            figures = learn_figures(self._whole("train"))
            vocabulary = learn_vocabulary(self._whole("train"), figures, MOST_WORDS)
        self.parsed = Parsed(vocabulary, figures)
        self.actor = PlanActor(SIZES[config.size], len(vocabulary), tuple(scale.bins for scale in figures.scales)).to(ranks.device)
        self.optimizer = torch.optim.AdamW(self.actor.parameters(), lr=config.learningRate, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY)
        self.steps_an_epoch = math.ceil(self.dataset.total / (config.batchGroups * ranks.size))
        self.steps = config.epochs * self.steps_an_epoch
        self.em = EmState()
        self.best: dict[str, Any] | None = None
        self.evaluations: list[dict[str, Any]] = []
        self.step, self.loss, self.losses, self.durable = 0, math.nan, [], None
        if origin:
            load_model(*origin, self.actor)
        if state:
            load_optimizer(self.store, state, self.actor, self.optimizer)
            self.dataset.load_state_dict(state["loader"])
            if config.follow and state["loader"]["index"] == 0:
                self.dataset.take_up()
            if self.dataset.generation != state["generation"]:
                refuse_leaks(config.uri, self.dataset.generation)
            self.steps, self.steps_an_epoch = state["steps"], state["stepsAnEpoch"]
            self.step, self.loss = state["step"], state["losses"][-1]
            self.em, self.best, self.evaluations = EmState(**state["em"]), state["best"], state["evaluations"]
            self.durable = f"{self.store.root}/{step_folder(self.step)}"
        if config.compile:
            self.actor.fuse()
        here = os.environ.get("EXEMPLAR_DIR")
        self.metrics = Metrics(Path(here) / "tensorboard" / config.name if here and ranks.first else None, self.step + 1)

    def to_end(self, emit: Emit, stopping: Callable[[], bool]) -> dict[str, Any] | None:
        config, ranks = self.config, self.ranks
        held, validation = self.dataset.generation, self._held("validation")
        started, reported, tokens = time.monotonic(), 0.0, 0
        batches = self._batches()
        while self.step < self.steps and not self._stale():
            batch = next(batches)
            with torch.autocast(ranks.device.type, torch.bfloat16, enabled=ranks.device.type == "cuda"):
                found, seen = losses_of(self.actor, batch, config, self.step, self.steps, self.em)
            tokens += seen
            total = sum(found.values())
            self.loss = ranks.mean(total.item())
            self.step += 1
            if not math.isfinite(self.loss):
                total.backward()
                raise self._diverged(f"the loss is {self.loss}", _not_finite(found))
            rate = self._descend(total)
            self.losses.append(self.loss)
            parts = {name: ranks.mean(value.item()) for name, value in found.items()}
            self.em.follow(parts)
            per_s = tokens / (time.monotonic() - started)
            if ranks.first:
                self.metrics.add(
                    {"step": self.step, "loss": self.loss, **parts, "balance_smoothed": self.em.smoothed, "learning_rate": rate, "tokens_per_s": per_s}
                )

            stop = bool(ranks.most(stopping()))
            last = self.step == self.steps
            if held != self.dataset.generation:
                refuse_leaks(config.uri, self.dataset.generation)
                held, validation = self.dataset.generation, self._held("validation")
            better = (last or self.step % config.evaluateEverySteps == 0) and self._look(validation)
            ended = last or self._stale()
            saving = stop or ended or better or self.step % config.checkpointEverySteps == 0
            if saving:
                self._save()
            now = time.monotonic()
            if ranks.first and (saving or now - reported >= PROGRESS_EVERY_S):
                reported = now
                emit(
                    {"event": "progress", "step": self.step, "steps": self.steps, "epoch": (self.step - 1) // self.steps_an_epoch,
                     "loss": round(self.loss, 6), "checkpoint": self.durable, "tokensPerS": round(per_s)}
                )  # fmt: skip
            if stop and not ended:
                ranks.most(0)  # torchrun ends the others where one has ended: none before the checkpoint is put
                return None
        return self._result(validation) if ranks.first else {}

    def _whole(self, split: str) -> ExemplarDataset:
        """A split of the same generation in its own order, for every rank alike."""
        return open_split(self.config.uri, split, self.dataset.generation, shuffle=False, rank=0, world_size=1)

    def _held(self, split: str) -> list[Read]:
        """Those of a split that are evaluated."""
        return list(map(self.parsed, islice(self._whole(split).items(), MOST)))

    def _batches(self) -> Iterator[list[Read]]:
        while True:
            for groups in self.dataset.batches(self.config.batchGroups):
                yield list(map(self.parsed, groups))

    def _descend(self, total: torch.Tensor) -> float:
        """One step down; returns the learning rate that it took."""
        warm = min(1.0, self.step / WARM_UP_STEPS)
        rate = self.config.learningRate * warm * max(LEAST_RATE, 1 - self.step / self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        total.backward()
        self.ranks.average(self.actor)
        norm = torch.nn.utils.get_total_norm([each.grad for each in self.actor.parameters() if each.grad is not None])
        if not torch.isfinite(norm):
            raise self._diverged("a gradient is not finite", [])
        torch.nn.utils.clip_grads_with_norm_(self.actor.parameters(), CLIP_NORM, norm)
        self.optimizer.step()
        return rate

    def _diverged(self, what: str, losses: Sequence[str]) -> Diverged:
        """Names the losses, and the first parameter whose gradient is not finite; on a rank where neither is at fault, nothing."""
        found = (name for name, each in self.actor.named_parameters() if each.grad is not None and not each.grad.isfinite().all())
        at = ", ".join([*losses, *(f"gradient of {name}" for name in islice(found, 1))])
        return Diverged(f"{what} at step {self.step} ({at or 'on another rank'}); lower learningRate (it is {self.config.learningRate})")

    def _look(self, validation: Sequence[Read]) -> bool:
        """
        Evaluates on the validation split; whether this is the best step yet on the generation that is read. Where the split is empty, the last step is
        the best.
        """
        generation = self.dataset.generation
        nats = self.ranks.told(validation_loss(self.actor, validation)) if validation else None
        found: dict[str, Any] = {"step": self.step, "nats": None if nats is None else round(nats, 4)}
        if self.config.objective == "em" and validation:
            found |= watch(self.actor, validation)
            self.em.collapsed = bool(self.ranks.told(found["collapsed"]))
        self.evaluations.append(found)
        self.metrics.evaluated(found)
        if self.best is None or self.best["generation"] != generation or nats is None or found["nats"] < self.best["nats"]:
            self.best = {"step": self.step, "nats": found["nats"], "generation": generation}
            return True
        return False

    def _stale(self) -> bool:
        """Whether so many evaluations brought nothing better that the run ends early."""
        if self.config.stopAfter is None or self.best is None:
            return False
        return sum(each["step"] > self.best["step"] for each in self.evaluations) >= self.config.stopAfter

    def _save(self) -> None:
        if self.ranks.first:
            self.metrics.put(self.store, step_folder(self.step))
            state = {
                **self.identity, "generation": self.dataset.generation, "step": self.step, "steps": self.steps, "stepsAnEpoch": self.steps_an_epoch,
                "loader": self.dataset.state_dict(), "losses": self.losses, "em": asdict(self.em), "best": self.best, "evaluations": self.evaluations,
                "resources": self.parsed.figures.to_json(), "device": self.ranks.device.type, "torch": torch.__version__,
            }  # fmt: skip
            self.durable = save_checkpoint(self.store, state, self.actor, self.optimizer, self.parsed.vocabulary)
        self.losses = []

    def _result(self, validation: Sequence[Read]) -> dict[str, Any]:
        best = step_folder(self.best["step"])
        if self.best["step"] != self.step:
            load_model(self.store, best, best_state(self.store, best), self.actor)
        drafts = self.config.objective == "em"
        device = self.ranks.device
        return {
            "run": self.config.name,
            "generation": self.dataset.generation,
            "simulated": self.identity["simulated"],
            "step": self.step,
            "loss": round(self.loss, 6),
            "checkpoint": f"{self.store.root}/{best}",
            "train": evaluate(self.actor, self._held("train"), drafts),
            "validation": evaluate(self.actor, validation, drafts),
            "test": evaluate(self.actor, self._held("test"), drafts),
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        }


def _origin(store: Store, state: dict[str, Any] | None, config: TrainConfig) -> tuple[Store, str, dict[str, Any]] | None:
    """Where weights, words and scales of figures come from: this run's newest checkpoint, else what it starts from; None for a fresh start."""
    if state:
        return store, step_folder(state["step"]), state
    if config.startFrom is None:
        return None
    other = open_store(config.startFrom)
    try:
        folder, begun = named_state(other)
    except (ConfigError, DataError) as error:
        raise type(error)(f"startFrom: {error}") from error
    if begun["size"] != config.size:
        raise ConfigError(f"size is {config.size}, but startFrom, {config.startFrom}, holds an actor of size {begun['size']}")
    return other, folder, begun


def _require_compiler() -> None:
    """Raises ConfigError where torch.compile would not find its compiler."""
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(compiler) is None:
        raise ConfigError(f"compile needs a C++ compiler: {compiler} is not on PATH (CXX names another)")


def _not_finite(found: dict[str, torch.Tensor]) -> list[str]:
    return [name for name, value in found.items() if not math.isfinite(value.item())]


def _refuse_other_run(state: dict[str, Any], identity: dict[str, Any], config: TrainConfig) -> None:
    fixed = ("ranks", *SHAPES_THE_CURVE) if config.follow else ("generation", "fingerprint", "ranks", *SHAPES_THE_CURVE)
    for field in fixed:
        if state.get(field) != identity[field]:
            raise ConfigError(f"{config.checkpoints} holds a run whose {field} is {state.get(field)}, not {identity[field]}; choose another name")
