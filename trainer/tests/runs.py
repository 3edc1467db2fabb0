"""Running the training, here or as the child process, and reading what it left."""

import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from exemplar_trainer.config import TrainConfig
from exemplar_trainer.train import train

TRAINER = Path(__file__).resolve().parent.parent
SHORT = {"name": "short-run", "size": "tiny", "epochs": 2, "batchGroups": 3, "checkpointEverySteps": 3, "evaluateEverySteps": 6}
"""A run of seconds."""


def run(settings, stopping=lambda: False, **changes):
    """The training in this process: its result, and what it told meanwhile."""
    seen = []
    return train(TrainConfig.from_json({**settings, **changes}), seen.append, stopping), seen


def stopped_after(steps):
    """A `stopping` that says so after that many steps."""
    asked = count(1)
    return lambda: next(asked) == steps


forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["exemplar_trainer.train", "torch._dynamo"])


class Child:
    """The child process, forked from one that has imported torch: to import it takes longer than a short run does."""

    def __init__(self, config: dict[str, Any], **environment: str) -> None:
        reader, writer = forks.Pipe(duplex=False)
        self._process = forks.Process(target=_child, args=(json.dumps(config), writer, {"CUDA_VISIBLE_DEVICES": "", **environment}))
        self._process.start()
        writer.close()
        self._stdout = os.fdopen(os.dup(reader.fileno()))
        reader.close()

    def events(self) -> Iterator[dict[str, Any]]:
        for line in self._stdout:
            yield json.loads(line)

    def send(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    def wait(self) -> int:
        """Its exit status, or less than 0: the signal that ended it."""
        for _ in self._stdout:  # a full pipe would stop it
            pass
        self._stdout.close()
        self._process.join()
        return self._process.exitcode


def _child(config: str, stdout: Connection, environment: dict[str, str]) -> None:
    from exemplar_trainer import child

    os.environ.update(environment)
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    sys.stdin, sys.stdout, sys.argv = io.StringIO(config), os.fdopen(1, "w"), ["child"]
    sys.exit(child.main())


def finish(config: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The command, run to its end: exit status and last event."""
    command = [sys.executable, "-m", "exemplar_trainer.child"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=TRAINER, env=environment, input=json.dumps(config), stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def complete(run: Path) -> list[Path]:
    return sorted(state.parent for state in run.glob("*/state.json"))


def curve(run: Path) -> list[float]:
    """Losses of all steps, put together from the checkpoints."""
    return [loss for folder in complete(run) for loss in json.loads((folder / "state.json").read_text())["losses"]]


def state_of(folder: Path):
    return json.loads((complete(folder)[-1] / "state.json").read_text())
