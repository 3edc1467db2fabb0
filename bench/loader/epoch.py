"""
One loader reads the bench's rows, one epoch from an empty local cache and then one more; prints one JSON object.

    python bench/loader/epoch.py LOADER FORMAT --batch 256 --scratch DIR

LOADER is exemplar, datasets or streaming; FORMAT is rows (dicts) or columns (Arrow batches; numpy arrays where a loader has no Arrow). S3 is what
AWS_ENDPOINT_URL names; settings of the other two are those that their documentation recommends, and stand in the result.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

BUCKET = "bench"
ARROW, MDS = f"s3://{BUCKET}/datasets/loader-bench", f"s3://{BUCKET}/mds"
SEED = 7

Epoch = Callable[[], Iterable[int]]
"""One epoch as sizes of its batches, each touched as a trainer would."""


def exemplar(format: str, batch: int, scratch: Path) -> tuple[Callable[[], Epoch], dict[str, Any]]:
    from exemplar_data import ExemplarDataset

    def open_() -> Epoch:
        dataset = ExemplarDataset(ARROW, view="versions", seed=SEED, cache=scratch / "cache")
        if format == "rows":
            return lambda: map(len, dataset.batches(batch))
        return lambda: (len(each) for each in dataset.batches(batch, {"columns": "arrow", "arrays": "numpy"}[format]))

    return open_, {"view": "versions", "window_files": 16}


def datasets(format: str, batch: int, scratch: Path) -> tuple[Callable[[], Epoch], dict[str, Any]]:
    import datasets as hf

    hf.disable_progress_bars()
    own = {"key": os.environ["AWS_ACCESS_KEY_ID"], "secret": os.environ["AWS_SECRET_ACCESS_KEY"], "endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
    manifest = json.loads(Path(os.environ["BENCH_MANIFEST"]).read_text())
    files = [f"{ARROW}/{file['key']}" for page in manifest["pages"] for file in page["files"]]

    def open_() -> Epoch:
        dataset = hf.load_dataset("arrow", data_files=files, split="train", streaming=True, storage_options=own, cache_dir=str(scratch / "hf"))
        dataset = dataset.shuffle(seed=SEED)
        numbers = iter(range(99))

        def epoch() -> Iterator[int]:
            dataset.set_epoch(next(numbers))
            if format == "rows":
                rows = []
                for row in dataset:
                    rows.append(row)
                    if len(rows) == batch:
                        yield len(rows)
                        rows = []
                if rows:
                    yield len(rows)
            else:
                yield from map(len, dataset.with_format("arrow").iter(batch_size=batch))

        return epoch

    return open_, {"version": hf.__version__, "buffer_size": 1000, "filesystem": "s3fs"}


def streaming(format: str, batch: int, scratch: Path) -> tuple[Callable[[], Epoch], dict[str, Any]]:
    os.environ["S3_ENDPOINT_URL"] = os.environ["AWS_ENDPOINT_URL"]
    import streaming as mosaic

    def open_() -> Epoch:
        dataset = mosaic.StreamingDataset(
            remote=MDS, local=str(scratch / "mds"), shuffle=True, shuffle_seed=SEED, batch_size=batch, keep_zip=False
        )

        def epoch() -> Iterator[int]:
            rows = []
            for row in dataset:
                rows.append(row)
                if len(rows) == batch:
                    yield len(rows)
                    rows = []
            if rows:
                yield len(rows)

        return epoch

    return open_, {"version": mosaic.__version__, "shuffle_algo": "py1e", "compression": "zstd", "size_limit": 1 << 26, "nodes": "json"}


def measure(open_: Callable[[], Epoch]) -> dict[str, Any]:
    began = time.perf_counter()
    epoch = open_()
    figures: dict[str, Any] = {}
    for name in ("cold", "warm"):
        start, cpu = time.perf_counter(), time.process_time()
        rows = 0
        for size in epoch():
            if rows == 0 and name == "cold":
                figures["firstBatchS"] = time.perf_counter() - began
            rows += size
        figures[name] = {"rows": rows, "s": time.perf_counter() - start, "cpuS": time.process_time() - cpu}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loader", choices=("exemplar", "datasets", "streaming"))
    parser.add_argument("format", choices=("rows", "columns", "arrays"))
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--scratch", type=Path, required=True)
    arguments = parser.parse_args()
    open_, settings = globals()[arguments.loader](arguments.format, arguments.batch, arguments.scratch)
    print(json.dumps({**measure(open_), "settings": settings}), flush=True)
    os._exit(0)  # the others' threads and shared memory are no part of the measure


if __name__ == "__main__":
    main()
