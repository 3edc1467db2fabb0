"""Running the child process, and reading what it left."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TRAINER = Path(__file__).resolve().parent.parent
SHORT = {"name": "short-run", "size": "tiny", "epochs": 3, "batchGroups": 3, "checkpointEverySteps": 3, "evaluateEverySteps": 8}
"""A run of seconds."""


def start(config: dict[str, Any], *arguments: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-m", "exemplar_trainer.child", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TRAINER, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    child.stdin.write(json.dumps(config))
    child.stdin.close()
    return child


def events(child: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    for line in child.stdout:
        yield json.loads(line)


def finish(config: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Runs to the end; exit status and last event."""
    with start(config) as child:
        *_, last = events(child)
    return child.returncode, last


def complete(run: Path) -> list[Path]:
    return sorted(state.parent for state in run.glob("*/state.json"))


def curve(run: Path) -> list[float]:
    """Losses of all steps, put together from the checkpoints."""
    return [loss for folder in complete(run) for loss in json.loads((folder / "state.json").read_text())["losses"]]
