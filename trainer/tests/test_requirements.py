import re
from pathlib import Path

import pytest

TRAINER = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt", "requirements-oracle.txt", "requirements-bench.txt"])
def test_every_requirement_is_pinned_and_hashed_and_no_host_is_named(name):
    text = (TRAINER / name).read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    entries = re.sub(r"\\\n\s*", "", text).splitlines()
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", entry), entry


def test_what_is_declared_is_what_is_pinned():
    declared = set(re.findall(r'"([a-z0-9-]+)>=', (TRAINER / "pyproject.toml").read_text())) - {"setuptools"}
    inputs = "\n".join((TRAINER / name).read_text() for name in ("requirements.in", "requirements-test.in"))
    wanted = set(re.findall(r"^([a-z0-9-]+)>=", inputs, re.M))
    assert declared == wanted
    pinned = set(re.findall(r"^([a-z0-9.-]+)==", (TRAINER / "requirements-test.txt").read_text(), re.M))
    assert wanted <= pinned
