"""Exports of a real, simulated campaign, made by the command line."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PULLED = ROOT / "test" / "golden" / "exported"
"""16 situations, pulled from a campaign in the simulated world."""

VIEWS = ("preference", "unpaired", "stepwise", "ranking", "sft")


def export(folder: Path, view: str, *options: str, source: Path = PULLED) -> dict[str, Any]:
    """Exports into `folder`. Returns what the command says with --json."""
    node = shutil.which("node")
    if not node or not (ROOT / "dist" / "cli" / "main.js").exists():
        pytest.skip("there is no node, or the program is not built")
    command = [node, str(ROOT / "bin" / "exemplar.js"), "export", str(source), str(folder), "--view", view, "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
