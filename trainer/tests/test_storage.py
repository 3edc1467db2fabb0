import shutil

import pytest
from campaigns import Campaign

from exemplar_data import ConfigError, ExemplarDataset, StoreDenied, StoreUnavailable
from exemplar_data.storage import open_store


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    if request.param == "s3":
        request.getfixturevalue("s3")
        return open_store("s3://bucket/checkpoints/run/")
    return open_store(str(tmp_path / "run"))


def test_what_is_written_is_read_back_and_listed_one_level_deep(store):
    assert store.names() == []
    store.write("2/a", b"x" * 100_000)
    store.write("2/b", b"")
    store.write("10/a", b"old")
    store.write("10/a", b"new")
    assert store.names() == ["10", "2"]
    assert store.names("2") == ["a", "b"]
    assert (store.read("2/a"), store.read("2/b"), store.read("10/a")) == (b"x" * 100_000, b"", b"new")
    with pytest.raises(FileNotFoundError):
        store.read("2/c")


def test_a_dataset_on_s3_and_its_pulled_folder_give_the_same_groups(s3, tmp_path):
    Campaign(situations=12).write(s3 / "datasets" / "moving", pulled=False)
    pulled = Campaign(situations=12).write(tmp_path / "pulled")
    remote = ExemplarDataset("s3://bucket/datasets/moving", cache=tmp_path / "cache")
    local = ExemplarDataset(str(pulled))
    assert list(remote) == list(local)
    assert remote.counts == local.counts and local.counts.groups > 0


def test_a_campaign_that_is_not_in_the_bucket_is_a_mistake_of_the_user(s3):
    with pytest.raises(ConfigError, match="s3://bucket/datasets/nope has no manifest"):
        ExemplarDataset("s3://bucket/datasets/nope")


def test_wrong_credentials_are_told_from_an_absent_server(s3, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreDenied) as denied:
        open_store("s3://bucket/x").names()
    assert not denied.value.retryable and "\n" not in str(denied.value)


def test_an_absent_server_is_worth_a_retry(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(StoreUnavailable) as absent:
        open_store("s3://bucket/x").names()
    assert absent.value.retryable


def test_a_folder_that_cannot_be_read_as_a_file_is_no_answer(tmp_path):
    (tmp_path / "manifest").mkdir()
    with pytest.raises(StoreUnavailable, match=r"/manifest: Is a directory$"):
        open_store(str(tmp_path)).read("manifest")
    with pytest.raises(FileNotFoundError):
        open_store(str(tmp_path)).read("absent")


def test_other_addresses_are_refused(monkeypatch):
    with pytest.raises(ConfigError, match="only s3:// and folders"):
        open_store("gs://bucket/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL must start with http://"):
        open_store("s3://bucket/x")


def test_a_pulled_folder_may_move(moving, tmp_path):
    moved = shutil.copytree(moving, tmp_path / "moved")
    assert list(ExemplarDataset(str(moved))) == list(ExemplarDataset(str(moving)))
