"""What a training process does, for the tests: `torchrun torch_reader.py FOLDER OUT` writes what it saw to OUT/<rank>.json."""

import json
import sys
from pathlib import Path

import torch.distributed

from exemplar_data import ExemplarDataset
from exemplar_data.torch import Loader


def loader(folder: str, batch_size: int, workers: int) -> Loader:
    columns = ["situation_id", "branch", "revision"]
    dataset = ExemplarDataset(folder, "versions", columns=columns, window_files=3, follow=True, ends="drop")
    return Loader(dataset, batch_size, "python", num_workers=workers)


def main(folder: str, out: str) -> None:
    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()

    stopped, given = loader(folder, 5, workers=1), []
    for turn, rows in enumerate(stopped, 1):
        given += [list(row.values()) for row in rows]
        if turn == 4:
            break

    whole = loader(folder, 8, workers=0)
    first = [len(rows) for rows in whole]
    if rank == 0:
        for path in Path(folder, "later").iterdir():
            path.rename(Path(folder, "manifest", path.name))
    # no barrier: rank 1 may look before the new generation is there, and takes it up all the same
    second = sum(map(len, whole))
    found = {
        "given": given, "state": stopped.state_dict(), "lengths": [sum(first), len(first)], "next": second, "generation": whole.dataset.generation,
    }  # fmt: skip
    Path(out, f"{rank}.json").write_text(json.dumps(found))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
