"""Opening a pulled folder, and what its tests say of rows and manifests."""

import json
from pathlib import Path

from exemplar_data import ExemplarDataset

NAME = ("situation_id", "branch", "revision")


def opened(folder, view="versions", **options):
    return ExemplarDataset(str(folder), view, **{"window_files": 3, **options})


def name(row):
    return tuple(row[column] for column in NAME)


def names(rows):
    return [name(row) for row in rows]


def rewrite_manifest(folder: Path, change) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def first_file(manifest):
    return manifest["pages"][0]["files"][0]
