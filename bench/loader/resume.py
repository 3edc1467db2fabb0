"""
How many rows a run loses or sees twice that stops in the middle of an epoch and goes on from the state it kept: this loader, and Hugging Face's
streaming shuffle. Local files, so that storage plays no part. Prints one JSON object.

    PYTHONPATH=trainer .venv/bin/python bench/loader/resume.py SCRATCH
"""

import json
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import datasets
from datasets import load_dataset
from plans import write_dataset

from exemplar_data import ExemplarDataset

ROWS, BUFFER, SEED = 4_000, 500, 7
STOPS = (1, 500, 1_000, 2_500, 3_999)


def ours(folder: Path, stop: int) -> Counter[tuple[str, int]]:
    given = Counter()

    def opened() -> ExemplarDataset:
        return ExemplarDataset(str(folder), "versions", columns=["situation_id", "revision"], seed=SEED)

    first = opened()
    for row in islice(first, stop):
        given[row["situation_id"], row["revision"]] += 1
    second = opened()
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    given.update((row["situation_id"], row["revision"]) for row in second)
    return given


def theirs(folder: Path, stop: int) -> Counter[tuple[str, int]]:
    given = Counter()
    files = sorted(str(path) for path in (folder / "data").iterdir())

    def opened() -> datasets.IterableDataset:
        return load_dataset("arrow", data_files=files, split="train", streaming=True).shuffle(seed=SEED, buffer_size=BUFFER)

    first = opened()
    for row in islice(first, stop):
        given[row["situation_id"], row["revision"]] += 1
    state = json.loads(json.dumps(first.state_dict()))
    second = opened()
    second.load_state_dict(state)
    given.update((row["situation_id"], row["revision"]) for row in second)
    return given


def main(scratch: Path) -> None:
    datasets.disable_progress_bars()
    folder = write_dataset(scratch / "resume", ROWS)
    stops = []
    for stop in STOPS:
        found = {}
        for name, run in (("exemplar", ours), ("datasets", theirs)):
            given = run(folder, stop)
            found[name] = {"lost": ROWS - len(given), "repeated": sum(given.values()) - len(given)}
        stops.append({"after": stop, **found})
    print(json.dumps({"rows": ROWS, "buffer": BUFFER, "datasets": datasets.__version__, "stops": stops}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
