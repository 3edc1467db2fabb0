"""
Files kept on this machine's disk, named by their content's hash, shared by all processes and datasets that name the same folder.

Nothing here can be stale after a kill: locks are the kernel's (flock) and end with their process, an entry appears by rename, and bytes
are hashed whenever a process first reads them.
"""

import contextlib
import fcntl
import hashlib
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

DEFAULT_BYTES = 16 << 30
PARTIAL = ".part"


def default_folder() -> Path:
    """EXEMPLAR_CACHE, else `exemplar/data` below XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get("EXEMPLAR_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exemplar" / "data"


class FileCache:
    """
    At most `limit` bytes in `folder`, the file just read aside; the least recently read go first. Removing a file, or the whole folder,
    at any time is safe.
    """

    def __init__(self, folder: Path, limit: int = DEFAULT_BYTES) -> None:
        self.folder = Path(folder)
        self.limit = limit
        self._verified: set[str] = set()

    def get(self, sha256: str, fetch: Callable[[], bytes]) -> bytes:
        """
        The bytes of that hash: kept ones, else what `fetch` returns, which the caller has checked. Of several processes that miss at
        once, one fetches and the others wait for it. A disk that cannot keep the file is warned of, and the bytes are still given.
        """
        path = self._path(sha256)
        found = self._kept(path, sha256)
        if found is not None:
            return found
        try:
            lock = self._lock(sha256)
            lock.__enter__()
        except OSError as error:
            warnings.warn(f"{self.folder}: nothing is cached: {error.strerror}", stacklevel=2)
            return fetch()
        try:
            found = self._kept(path, sha256)
            if found is None:
                found = fetch()
                self._keep(path, found)
        finally:
            lock.__exit__(None, None, None)
        self._verified.add(sha256)
        self._evict(spare=path)
        return found

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _kept(self, path: Path, sha256: str) -> bytes | None:
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        if sha256 not in self._verified:
            if hashlib.sha256(data).hexdigest() != sha256:
                return None  # fetched anew, and replaced
            self._verified.add(sha256)
        return data

    def _keep(self, path: Path, data: bytes) -> None:
        partial = path.with_name(path.name + PARTIAL)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            os.replace(partial, path)
        except OSError as error:
            warnings.warn(f"{path}: not cached: {error.strerror}", stacklevel=2)
            with contextlib.suppress(OSError):
                partial.unlink()

    @contextlib.contextmanager
    def _lock(self, sha256: str, wait: bool = True) -> Iterator[None]:
        """Held by at most one process and thread for the hashes with these first two digits. Raises BlockingIOError where it may not wait."""
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with open(locks / sha256[:2], "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield

    def _evict(self, spare: Path) -> None:
        entries = []
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            for entry in os.scandir(folder):
                with contextlib.suppress(FileNotFoundError):
                    if entry.name.endswith(PARTIAL):
                        self._drop_orphan(Path(entry.path))
                    else:
                        stat = entry.stat()
                        entries.append((stat.st_mtime_ns, stat.st_size, entry.path))
        size = sum(entry[1] for entry in entries)
        for _, bytes_, path in sorted(entries):
            if size <= self.limit:
                return
            if path != str(spare):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
                size -= bytes_

    def _drop_orphan(self, partial: Path) -> None:
        """Removes what a killed process left half written; one that is being written has its lock taken."""
        with contextlib.suppress(BlockingIOError, FileNotFoundError), self._lock(partial.name, wait=False):
            partial.unlink()
