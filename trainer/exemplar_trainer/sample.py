"""
Plans of a trained actor: `python -m exemplar_trainer.sample --checkpoint URI`, with situations as JSON on stdin.

Reads {situations: [{initial, target, agent, task, horizon}]} and writes one JSON object a line for each: {plans: [{plan, logP, edits, first, times}]}, the
likeliest first. plan: as `plan_json`. logP: log p^(z | c), nats. times: how often it was drawn. first: the first leaf action's text. Exit status: 0, 1 failed, 2 bad input.
"""

import argparse
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from exemplar_data.contract import LEVELS, TASKS
from exemplar_data.storage import open_store

from .actor import SIZES, PlanActor
from .checkpoint import load_model, load_vocabulary, named_state
from .domain import Plan, size
from .errors import ConfigError, TrainerError
from .losses import log_p
from .plan_tree import Condition, Figures, Texts, plan_of
from .policies import draw, memory_of
from .situations import Reading, path_to
from .vocabulary import Vocabulary

PATHS = 8
"""Paths to a plan that its log p is estimated from."""
AT_ONCE = 256
"""Plans drawn at once, of 32 situations at most."""
MOST_SITUATIONS = 32
MODES = ("habitual", "planning")


@dataclass(frozen=True)
class Trained:
    """What a checkpoint holds of an actor."""

    actor: PlanActor
    vocabulary: Vocabulary
    figures: Figures
    state: dict[str, Any]


def open_checkpoint(uri: str) -> Trained:
    """
    A checkpoint's folder, or a run's: its best checkpoint then, by validation. Raises ConfigError, DataError or StoreUnavailable.
    """
    store = open_store(uri)
    folder, state = named_state(store)
    vocabulary, figures = load_vocabulary(store, folder, state), Figures.from_json(state["resources"])
    actor = PlanActor(SIZES[state["size"]], len(vocabulary), tuple(scale.bins for scale in figures.scales))
    load_model(store, folder, state, actor)
    return Trained(actor.eval(), vocabulary, figures, state)


def condition_of(value: Any, place: int) -> Condition:
    """Raises ConfigError naming the field."""
    where = f"situations[{place}]"
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be an object")
    for field in ("initial", "agent"):
        if not isinstance(value.get(field), str) or not value[field].strip():
            raise ConfigError(f"{where}.{field} must be a text")
    if value.get("target") is not None and not isinstance(value["target"], str):
        raise ConfigError(f"{where}.target must be a text or null")
    if value.get("task", "plan") not in TASKS:
        raise ConfigError(f"{where}.task must be one of {', '.join(TASKS)}, not {value['task']!r}")
    horizon = value.get("horizon")
    neighbours = [list(LEVELS[first : first + count]) for count in (1, 2, 3) for first in range(len(LEVELS) - count + 1)]
    if horizon not in neighbours:
        raise ConfigError(f"{where}.horizon must be one to three neighbours of {', '.join(LEVELS)}, finest first, not {horizon!r}")
    return Condition(value["initial"], value.get("target"), value["agent"], value.get("task", "plan"), tuple(horizon))


def sample(trained: Trained, conditions: Sequence[Condition], count: int, mode: str, seed: int, temperature: float = 1.0, paths: int = PATHS) -> list[list[dict[str, Any]]]:
    """
    `count` plans for each condition, the likeliest first. mode: `habitual` takes the likeliest edit at each step, one plan however many are asked for;
    `planning` draws them from pi_F, at a temperature of its choices, texts and figures. Equal plans are given once, with `times` of how often they were drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    readings = [Reading(trained.vocabulary, Texts(), condition) for condition in conditions]
    found = []
    situations = max(1, min(MOST_SITUATIONS, AT_ONCE // count))
    for first in range(0, len(readings), situations):
        some = readings[first : first + situations]
        with torch.no_grad():
            memory = memory_of(trained.actor, some)
        habitual = mode == "habitual"
        wanted = 1 if habitual else count
        times: list[Counter[Plan]] = [Counter() for _ in some]
        for done in range(0, wanted, AT_ONCE):
            drawn = draw(trained.actor, memory, "prior", some, min(AT_ONCE, wanted - done), generator, 0.0 if habitual else temperature)
            for seen, plans in zip(times, drawn, strict=True):
                seen.update(one.plan for one in plans)
        for place, (reading, seen) in enumerate(zip(some, times, strict=True)):
            found.append([_described(trained, memory.rows([place]), reading, plan, n, seed, paths) for plan, n in seen.items()])
    return [sorted(plans, key=lambda plan: -plan["logP"]) for plans in found]


@torch.no_grad()
def _described(trained: Trained, memory: Any, reading: Reading, tree: Plan, times: int, seed: int, paths: int) -> dict[str, Any]:
    rng = random.Random(seed)
    terms = log_p(trained.actor, memory, "prior", [reading], [[path_to(tree, rng) for _ in range(paths)]])
    plan = plan_of(tree, reading.condition, reading.texts, trained.figures)
    return {
        "plan": plan,
        "logP": round((terms.logsumexp(0) - math.log(paths)).item(), 4),
        "edits": size(tree),
        "times": times,
        "first": _first_leaf(plan),
    }


def _first_leaf(plan: dict[str, Any]) -> str:
    node = plan["nodes"][1]
    while node["children"]:
        node = node["children"][0]
    return node["text"]


def _read_conditions(text: str) -> list[Condition]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"stdin: not JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("situations"), list):
        raise ConfigError("situations must be a list")
    return [condition_of(one, place) for place, one in enumerate(value["situations"])]


def main() -> int:
    parser = argparse.ArgumentParser(prog="exemplar_trainer.sample", description="Draw plans from a trained actor.")
    parser.add_argument("--checkpoint", required=True, metavar="URI")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--mode", choices=MODES, default="planning")
    parser.add_argument("--temperature", type=float, default=1.0, help="of planning, above 0")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        if arguments.count < 1 or not 0 < arguments.temperature < math.inf:
            raise ConfigError("count must be at least 1, and temperature a number above 0")
        conditions = _read_conditions(sys.stdin.read())
        trained = open_checkpoint(arguments.checkpoint)
        for plans in sample(trained, conditions, arguments.count, arguments.mode, arguments.seed, arguments.temperature):
            print(json.dumps({"plans": plans}), flush=True)
    except OSError as error:
        print(f"{arguments.checkpoint}: {error.strerror or error}", file=sys.stderr)
        return 1
    except TrainerError as error:
        print(str(error), file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
