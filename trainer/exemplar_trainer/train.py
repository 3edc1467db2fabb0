"""The training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from exemplar_data.storage import open_store

from .batch import collate_groups
from .checkpoint import load_checkpoint, newest_state, save_checkpoint, step_folder
from .config import TrainConfig
from .errors import ConfigError, Diverged, NoPositives
from .evaluate import evaluate
from .loader import GroupLoader, open_dataset
from .model import CONDITION_TOKENS, PlanEnergy
from .objectives import info_nce

WARM_UP_STEPS = 20
CLIP_NORM = 1.0
WEIGHT_DECAY = 0.01
PROGRESS_EVERY_S = 0.25
SHAPES_THE_CURVE = ("campaign", "seed", "batchGroups", "learningRate", "threads")
"""Settings that a run may not change between its checkpoints; `epochs` may grow."""

Emit = Callable[[dict[str, Any]], None]


def train(config: TrainConfig, emit: Emit, stopping: Callable[[], bool] = lambda: False) -> dict[str, Any] | None:
    """
    Trains from the newest complete checkpoint (or from the start) to the end of the last epoch and evaluates. On one CPU thread count
    the weights are the same bit for bit however often the run was interrupted.

    emit receives {event: progress, step, steps, epoch, loss (nats), checkpoint (newest durable, or null), tokensPerS}.
    stopping is asked between steps; once true, a checkpoint is put and None returned.
    Raises ConfigError, DataError, NoPositives, Diverged, StoreUnavailable.
    """
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    checkpoints = open_store(config.checkpoints)
    state = newest_state(checkpoints)
    if state and config.generation is None:
        config = replace(config, generation=state["generation"])
    dataset = open_dataset(config.uri, config.generation)
    manifest = dataset.manifest
    if manifest.campaign != config.campaign:
        raise ConfigError(f"campaign is {config.campaign}, but {config.uri} holds campaign {manifest.campaign}")
    groups, counts = dataset.groups("train")
    if not groups:
        raise NoPositives(
            f"generation {manifest.generation} of {config.campaign} has no situation with a positive and a negative in its train split"
        )

    model = PlanEnergy().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learningRate, betas=(0.9, 0.99), weight_decay=WEIGHT_DECAY)
    loader = GroupLoader(groups, seed=config.seed, batch_groups=config.batchGroups)
    steps_an_epoch = math.ceil(len(groups) / config.batchGroups)
    steps = config.epochs * steps_an_epoch
    step, loss, losses, durable = 0, math.nan, [], None
    identity = {
        "run": config.name,
        "generation": manifest.generation,
        "fingerprint": manifest.fingerprint,
        "simulated": manifest.simulated,
        **{field: getattr(config, field) for field in SHAPES_THE_CURVE},
    }
    if state:
        _refuse_other_run(state, identity, config.checkpoints)
        load_checkpoint(checkpoints, state, model, optimizer)
        loader.load_state_dict(state["loader"])
        step, loss = state["step"], state["losses"][-1]
        durable = f"{checkpoints.root}/{step_folder(step)}"
        if step > steps:
            done = step // steps_an_epoch
            raise ConfigError(f"epochs is {config.epochs}, but {durable} is already {done} epochs in; raise it or choose another name")

    started, reported, tokens = time.monotonic(), 0.0, 0
    while step < steps:
        drawn = loader.next_batch()
        batch, slots = collate_groups(drawn, dataset.texts)
        tokens += int(batch.present.sum()) + CONDITION_TOKENS * len(batch.stance)
        energy = model(batch.to(device))
        nce = info_nce(energy, slots.to(device))
        loss = nce.item()
        step += 1
        if not math.isfinite(loss):
            raise Diverged(f"the loss is {loss} at step {step}; lower learningRate (it is {config.learningRate})")
        optimizer.zero_grad()
        nce.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        for group in optimizer.param_groups:
            group["lr"] = config.learningRate * min(1.0, step / WARM_UP_STEPS)
        optimizer.step()
        losses.append(loss)

        stop = stopping()
        saving = stop or step == steps or step % config.checkpointEverySteps == 0
        if saving:
            at = {**identity, "step": step, "loader": loader.state_dict(), "losses": losses, "device": device.type, "torch": torch.__version__}
            durable = save_checkpoint(checkpoints, at, model, optimizer)
            losses = []
        now = time.monotonic()
        if saving or now - reported >= PROGRESS_EVERY_S:
            reported = now
            rate = round(tokens / (now - started))
            emit(
                {"event": "progress", "step": step, "steps": steps, "epoch": (step - 1) // steps_an_epoch, "loss": round(loss, 6),
                 "checkpoint": durable, "tokensPerS": rate}
            )  # fmt: skip
        if stop and step < steps:
            return None

    held_out = {split: dataset.groups(split)[0] for split in ("validation", "test")}
    return {
        "run": config.name,
        "generation": manifest.generation,
        "simulated": manifest.simulated,
        "step": step,
        "loss": round(loss, 6),
        "checkpoint": durable,
        "train": evaluate(model, groups, dataset.texts, device) | {"counts": counts.to_json()},
        "validation": evaluate(model, held_out["validation"], dataset.texts, device),
        "test": evaluate(model, held_out["test"], dataset.texts, device),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
    }


def _refuse_other_run(state: dict[str, Any], identity: dict[str, Any], where: str) -> None:
    for field in ("generation", "fingerprint", *SHAPES_THE_CURVE):
        if state.get(field) != identity[field]:
            raise ConfigError(f"{where} holds a run whose {field} is {state.get(field)}, not {identity[field]}; choose another name")
