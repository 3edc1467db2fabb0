"""The manifest: which files make up one generation of a dataset."""

import json
from dataclasses import dataclass, replace
from typing import Any

from .contract import NEWEST_SCHEMA
from .errors import ConfigError, DataError, SchemaTooNew
from .storage import Store


@dataclass(frozen=True)
class FileEntry:
    """
    One file; `key` is relative to the dataset's root. `groups`: situations with a positive and at least one negative, `pairs`: negatives
    over all of them; None where the manifest does not say. situations: of a data file, the files that tell of its situations.
    """

    kind: str
    split: str | None
    key: str
    sha256: str
    rows: int
    bytes: int
    groups: int | None = None
    pairs: int | None = None
    situations: tuple["FileEntry", ...] = ()


@dataclass(frozen=True)
class Manifest:
    """One dataset, exactly. `simulated`: law hash where the model was simulated, else None."""

    campaign: str
    generation: int
    fingerprint: str
    simulated: str | None
    files: tuple[FileEntry, ...]

    def data_files(self, split: str) -> list[FileEntry]:
        return [file for file in self.files if file.kind == "data" and file.split == split]


def read_manifest(store: Store, generation: int | None = None) -> Manifest:
    """
    Reads `manifest/<generation>.json`, the newest where `generation` is None, or a pulled folder's `manifest.json`.
    Raises ConfigError where there is none, SchemaTooNew and DataError where it cannot be used.
    """
    pulled = "manifest.json" in store.names()
    key = "manifest.json" if pulled else _generation_key(store, generation)
    try:
        raw = store.read(key)
    except FileNotFoundError:
        raise ConfigError(f"{store.root} has no generation {generation}") from None
    manifest = parse_manifest(raw, f"{store.root}/{key}")
    if generation not in (None, manifest.generation):
        raise ConfigError(f"{store.root} holds generation {manifest.generation}, not {generation}")
    return manifest


def parse_manifest(raw: bytes, where: str) -> Manifest:
    """Reads a manifest's bytes; `where` names it in errors."""
    try:
        value = json.loads(raw)
        version = value["schemaVersion"]
        if version > NEWEST_SCHEMA:
            raise SchemaTooNew(f"{where}: schema version {version} is newer than {NEWEST_SCHEMA}, the newest this reader knows; update it")
        files = tuple(file for page in value["pages"] for file in _files(page["files"]))
        manifest = Manifest(value["campaign"], value["generation"], value["fingerprint"], value["simulated"], files)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{where}: not a manifest: {type(error).__name__} {error}") from error
    for file in manifest.files:
        if file.key.startswith("/") or ".." in file.key.split("/"):
            raise DataError(f"{where}: file key {file.key!r} leaves the dataset")
    return manifest


def _files(entries: list[dict[str, Any]]) -> list[FileEntry]:
    """Those of a page."""
    files = [
        FileEntry(entry["kind"], entry["split"], entry["key"], entry["sha256"], entry["rows"], entry["bytes"], entry.get("groups"), entry.get("pairs"))
        for entry in entries
    ]
    told = [file for file in files if file.kind == "situations"]
    return [replace(file, situations=tuple(each for each in told if each.split == file.split)) if file.kind == "data" else file for file in files]


def _generation_key(store: Store, generation: int | None) -> str:
    if generation is None:
        names = [name for name in store.names("manifest") if name.endswith(".json") and name[:-5].isdigit()]
        if not names:
            raise ConfigError(f"{store.root} has no manifest: no page of this campaign is sealed yet, or the name is wrong")
        return f"manifest/{max(names, key=lambda name: int(name[:-5]))}"
    return f"manifest/{generation:06d}.json"
