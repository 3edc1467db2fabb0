"""Checkpoints: `<step>/model.safetensors`, `optimizer.safetensors`, `vocabulary.json`, then `state.json`, whose presence makes them complete."""

import hashlib
import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from exemplar_data.storage import Store

from .errors import ConfigError, DataError
from .vocabulary import Vocabulary

SCHEMA = 4
FIELDS = ("step", "steps", "stepsAnEpoch", "generation", "size", "loader", "losses", "em", "best", "evaluations", "resources", "files")
"""What a state has at least."""
MODEL, OPTIMIZER, VOCABULARY, STATE = "model.safetensors", "optimizer.safetensors", "vocabulary.json", "state.json"


def step_folder(step: int) -> str:
    return f"{step:08d}"


def save_checkpoint(
    store: Store, state: dict[str, Any], model: torch.nn.Module, optimizer: torch.optim.Optimizer, vocabulary: Vocabulary
) -> str:
    """
    Puts the checkpoint of `state["step"]`, the state file last, and returns its address. Durable once this returns.
    `state` is any JSON object; the hashes of the other files are added to it.
    """
    folder = step_folder(state["step"])
    files = {
        MODEL: save(_on_cpu(model.state_dict())),
        OPTIMIZER: save(_moments(model, optimizer)),
        VOCABULARY: json.dumps(vocabulary.to_json(), ensure_ascii=False).encode(),
    }
    for name, data in files.items():
        store.write(f"{folder}/{name}", data)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    store.write(f"{folder}/{STATE}", json.dumps({"schema": SCHEMA, **state, "files": hashes}, indent=1).encode())
    return f"{store.root}/{folder}"


def newest_state(store: Store) -> dict[str, Any] | None:
    """State of the newest complete checkpoint; folders without a state file are what an interrupted save left, and are passed over."""
    for folder in sorted((name for name in store.names() if name.isdigit()), key=int, reverse=True):
        try:
            return read_state(store, folder)
        except FileNotFoundError:
            continue
    return None


def named_state(store: Store) -> tuple[str, dict[str, Any]]:
    """
    Folder and state of the checkpoint that the store's address means: the one there ("") or, of a run, its best by validation. Raises ConfigError where
    there is none, DataError.
    """
    try:
        return "", read_state(store, "")
    except FileNotFoundError:
        newest = newest_state(store)
    if newest is None:
        raise ConfigError(f"{store.root} holds no complete checkpoint")
    folder = step_folder((newest["best"] or newest)["step"])
    return folder, best_state(store, folder)


def best_state(store: Store, folder: str) -> dict[str, Any]:
    """State of a run's best checkpoint. Raises DataError where it is gone."""
    try:
        return read_state(store, folder)
    except FileNotFoundError:
        raise DataError(f"{store.root}/{folder}: missing, and it is the best by validation; without it the run has no result") from None


def read_state(store: Store, folder: str) -> dict[str, Any]:
    """State of one checkpoint. Raises FileNotFoundError where it is not complete, ConfigError, DataError."""
    raw = store.read(_key(folder, STATE))
    where = f"{store.root}/{folder}".rstrip("/")
    try:
        state = json.loads(raw)
        schema = state["schema"]
        if schema != SCHEMA:
            age = "a newer trainer" if schema > SCHEMA else "an older trainer"
            raise ConfigError(f"{where}: written by {age} (schema {schema}, this one reads {SCHEMA}); choose another name, or that trainer")
        missing = [field for field in FIELDS if field not in state]
        if missing:
            raise ValueError(f"{missing[0]} is missing")
        return state
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{where}/{STATE}: not a checkpoint's state: {error}") from error


def load_vocabulary(store: Store, folder: str, state: dict[str, Any]) -> Vocabulary:
    return Vocabulary.from_json(json.loads(_checked(store, folder, VOCABULARY, state)))


def load_model(store: Store, folder: str, state: dict[str, Any], model: torch.nn.Module) -> None:
    """Loads the weights that `state` names. Raises DataError where they are damaged, or of another network."""
    weights = _tensors(store, folder, MODEL, state)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise DataError(f"{store.root}/{folder}/{MODEL}: other weights than the network's: {str(error).splitlines()[1].strip()}") from error


def load_optimizer(store: Store, state: dict[str, Any], model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    moments = _tensors(store, step_folder(state["step"]), OPTIMIZER, state)
    for name, parameter in model.named_parameters():
        if f"{name}.step" in moments:
            optimizer.state[parameter] = {
                "step": moments[f"{name}.step"],
                "exp_avg": moments[f"{name}.exp_avg"].to(parameter.device),
                "exp_avg_sq": moments[f"{name}.exp_avg_sq"].to(parameter.device),
            }


def _key(folder: str, name: str) -> str:
    """folder "": the store is the checkpoint's own."""
    return f"{folder}/{name}" if folder else name


def _checked(store: Store, folder: str, name: str, state: dict[str, Any]) -> bytes:
    where = f"{store.root}/{_key(folder, name)}"
    try:
        data = store.read(_key(folder, name))
    except FileNotFoundError:
        raise DataError(f"{where}: missing") from None
    if hashlib.sha256(data).hexdigest() != state["files"].get(name):
        raise DataError(f"{where}: sha256 differs from {STATE}")
    return data


def _tensors(store: Store, folder: str, name: str, state: dict[str, Any]) -> dict[str, torch.Tensor]:
    try:
        return load(_checked(store, folder, name, state))
    except SafetensorError as error:
        raise DataError(f"{store.root}/{folder}/{name}: {error}") from error


def _moments(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Those of the parameters that have had a gradient yet."""
    return _on_cpu(
        {
            f"{name}.{moment}": optimizer.state[parameter][moment]
            for name, parameter in model.named_parameters()
            if parameter in optimizer.state
            for moment in ("step", "exp_avg", "exp_avg_sq")
        }
    )


def _on_cpu(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
