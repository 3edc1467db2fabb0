"""Small datasets with a known answer, written as the exemplar campaign writes them (columns of schemas/rows.ts)."""

import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from exemplar_data.contract import data_schema, situations_schema

COLUMNS = data_schema()
ROOMS = ("cellar", "attic", "garden", "kitchen", "workshop", "hall", "stable", "library")
GOODS = ("lamp", "ladder", "kettle", "crate", "bicycle", "mirror", "barrel", "clock")

Row = dict[str, Any]


@dataclass
class Campaign:
    """
    `situations` of moving goods between rooms. A final plan checks the way before each move; an earlier version lacks some of the checks
    but has as many actions; each explanation says which. `shuffled`: which version is called final is drawn at random, so nothing can be learnt.
    `counted`: the manifest tells groups and pairs. `encoded`: text that repeats is dictionary-encoded, also in nodes, as schema version 2 may have it.
    """

    situations: int = 24
    shuffled: bool = False
    seed: int = 0
    versions: int = 4
    name: str = "moving"
    page_size: int = 16
    shares: tuple[float, float] = (0.6, 0.8)
    counted: bool = False
    encoded: bool = False
    horizon: str = "minutes/hours"
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index in range(self.situations):
            self.rows += self._situation(index, random.Random(f"{self.seed}/{index}"))

    def _situation(self, index: int, random: random.Random) -> list[Row]:
        good, start, end = random.choice(GOODS), *random.sample(ROOMS, 2)
        initial, target = f"The {good} {index} stands in the {start}.", f"The {good} {index} stands in the {end}."
        position = (index + 0.5) / self.situations
        split = "train" if position < self.shares[0] else "validation" if position < self.shares[1] else "test"
        moves = random.randint(2, 4)
        careful = [frozenset(random.sample(range(moves), random.randint(0, moves - 1))) for _ in range(self.versions)] + [frozenset(range(moves))]
        if self.shuffled:
            random.shuffle(careful)
        rows = []
        for revision, checks in enumerate(careful):
            final = revision == self.versions
            nodes = _plan(initial, target, good, moves, checks, random)
            text = "\n".join(f"{node['kind']} {node['text']}" for node in nodes)
            equal = not final and checks == careful[-1]
            rows.append(
                dict.fromkeys(COLUMNS.names)
                | {
                    "situation_id": hashlib.sha256(f"{self.name}/{index}".encode()).hexdigest(), "situation_index": index,
                    "task": "plan", "campaign": self.name, "split": split, "agent": "porter", "level": "hours",
                    "root_id": hashlib.sha256(f"{self.name}/{index}".encode()).hexdigest(), "branch": "main", "revision": revision,
                    "revisions": self.versions + 1, "is_final": final,
                    "label": "positive" if final else "equivalent" if equal else "negative", "stance": "pursue",
                    "initial_state": initial, "target_state": target, "plan_json": plan_json(nodes), "plan_text": text, "nodes": nodes,
                    "explanation": _explanation(moves, checks), "alternative_explanations": [], "edits": "[]", "kept_share": 1.0,
                    "distance_to_previous": 1.0, "distance_to_final": float(self.versions - revision), "prompt_chars": 1,
                    "output_chars": 1, "model": "sim",
                }
            )  # fmt: skip
        return rows

    def write(self, folder: Path, generation: int = 1, pulled: bool = True, schema_version: int = 1) -> Path:
        """Writes the dataset; `pulled` as a pulled folder with manifest.json, else as it lies on S3. Returns the folder."""
        for kind in ("data", "situations"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        pages = []
        for page, first in enumerate(range(0, self.situations, self.page_size)):
            files = []
            for split in ("train", "validation", "test"):
                rows = [row for row in self.rows if first <= row["situation_index"] < first + self.page_size and row["split"] == split]
                if rows:
                    files.append(write_file(folder, split, page, rows, counted=self.counted, encoded=self.encoded))
                    files.append(write_situations(folder, split, page, rows, self.horizon))
            pages.append({"page": page, "situations": self.page_size, "outcomes": {}, "nanoUsd": 0, "calls": 0, "files": files})
        manifest = {
            "schemaVersion": schema_version, "campaign": self.name, "generation": generation, "fingerprint": "f" * 64,
            "simulated": "a" * 64, "model": "sim", "writer": {"version": "1", "codec": "zstd"}, "planned": self.situations,
            "duplicates": 0, "outcomes": {}, "nanoUsd": 0, "calls": 0, "pages": pages,
        }  # fmt: skip
        path = folder / ("manifest.json" if pulled else f"manifest/{generation:06d}.json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(manifest))
        return folder


def write_file(
    folder: Path, split: str, page: int, rows: list[Row], *, counted: bool = False, encoded: bool = False, compression: str = "zstd"
) -> dict[str, Any]:
    """Writes one data file and returns its manifest entry."""
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(rows, schema=COLUMNS)
    if encoded:
        table = table.cast(pa.schema([_encoded(column) for column in COLUMNS]))
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression, unify_dictionaries=True)) as writer:
        writer.write_table(table, max_chunksize=7)
    counts = {}
    if counted:
        positives = {row["situation_id"] for row in rows if row["label"] == "positive"}
        negatives = [row["situation_id"] for row in rows if row["label"] == "negative" and row["situation_id"] in positives]
        counts = {"groups": len(set(negatives)), "pairs": len(negatives)}
    return _stored(folder, "data", split, page, sink.getvalue().to_pybytes(), len(rows)) | counts


