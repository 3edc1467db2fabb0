import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from actors import marking_actor
from campaigns import Campaign
from runs import SHORT

from exemplar_trainer import policies
from exemplar_trainer.actor import PlanActor
from exemplar_trainer.situations import Reading


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pulled folder whose finals can be told from earlier versions."""
    return Campaign().write(tmp_path_factory.mktemp("moving"))


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    """50 situations in 10 pages; a repeated negative, one that equals its positive, and a version of a verification branch are among them."""
    made = Campaign(situations=50, page_size=5, shares=(1, 1), versions=5)
    twin = next(row for row in made.rows if row["label"] == "positive")
    branch = next(row for row in made.rows if row["label"] == "negative" and row["situation_index"] == 7)
    made.rows.append({**twin, "label": "negative", "is_final": False, "branch": "a1"})
    made.rows.append({**branch, "branch": "a2", "plan_text": "another way"})
    return made


@pytest.fixture(scope="session")
def folder(campaign: Campaign, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return campaign.write(tmp_path_factory.mktemp("campaign"))


@pytest.fixture
def settings(moving: Path, tmp_path: Path) -> dict[str, Any]:
    """A short run on `moving`: 14 train groups, 5 steps an epoch, 10 steps."""
    return {**SHORT, "campaign": "moving", "uri": str(moving), "checkpoints": str(tmp_path / "run")}


@pytest.fixture
def marking(monkeypatch: pytest.MonkeyPatch) -> tuple[PlanActor, Reading]:
    """(actor, reading): an actor that writes nothing but marks; plans of at most 3 states."""
    monkeypatch.setattr(policies, "MOST_STATES", 3)
    return marking_actor()


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An S3 server with an empty bucket `bucket`; yields the folder that holds its objects."""
    binary = shutil.which("versitygw")
    if not binary:
        pytest.skip("versitygw is not on PATH: nothing serves S3 here")
    bucket = tmp_path / "s3" / "bucket"
    bucket.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(
        [binary, "--access", "key", "--secret", "secret", "--port", address, "posix", str(bucket.parent)], stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(address)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{address}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield bucket
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, seconds: float = 10) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
