"""The Temporal activity `train`: one child process, its progress as heartbeats. Imports no torch, so that a worker starts at once."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from .child import STOPPED
from .config import TrainConfig
from .errors import TrainerError

HEARTBEAT_EVERY_S = 2.0
STOP_WITHIN_S = 60.0
"""How long a cancelled child may take for its checkpoint before it is killed; the next attempt resumes from the one before."""
LONGEST_LINE = 1 << 20


@activity.defn(name="train")
async def train_activity(config: dict[str, Any]) -> dict[str, Any]:
    """
    Runs `TrainConfig` (as JSON) to the end and returns what `train.train` returns. Heartbeat details: the last progress event
    {step, steps, epoch, loss, checkpoint, tokensPerS}, empty before the first. A retry goes on from the newest durable checkpoint.
    Cancellation lets the child put a checkpoint and stop. Raises ApplicationError whose type is the error's `kind`; non-retryable where
    the same run cannot succeed.
    """
    try:
        TrainConfig.from_json(config)
    except TrainerError as error:
        raise _failure(error.kind, error.retryable, str(error)) from None
    child = await _start(config)
    last: dict[str, Any] = {}
    beating = asyncio.create_task(_beat(last))
    try:
        return await _follow(child, last)
    except asyncio.CancelledError:
        await _stop(child)
        if activity.cancellation_details() and activity.cancellation_details().worker_shutdown:
            raise ApplicationError("the worker shut down; the run goes on from its last checkpoint", type="Train.WorkerShutdown") from None
        raise
    finally:
        beating.cancel()
        if child.returncode is None:
            child.kill()
            await child.wait()


async def _start(config: dict[str, Any]) -> asyncio.subprocess.Process:
    package_root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exemplar_trainer.child", "--parent", str(os.getpid()),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}, limit=LONGEST_LINE,
    )  # fmt: skip
    child.stdin.write(json.dumps(config).encode())
    child.stdin.close()
    return child


async def _follow(child: asyncio.subprocess.Process, last: dict[str, Any]) -> dict[str, Any]:
    end: dict[str, Any] = {"event": "none"}
    async for line in child.stdout:
        event = json.loads(line)
        if event.pop("event") == "progress":
            last.update(event)
            activity.heartbeat(dict(last))
        else:
            end = event
    status = await child.wait()
    if "result" in end:
        return end["result"]
    if "kind" in end:
        raise _failure(end["kind"], end["retryable"], end["message"])
    if status == STOPPED:
        raise _failure("Train.Stopped", True, "the training process was stopped from outside; it goes on from its last checkpoint")
    died = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    raise _failure("Train.ProcessDied", True, f"the training process died ({died}); its log is the worker's standard error")


async def _beat(last: dict[str, Any]) -> None:
    """Heartbeats while nothing is reported: imports, reading, evaluation. Without them a cancellation would not arrive."""
    while True:
        activity.heartbeat(dict(last))
        await asyncio.sleep(HEARTBEAT_EVERY_S)


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        # Read on: a child blocked on a full pipe could not reach its checkpoint.
        await asyncio.wait_for(asyncio.gather(child.stdout.read(), child.wait()), STOP_WITHIN_S)
    except TimeoutError:
        child.kill()
        await child.wait()


def _failure(kind: str, retryable: bool, message: str) -> ApplicationError:
    return ApplicationError(message, type=kind, non_retryable=not retryable)
