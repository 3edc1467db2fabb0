"""Checkpoints: `<step>/model.safetensors`, `optimizer.safetensors`, then `state.json`, whose presence makes them complete."""

import hashlib
import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from exemplar_data.storage import Store

from .errors import ConfigError, DataError

SCHEMA = 1
MODEL, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"


def step_folder(step: int) -> str:
    return f"{step:08d}"


def save_checkpoint(store: Store, state: dict[str, Any], model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> str:
    """
    Puts the checkpoint of `state["step"]`, the state file last, and returns its address. Durable once this returns.
    `state` is any JSON object; the hashes of the two tensor files are added to it.
    """
    folder = step_folder(state["step"])
    files = {MODEL: save(_on_cpu(model.state_dict())), OPTIMIZER: save(_moments(model, optimizer))}
    for name, data in files.items():
        store.write(f"{folder}/{name}", data)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    store.write(f"{folder}/{STATE}", json.dumps({"schema": SCHEMA, **state, "files": hashes}, indent=1).encode())
    return f"{store.root}/{folder}"


def newest_state(store: Store) -> dict[str, Any] | None:
    """State of the newest complete checkpoint; folders without a state file are what an interrupted save left, and are passed over."""
    steps = sorted((name for name in store.names() if name.isdigit()), key=int, reverse=True)
    for folder in steps:
        try:
            raw = store.read(f"{folder}/{STATE}")
        except FileNotFoundError:
            continue
        try:
            state = json.loads(raw)
            if state["schema"] > SCHEMA:
                raise ConfigError(f"{store.root}/{folder}: written by a newer trainer (schema {state['schema']}); update, or choose another name")
            return state
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{store.root}/{folder}/{STATE}: not a checkpoint's state: {error}") from error
    return None


def load_checkpoint(store: Store, state: dict[str, Any], model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Loads the tensors that `state` names into the model and optimizer. Raises DataError where they are damaged."""
    folder = step_folder(state["step"])
    model.load_state_dict(_tensors(store, folder, MODEL, state))
    moments = _tensors(store, folder, OPTIMIZER, state)
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {
            "step": torch.tensor(float(state["step"])),
            "exp_avg": moments[f"{name}.exp_avg"].to(parameter.device),
            "exp_avg_sq": moments[f"{name}.exp_avg_sq"].to(parameter.device),
        }


def _tensors(store: Store, folder: str, name: str, state: dict[str, Any]) -> dict[str, torch.Tensor]:
    where = f"{store.root}/{folder}/{name}"
    try:
        data = store.read(f"{folder}/{name}")
        if hashlib.sha256(data).hexdigest() != state["files"][name]:
            raise DataError(f"{where}: sha256 differs from {STATE}")
        return load(data)
    except FileNotFoundError:
        raise DataError(f"{where}: missing") from None
    except SafetensorError as error:
        raise DataError(f"{where}: {error}") from error


def _moments(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    return _on_cpu(
        {
            f"{name}.{moment}": optimizer.state[parameter][moment]
            for name, parameter in model.named_parameters()
            for moment in ("exp_avg", "exp_avg_sq")
        }
    )


def _on_cpu(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
