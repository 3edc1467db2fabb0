"""Files under one root, on S3 or in a folder. Keys are relative and use `/`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pyarrow import fs

from .errors import ConfigError, ExemplarError, StoreDenied, StoreUnavailable

TIMEOUT_S = 30
DENIED = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH")


class Store(Protocol):
    """
    `read` raises FileNotFoundError for an absent key; `write` returns once the bytes are durable, whole or not at all. `local`: the
    files are on this machine, and need no copy on its disk.
    """

    root: str
    local: bool

    def read(self, key: str) -> bytes: ...
    def write(self, key: str, data: bytes) -> None: ...
    def names(self, prefix: str = "") -> list[str]: ...


class FolderStore:
    local = True

    def __init__(self, root: str) -> None:
        self.root = root

    def read(self, key: str) -> bytes:
        path = Path(self.root) / key
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise StoreDenied(f"{path}: {error.strerror}") from error
        except OSError as error:
            raise StoreUnavailable(f"{path}: {error.strerror}") from error

    def write(self, key: str, data: bytes) -> None:
        path = Path(self.root) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def names(self, prefix: str = "") -> list[str]:
        """Names directly under `prefix`, sorted; none where it does not exist."""
        folder = Path(self.root) / prefix
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


class S3Store:
    """`options`: see `open_store`."""

    local = False

    def __init__(self, root: str, options: Mapping[str, str]) -> None:
        self.root = root
        self._base = root.removeprefix("s3://")
        self._options = dict(options)
        self._connect()

    def _connect(self) -> None:
        self._s3 = _s3(self._options)

    def __getstate__(self) -> dict[str, object]:
        return {"root": self.root, "_base": self._base, "_options": self._options}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._connect()

    def read(self, key: str) -> bytes:
        try:
            with self._s3.open_input_file(f"{self._base}/{key}") as stream:
                return stream.read()
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.root}/{key}") from None
        except OSError as error:
            raise _failure(f"{self.root}/{key}", error) from error

    def write(self, key: str, data: bytes) -> None:
        try:
            with self._s3.open_output_stream(f"{self._base}/{key}") as stream:
                stream.write(data)
        except OSError as error:
            raise _failure(f"{self.root}/{key}", error) from error

    def names(self, prefix: str = "") -> list[str]:
        """Names directly under `prefix`, sorted; none where it does not exist."""
        where = f"{self._base}/{prefix}".rstrip("/")
        try:
            found = self._s3.get_file_info(fs.FileSelector(where, allow_not_found=True))
        except OSError as error:
            raise _failure(f"s3://{where}", error) from error
        return sorted(info.base_name for info in found)


OPTIONS = ("endpoint_url", "access_key_id", "secret_access_key", "session_token", "region")


def open_store(uri: str, **options: str) -> Store:
    """
    `s3://bucket/prefix` or a folder. Options of S3: endpoint_url, access_key_id, secret_access_key, session_token, region; what is not
    given comes from AWS_ENDPOINT_URL and the other variables of that name. Raises ConfigError for another scheme or option.
    """
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise ConfigError(f"unknown storage option {unknown[0]}; the options are {', '.join(OPTIONS)}")
    uri = uri.rstrip("/")
    if uri.startswith("s3://"):
        return S3Store(uri, options)
    if "://" in uri:
        raise ConfigError(f"{uri}: only s3:// and folders are read")
    return FolderStore(uri)


def _s3(given: Mapping[str, str]) -> fs.S3FileSystem:
    options: dict[str, object] = {"connect_timeout": TIMEOUT_S, "request_timeout": TIMEOUT_S, "background_writes": False}
    endpoint = given.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        scheme, separator, address = endpoint.rstrip("/").partition("://")
        if not separator or scheme not in ("http", "https"):
            name = "endpoint_url" if given.get("endpoint_url") else "AWS_ENDPOINT_URL"
            raise ConfigError(f"{name} must start with http:// or https://, not {endpoint!r}")
        options |= {"scheme": scheme, "endpoint_override": address}
    region = given.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region or endpoint:
        options["region"] = region or "us-east-1"
    names = {"access_key": "access_key_id", "secret_key": "secret_access_key", "session_token": "session_token"}
    if given.get("access_key_id"):
        options |= {name: given.get(option, "") for name, option in names.items()}
    elif os.environ.get("AWS_ACCESS_KEY_ID"):
        options |= {name: os.environ.get(f"AWS_{option.upper()}", "") for name, option in names.items()}
    # else a checksum follows the bytes, which not every S3 server reads to its end before the next request
    os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    return fs.S3FileSystem(**options)


def _failure(where: str, error: OSError) -> ExemplarError:
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (StoreDenied if any(code in line for code in DENIED) else StoreUnavailable)(f"{where}: {line}")
