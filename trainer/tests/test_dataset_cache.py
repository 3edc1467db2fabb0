import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from exemplar_data.cache import FileCache

TRAINER = Path(__file__).resolve().parent.parent


def hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def absent() -> bytes:
    raise AssertionError("fetched, though it is kept")


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "locks"]


def test_the_least_recently_read_files_go_first_and_the_one_just_read_stays(tmp_path):
    cache = FileCache(tmp_path, limit=250)
    files = [bytes([value]) * 100 for value in range(4)]
    for age, data in enumerate(files[:2]):
        cache.get(hashed(data), lambda data=data: data)
        os.utime(tmp_path / hashed(data)[:2] / hashed(data), (age, age))
    cache.get(hashed(files[0]), absent)  # read now, so the other is older
    cache.get(hashed(files[2]), lambda: files[2])
    assert {path.name for path in kept(tmp_path)} == {hashed(files[0]), hashed(files[2])}
    large = b"x" * 1000
    assert cache.get(hashed(large), lambda: large) == large
    assert [path.name for path in kept(tmp_path)] == [hashed(large)]


def test_a_spoilt_file_is_fetched_anew(tmp_path):
    data = b"content" * 100
    FileCache(tmp_path).get(hashed(data), lambda: data)
    (path,) = kept(tmp_path)
    path.write_bytes(data[:-1])
    fetched = []
    assert FileCache(tmp_path).get(hashed(data), lambda: fetched.append(1) or data) == data
    assert fetched and path.read_bytes() == data


def test_of_threads_that_miss_at_once_one_fetches(tmp_path):
    data, fetches = b"shared" * 1000, []
    cache, started = FileCache(tmp_path), threading.Barrier(8)

    def fetch():
        fetches.append(1)
        time.sleep(0.1)
        return data

    def read():
        started.wait()
        assert FileCache.get(cache, hashed(data), fetch) == data

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetches) == 1


def test_a_fetch_that_fails_leaves_nothing_and_the_next_succeeds(tmp_path):
    data = b"late"
    with pytest.raises(ConnectionError):
        FileCache(tmp_path).get(hashed(data), lambda: (_ for _ in ()).throw(ConnectionError()))
    assert kept(tmp_path) == []
    assert FileCache(tmp_path).get(hashed(data), lambda: data) == data


def test_a_process_killed_while_it_fetches_leaves_no_lock_and_its_torn_file_goes(tmp_path):
    data, other = b"torn" * 1000, b"other"
    code = """
import sys, time
from pathlib import Path
from exemplar_data.cache import FileCache
cache = FileCache(Path(sys.argv[1]))
def fetch():
    path = cache._path(sys.argv[2])
    path.parent.mkdir(parents=True)
    path.with_name(path.name + '.part').write_bytes(b'half')
    print('fetching', flush=True)
    time.sleep(600)
cache.get(sys.argv[2], fetch)
"""
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), hashed(data)], cwd=TRAINER, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "fetching\n"
    FileCache(tmp_path).get(hashed(other), lambda: other)
    assert any(path.suffix == ".part" for path in kept(tmp_path))  # it is being written: nobody takes it away
    child.send_signal(signal.SIGKILL)
    child.wait()
    FileCache(tmp_path).get(hashed(b"third"), lambda: b"third")
    assert not any(path.suffix == ".part" for path in kept(tmp_path))
    assert FileCache(tmp_path).get(hashed(data), lambda: data) == data


def test_a_folder_that_cannot_be_written_is_warned_of_and_reading_goes_on(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert FileCache(tmp_path / "file").get(hashed(b"x"), lambda: b"x") == b"x"
    assert "nothing is cached" in str(said[0].message)
