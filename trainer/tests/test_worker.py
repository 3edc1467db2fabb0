import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from runs import TRAINER, complete
from temporalio import workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from exemplar_trainer.activity import train_activity
from exemplar_trainer.checkpoint import FIELDS, SCHEMA
from exemplar_trainer.config import TrainConfig


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that nobody reaps has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(what, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


async def connected(address: str) -> Client:
    """A client of a server that is starting: a busy machine takes longer than the SDK's own test servers are given."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return await Client.connect(address)
        except RuntimeError:
            assert time.monotonic() < deadline, f"no server at {address}"
            await asyncio.sleep(0.1)


def test_the_activity_returns_the_result_and_its_heartbeats_name_durable_checkpoints(settings):
    beats: list[dict[str, Any]] = []
    environment = ActivityEnvironment()

    def beat(*details: Any) -> None:
        if details[0].get("checkpoint"):
            assert (Path(details[0]["checkpoint"]) / "state.json").exists()
        beats.append(details[0])

    environment.on_heartbeat = beat
    result = asyncio.run(environment.run(train_activity, settings))
    assert result["step"] == 10
    assert (Path(result["checkpoint"]) / "state.json").exists()
    assert set(result) == {"run", "generation", "simulated", "step", "loss", "checkpoint", "train", "validation", "test", "device"}
    assert set(beats[-1]) == {"step", "steps", "epoch", "loss", "checkpoint", "tokensPerS"}
    assert len(json.dumps(result)) < 2000


def test_a_cancelled_activity_leaves_a_checkpoint_and_no_process(settings):
    environment = ActivityEnvironment()
    pids = []
    real = asyncio.create_subprocess_exec

    async def remember(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        child = await real(*arguments, **options)
        pids.append(child.pid)
        return child

    environment.on_heartbeat = lambda *details: details[0].get("checkpoint") and environment.cancel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "create_subprocess_exec", remember)
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(environment.run(train_activity, {**settings, "epochs": 5000, "checkpointEverySteps": 7, "evaluateEverySteps": 5000}))
    last = json.loads((complete(Path(settings["checkpoints"]))[-1] / "state.json").read_text())
    assert last["step"] > 7
    assert len(pids) == 1 and gone(pids[0])


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"epochs": 0}, "Train.Config", "epochs must be an integer of at least 1, not 0"),
        ({"uri": "/nowhere"}, "Train.Config", "/nowhere has no manifest"),
    ],
)
def test_what_cannot_succeed_is_not_retried(settings, change, kind, message):
    with pytest.raises(ApplicationError) as failure:
        asyncio.run(ActivityEnvironment().run(train_activity, {**settings, **change}))
    assert failure.value.non_retryable
    assert failure.value.type == kind
    assert failure.value.message.startswith(message) and "\n" not in failure.value.message


def test_an_error_nobody_foresaw_is_one_line_and_not_retried_for_ever(settings, tmp_path):
    run = tmp_path / "run" / "00000003"
    run.mkdir(parents=True)
    state = {"schema": SCHEMA, "generation": 1, "fingerprint": "f" * 64, "ranks": 1, "step": "three"}
    (run / "state.json").write_text(json.dumps({**dict.fromkeys(FIELDS), **TrainConfig.from_json(settings).to_json(), **state}))
    with pytest.raises(ApplicationError) as failure:
        asyncio.run(ActivityEnvironment().run(train_activity, settings))
    assert failure.value.non_retryable
    assert failure.value.type == "Internal"
    assert "\n" not in failure.value.message


def test_the_worker_starts_without_torch():
    code = "import sys, exemplar_trainer.worker; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=TRAINER).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="dying with the parent needs Linux")
def test_the_child_dies_with_its_parent_however_that_ends():
    """The child waits for its config on a pipe that this test holds open, so only its parent's death can end it."""
    read, write = os.pipe()
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'exemplar_trainer.child', '--parent', str(os.getpid())])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=TRAINER, stdin=read, stdout=subprocess.PIPE, text=True) as parent:
        try:
            child = int(parent.stdout.readline())
            until(lambda: _is_tied(child), 60)
            assert not gone(child)
            parent.send_signal(signal.SIGKILL)
            until(lambda: gone(child), 60)
        finally:
            parent.kill()
            os.close(write)
            os.close(read)


def _is_tied(pid: int) -> bool:
    """Signal handlers are set after the tie to the parent, so a child that catches SIGTERM (bit 14) is tied."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1))


@workflow.defn(sandboxed=False)
class Train:
    @workflow.run
    async def run(self, config: dict[str, Any]) -> dict[str, Any]:
        return await workflow.execute_activity(
            "train", config, task_queue="gpu-train",
            start_to_close_timeout=timedelta(minutes=5), heartbeat_timeout=timedelta(seconds=6),
        )  # fmt: skip


@pytest.mark.skipif(not shutil.which("temporal"), reason="temporal is not on PATH: no server to run a worker against")
def test_a_killed_worker_costs_no_step_and_the_next_one_finishes_the_run(settings, tmp_path, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    monkeypatch.setenv("EXEMPLAR_DIR", str(tmp_path / "state"))
    ready = tmp_path / "state" / "trainer.ready"
    run = Path(settings["checkpoints"])
    config = {**settings, "epochs": 6}

    def start_worker() -> subprocess.Popen[bytes]:
        ready.unlink(missing_ok=True)
        worker = subprocess.Popen([sys.executable, "-m", "exemplar_trainer.worker"], cwd=TRAINER)
        until(ready.exists, 120)
        assert ready.read_text() == f"{worker.pid}\n"
        return worker

    async def story() -> tuple[dict[str, Any], str]:
        client = await connected(address)
        async with Worker(client, task_queue="train-test", workflows=[Train]):
            first = await asyncio.to_thread(start_worker)
            handle = await client.start_workflow(Train.run, config, id="train", task_queue="train-test")
            await asyncio.to_thread(until, lambda: len(complete(run)) >= 2, 120)
            first.kill()
            first.wait()
            reached = complete(run)[-1].name
            second = await asyncio.to_thread(start_worker)
            try:
                return await handle.result(), reached
            finally:
                second.terminate()
                assert await asyncio.to_thread(second.wait, 60) == 0

    server = subprocess.Popen(["temporal", "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port), "--log-level", "error"])
    try:
        result, reached = asyncio.run(story())
    finally:
        server.terminate()
        server.wait()
    assert reached < "00000030"
    assert result["step"] == 30
    assert (run / "00000030" / "state.json").exists()
    assert not ready.exists()
    steps = [json.loads((folder / "state.json").read_text()) for folder in complete(run)]
    assert sum(len(state["losses"]) for state in steps) == 30
