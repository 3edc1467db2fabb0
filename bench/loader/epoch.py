"""
One loader reads the bench's rows: one epoch from an empty local cache and one more. Prints one JSON object.

    python bench/loader/epoch.py LOADER WHAT --scratch DIR

LOADER: exemplar, datasets or streaming. WHAT: rows (lists of dicts), columns (Arrow batches), arrays (numpy), order (how well it is shuffled) or wait
(a consumer that takes 1 ms a batch; of exemplar alone). S3 is what AWS_ENDPOINT_URL names, the bucket BENCH_BUCKET. Settings of the other two are
those that their documentation recommends, and stand in the result.
"""

import argparse
import itertools
import json
import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

BUCKET = os.environ["BENCH_BUCKET"]
ARROW, MDS = f"s3://{BUCKET}/datasets/loader-bench", f"s3://{BUCKET}/mds"
SEED = 7
BATCH = 256
CONSUMER_S = 0.001
CONSUMER_BATCH = 8
ORDER_BATCH = 64
SITUATIONS_A_FILE = 256

Batch = Any
Epoch = Callable[[], Iterable[Batch]]
"""The batches of the next epoch."""


def exemplar(format: str, scratch: Path, batch: int = BATCH) -> tuple[Callable[[], Epoch], dict[str, Any]]:
    from exemplar_data import ExemplarDataset

    def open_() -> Epoch:
        dataset = ExemplarDataset(ARROW, view="versions", seed=SEED, cache=scratch / "cache")
        return lambda: dataset.batches(batch, {"columns": "arrow", "arrays": "numpy"}.get(format, "python"))

    return open_, {"view": "versions", "window_files": 16}


def datasets(format: str, scratch: Path) -> tuple[Callable[[], Epoch], dict[str, Any]]:
    import datasets as hf

    hf.disable_progress_bars()
    own = {"key": os.environ["AWS_ACCESS_KEY_ID"], "secret": os.environ["AWS_SECRET_ACCESS_KEY"], "endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
    manifest = json.loads(Path(os.environ["BENCH_MANIFEST"]).read_text())
    files = [f"{ARROW}/{file['key']}" for page in manifest["pages"] for file in page["files"]]

    def open_() -> Epoch:
        dataset = hf.load_dataset("arrow", data_files=files, split="train", streaming=True, storage_options=own, cache_dir=str(scratch / "hf"))
        dataset = dataset.shuffle(seed=SEED)
        numbers = itertools.count()

        def epoch() -> Iterable[Batch]:
            dataset.set_epoch(next(numbers))
            if format == "columns":
                return dataset.with_format("arrow").iter(batch_size=BATCH)
            return batched(dataset)

        return epoch

    return open_, {"version": hf.__version__, "buffer_size": 1000, "filesystem": "s3fs"}


def streaming(format: str, scratch: Path) -> tuple[Callable[[], Epoch], dict[str, Any]]:
    os.environ["S3_ENDPOINT_URL"] = os.environ["AWS_ENDPOINT_URL"]
    import streaming as mosaic

    def open_() -> Epoch:
        dataset = mosaic.StreamingDataset(remote=MDS, local=str(scratch / "mds"), shuffle=True, shuffle_seed=SEED, batch_size=BATCH)
        return lambda: batched(dataset)

    return open_, {"version": mosaic.__version__, "shuffle_algo": "py1e", "compression": "zstd", "size_limit": 1 << 26, "nodes": "json"}


def batched(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


def speed(open_: Callable[[], Epoch], rows_of: Callable[[Batch], int]) -> dict[str, Any]:
    """Seconds from opening to the first batch, and of two whole epochs; CPU seconds are of all this process's threads."""
    began = time.perf_counter()
    epoch = open_()
    figures: dict[str, Any] = {}
    for name in ("cold", "warm"):
        start, cpu, rows = time.perf_counter(), time.process_time(), 0
        for batch in epoch():
            figures.setdefault("firstBatchS", time.perf_counter() - began)
            rows += rows_of(batch)
        figures[name] = {"rows": rows, "s": time.perf_counter() - start, "cpuS": time.process_time() - cpu}
    return {**figures, "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def order(open_: Callable[[], Epoch]) -> dict[str, Any]:
    """How much neighbours and batches of ORDER_BATCH rows have in common: files are of 256 situations, those of 8 rows."""
    places = np.array([row["situation_index"] for batch in open_()() for row in batch])
    files = places // SITUATIONS_A_FILE
    whole = files[: len(files) // ORDER_BATCH * ORDER_BATCH].reshape(-1, ORDER_BATCH)
    return {
        "rows": len(places), "neighboursOfOneFile": float(np.mean(files[1:] == files[:-1])),
        "filesInABatch": float(np.mean([len(np.unique(batch)) for batch in whole])),
        "situationsInABatch": float(np.mean([len(np.unique(batch)) for batch in places[: whole.size].reshape(whole.shape)])),
    }  # fmt: skip


def wait(open_: Callable[[], Epoch]) -> dict[str, Any]:
    """Share of its time that a consumer of CONSUMER_S a batch waits after the first one, in an epoch of files that are at hand."""
    epoch = open_()
    for _ in epoch():
        pass
    batches = iter(epoch())
    next(batches)
    waited, began = 0.0, time.perf_counter()
    while True:
        asked = time.perf_counter()
        if next(batches, None) is None:
            break
        waited += time.perf_counter() - asked
        time.sleep(CONSUMER_S)
    return {"waitedShare": waited / (time.perf_counter() - began)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loader", choices=("exemplar", "datasets", "streaming"))
    parser.add_argument("what", choices=("rows", "columns", "arrays", "order", "wait-columns", "wait-rows"))
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=CONSUMER_BATCH, help="rows of a batch of the consumer that waits")
    arguments = parser.parse_args()
    what = arguments.what
    if what.startswith("wait"):
        open_, settings = exemplar(what.removeprefix("wait-"), arguments.scratch, arguments.batch)
    else:
        open_, settings = globals()[arguments.loader](what, arguments.scratch)
    if what == "order":
        found = order(open_)
    elif what.startswith("wait"):
        found = wait(open_)
    else:
        found = speed(open_, len if what != "arrays" else lambda batch: len(batch["situation_index"]))
    print(json.dumps({**found, "settings": settings}), flush=True)
    os._exit(0)  # threads and shared memory of the others are no part of the measure


if __name__ == "__main__":
    main()
