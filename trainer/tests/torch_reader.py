"""What a training process does, for the tests: `torchrun torch_reader.py FOLDER OUT` writes what it saw to OUT/<rank>.json."""

import json
import sys
from pathlib import Path

import torch.distributed

from exemplar_data import ExemplarDataset
from exemplar_data.torch import Loader


def opened(folder: str) -> ExemplarDataset:
    return ExemplarDataset(folder, "versions", columns=["situation_id", "branch", "revision"], window_files=3, follow=True, ends="drop")


def main(folder: str, out: str) -> None:
    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()

    stopped, given = Loader(opened(folder), 5, "python", num_workers=1), []
    for turn, rows in enumerate(stopped, 1):
        given += [list(row.values()) for row in rows]
        if turn == 4:
            break

    # a new generation comes when rank 0 has opened the dataset and rank 1 has not
    torch.distributed.barrier()
    if rank == 0:
        dataset = opened(folder)
        for path in Path(folder, "later").iterdir():
            path.rename(Path(folder, "manifest", path.name))
    torch.distributed.barrier()
    if rank == 1:
        dataset = opened(folder)
    whole = Loader(dataset, 8, "python")
    first = [len(rows) for rows in whole]
    second = sum(map(len, whole))
    found = {
        "given": given, "state": stopped.state_dict(), "lengths": [sum(first), len(first)], "next": second, "generation": whole.dataset.generation,
    }  # fmt: skip
    Path(out, f"{rank}.json").write_text(json.dumps(found))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
