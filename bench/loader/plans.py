"""Plan rows of realistic size with the columns of the data files, made from a seed; nothing in them was planned by anybody."""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from exemplar_data.contract import data_schema

CAMPAIGN = "loader-bench"
VERSIONS = 8
SITUATIONS_A_FILE = 256
ROWS_A_BATCH = 1024
WORDS = 2_000
SENTENCES = 4_000

Row = dict[str, Any]


class Writer:
    """Sentences of seeded words, so that text compresses somewhat as prose does."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgk"
        words = ["".join(self.random.choices(letters, weights=range(len(letters), 0, -1), k=self.random.randint(2, 10))) for _ in range(WORDS)]
        weights = [1 / (rank + 3) for rank in range(WORDS)]
        self.sentences = [" ".join(self.random.choices(words, weights, k=self.random.randint(7, 16))) + "." for _ in range(SENTENCES)]

    def text(self, sentences: int) -> str:
        return " ".join(self.random.choices(self.sentences, k=sentences))


def write_dataset(folder: Path, rows: int, seed: int = 0) -> Path:
    """
    Writes `rows` rows (rounded down to whole situations) of split `train` as generation 1 of a campaign. Each version rewrites a few nodes
    of the one before; the last is the positive. Returns `folder`.
    """
    writer = Writer(seed)
    situations = rows // VERSIONS
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "manifest").mkdir(exist_ok=True)
    pages = []
    for page, first in enumerate(range(0, situations, SITUATIONS_A_FILE)):
        last = min(first + SITUATIONS_A_FILE, situations)
        table = [row for index in range(first, last) for row in _situation(index, writer)]
        pages.append({"page": page, "files": [_write_file(folder, page, table, last - first)]})
    manifest = {
        "schemaVersion": 1, "campaign": CAMPAIGN, "generation": 1, "fingerprint": "f" * 64, "simulated": None, "pages": pages,
    }  # fmt: skip
    (folder / "manifest" / "000001.json").write_text(json.dumps(manifest))
    return folder


def _write_file(folder: Path, page: int, rows: list[Row], situations: int) -> dict[str, Any]:
    sink = pa.BufferOutputStream()
    schema = data_schema()
    with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for start in range(0, len(rows), ROWS_A_BATCH):
            writer.write(pa.RecordBatch.from_pylist(rows[start : start + ROWS_A_BATCH], schema=schema))
    data = sink.getvalue().to_pybytes()
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"data/train-{page:05d}-{sha256[:12]}.arrow"
    (folder / key).write_bytes(data)
    return {
        "kind": "data", "split": "train", "page": page, "key": key, "sha256": sha256, "bytes": len(data), "rows": len(rows),
        "groups": situations, "pairs": len(rows) - situations,
    }  # fmt: skip


def _situation(index: int, writer: Writer) -> Iterator[Row]:
    draw = writer.random
    situation = hashlib.sha256(f"{CAMPAIGN}/{index}".encode()).hexdigest()
    initial, target = writer.text(4), writer.text(1)
    nodes = _nodes(initial, target, draw.randint(10, 16), writer)
    for revision in range(VERSIONS):
        if revision:
            for _ in range(2):
                place = draw.randrange(1, len(nodes) - 1)
                nodes[place] = {**nodes[place], "text": writer.text(1)}
        final = revision == VERSIONS - 1
        yield {
            "situation_id": situation, "situation_index": index, "task": "plan", "campaign": CAMPAIGN, "split": "train",
            "agent": "field-rover", "level": "hours", "parent_id": None, "root_id": situation, "branch": "main", "revision": revision,
            "revisions": VERSIONS, "is_final": final, "label": "positive" if final else "negative", "stance": "pursue",
            "initial_state": initial, "target_state": target, "plan_json": json.dumps({"nextId": len(nodes), "nodes": nodes}, separators=(",", ":")),
            "plan_text": "\n".join(f"{node['id']} [{node['level']}] {node['text']}" for node in nodes), "nodes": list(nodes),
            "explanation": json.dumps({"text": writer.text(6), "arguments": [_argument(writer) for _ in range(3)]}),
            "alternative_explanations": [writer.text(6)] if final else [], "critique": None if revision == 0 else writer.text(3),
            "textbook": None if revision == 0 else "law-and-rights", "chapter": None if revision == 0 else f"chapter {revision}",
            "edits": json.dumps([{"op": "label", "node": node["id"]} for node in nodes[:2]]), "kept_share": 0.9,
            "distance_to_previous": float(min(revision, 2)), "distance_to_final": 2.0 * (VERSIONS - 1 - revision), "log_reward": -draw.random(),
            "prompt_chars": 29_000, "output_chars": 1_000, "model": "made-up",
        }  # fmt: skip


def _argument(writer: Writer) -> dict[str, Any]:
    return {"claim": writer.text(1), "premises": [writer.text(1)]}


def _nodes(initial: str, target: str, count: int, writer: Writer) -> list[Row]:
    draw = writer.random
    nodes = [_node("s0", "state", 0, initial)]
    for order in range(1, count):
        numbers = {"success": round(draw.uniform(0.6, 1), 2), "duration_s": float(draw.randrange(60, 36_000)), "moral_cost": 0.0}
        action = order % 2 == 1
        nodes.append(_node(f"n{order}", "action" if action else "state", order, writer.text(1)) | (numbers if action else {}))
    return [*nodes, _node("g", "state", count, target)]


def _node(id_: str, kind: str, order: int, text: str) -> Row:
    unknown = {"success": None, "duration_s": None, "moral_cost": None}
    return {"id": id_, "kind": kind, "level": "hours", "parent": "", "order": order, "text": text} | unknown