def write_situations(folder: Path, split: str, page: int, rows: list[Row], horizon: str) -> dict[str, Any]:
    """Writes the file that tells of the rows' situations and returns its manifest entry."""
    told = [
        {name: row[name] for name in ("situation_id", "situation_index", "task", "agent", "root_id", "split")}
        | {"horizon": horizon, "outcome": "converged", "reason": "", "versions": row["revisions"], "passes": 1, "reopened": 0, "selection": []}
        for row in rows
        if row["is_final"]
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, situations_schema(), options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(pa.Table.from_pylist(told, schema=situations_schema()))
    return _stored(folder, "situations", split, page, sink.getvalue().to_pybytes(), len(told))


def _stored(folder: Path, kind: str, split: str, page: int, data: bytes, rows: int) -> dict[str, Any]:
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"{kind}/{split}-{page}-{sha256[:12]}.arrow"
    (folder / key).write_bytes(data)
    return {"kind": kind, "split": split, "page": page, "key": key, "sha256": sha256, "bytes": len(data), "rows": rows}


def _encoded(field: pa.Field) -> pa.Field:
    """The field with repeated text dictionary-encoded, in nodes too."""
    if field.name in ("task", "campaign", "split", "agent", "level", "branch", "label", "stance", "textbook", "chapter", "model", "kind"):
        return pa.field(field.name, pa.dictionary(pa.int32(), pa.utf8()), field.nullable)
    if field.name == "nodes":
        item = field.type.value_field
        return pa.field("nodes", pa.list_(pa.field(item.name, pa.struct([_encoded(inner) for inner in item.type]), item.nullable)), field.nullable)
    return field


def plan_json(nodes: list[Row]) -> str:
    """The `plan_json` of a pursued plan from its nodes; who moves something carries its weight."""
    lists: dict[str, list[Row]] = {"": []}
    for node in nodes:
        written = {key: node[key] for key in ("id", "kind", "level", "text")}
        if node["kind"] == "action":
            lists[node["id"]] = []
            written |= {
                "success": node["success"], "durationS": node["duration_s"], "moralCost": [], "children": lists[node["id"]],
                "resources": [{"name": "load", "amount": 12, "unit": "kg"}] if node["text"].startswith("move") else [],
            }  # fmt: skip
        lists[node["parent"]].append(written)
    minted = [int(node["id"][1:]) for node in nodes if node["id"] not in ("s0", "g")]
    return _json({"stance": "pursue", "stanceArgument": "", "nodes": lists[""], "nextId": max(minted) + 1})


def _explanation(moves: int, checks: frozenset[int]) -> str:
    arguments = [
        {"claim": f"Part {move} is safe.", "premises": ["The way was seen."], "supports": [f"n{5 * move + 2}"]}
        if move in checks
        else {"claim": f"Part {move} is quick.", "premises": ["The porter is rested."], "supports": [f"n{5 * move + 2}"]}
        for move in range(moves)
    ]
    return _json({"text": f"The way is checked {len(checks)} times.", "arguments": arguments})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _plan(initial: str, target: str, good: str, moves: int, checks: frozenset[int], random: random.Random) -> list[Row]:
    """Nodes from s0 to g; move k is preceded by a check of the way where k is in `checks`, else by a rest."""
    nodes: list[Row] = []

    def add(id_: str, kind: str, parent: str, order: int, text: str, level: str = "hours") -> None:
        numbers = {"success": 0.9, "duration_s": random.uniform(60, 600), "moral_cost": 0.0} if kind == "action" else {}
        nodes.append(
            {"id": id_, "kind": kind, "level": level, "parent": parent, "order": order, "text": text,
             "success": None, "duration_s": None, "moral_cost": None} | numbers
        )  # fmt: skip

    add("s0", "state", "", 0, initial)
    for move in range(moves):
        outer, *inner = (f"n{5 * move + place}" for place in range(1, 6))
        add(outer, "action", "", 2 * move + 1, f"carry the {good} onwards")
        add(inner[0], "action", outer, 0, "check the way" if move in checks else "rest a while", "minutes")
        add(inner[1], "state", outer, 1, f"ready for part {move}", "minutes")
        add(inner[2], "action", outer, 2, f"move the {good}", "minutes")
        if move < moves - 1:
            add(inner[3], "state", "", 2 * move + 2, f"{move + 1} of {moves} parts done")
    add("g", "state", "", 2 * moves, target)
    return nodes
