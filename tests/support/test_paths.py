"""Records in an object store: fsspec's `memory://` stands for one here; `test_object_store.py` has a real one."""

import asyncio
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

import fsspec
import pytest
from command_forks import ROOT
from conftest import write_unlv_diving
from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from refusals import refused
from upath import UPath

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.verifying import verify_records
from data_prep.records.writing import check_output_dir, replacing_records
from scoringnet_tf.data.dataset_info import INDEX_NAME, DatasetInfo, load_records
from scoringnet_tf.support import files, paths
from scoringnet_tf.support.paths import RemotePath, as_path, check_store, records_path, writable_path


@pytest.fixture
def store(request):
    """A folder of its own in the memory of the process."""
    folder = records_path(f"memory://tests/{request.node.name}")
    yield folder
    for name in [name for name in MemoryFileSystem.store if name.startswith(f"{folder.path}/")]:
        del MemoryFileSystem.store[name]


def contents(path):
    """{name relative to `path`: bytes} by fsspec alone."""
    memory = fsspec.filesystem("memory")
    return {name.removeprefix(path.path + "/"): memory.cat_file(name) for name in memory.find(path.path)}


def put(path, content=b"x"):
    fsspec.filesystem("memory").pipe_file(path.path, content)


# === Which path is which ===


@pytest.mark.parametrize("text", ["s3://bucket/a/b", "memory://a/b"])
def test_a_remote_path_keeps_its_slashes(text):
    path = records_path(text + "/")
    assert isinstance(path, RemotePath) and isinstance(path, UPath) and str(path) == text
    assert str(path / "c.txt") == f"{text}/c.txt"
    assert (path / "c.txt").parent == path == records_path(path)
    assert path.name == "b" and path.protocol == text.split(":")[0]


@pytest.mark.parametrize("text", ["a/b", "/a/b", "a: b/c", r"C:\a", "C:/a", "a/s3://b", ".", ""])
def test_every_other_path_is_local(text):
    assert as_path(text) == as_path(Path(text)) == records_path(text) == Path(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "whole_bucket") for text in ("s3://bucket", "gs://bucket/")),
        *((text, "unknown_scheme") for text in ("s4://a/b", "S3://a/b", "gs:/a/b", "https://a/b", "file:///a/b")),
    ],
)
def test_what_is_nearly_a_store_is_refused(text, code):
    with refused(code, text):
        records_path(text)


@pytest.mark.parametrize("text", ["s3://bucket/a", "s4://a", "https://a/b.mp4", "file:///a/b", "memory://a/b"])
def test_records_alone_may_be_elsewhere(text):
    for ask in (as_path, writable_path):
        with refused("not_local", f"--output={text}"):
            ask(text, "output")


def test_paths_of_one_name_are_told_apart():
    names = ["a/001.avi", "b/001.avi", "x/b/001.avi", "y/002.avi"]
    assert paths.told_apart(names) == [*names[:3], "002.avi"]


def test_the_folder_that_one_is_in_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "dive/frames").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "dive/frames")
    assert [paths.name_of(path) for path in (".", "..", "x/..y", "/v.mp4")] == ["frames", "dive", "..y", "v.mp4"]


# === Files and folders ===


def test_files_there_and_back(store, tmp_path):
    path = store / "sub" / "a.json"
    assert not path.exists() and not store.is_dir()
    put(path, b'{"x": 1}')
    assert path.is_file() and not path.is_dir() and store.is_dir() and not store.is_file()
    assert files.read_json(path) == {"x": 1} and path.stat().st_size == 8
    assert list(store.iterdir()) == [store / "sub"] and list((store / "sub").iterdir()) == [path]
    with files.local_file(path) as copy:
        assert copy.name == "a.json" and copy.read_text() == '{"x": 1}'
    assert not copy.exists()
    store.rmtree()
    assert not path.exists()
    (tmp_path / "b").write_text("local")
    with files.local_file(tmp_path / "b") as same:
        assert same == files.cached_file(tmp_path / "b", "v", 5) == tmp_path / "b"


@pytest.fixture
def calls(monkeypatch):
    """What the file system beneath a store is asked to write and delete, as (what, name)."""
    seen = []
    for method in ("put_file", "rm_file"):
        original = getattr(MemoryFileSystem, method)

        def noted(self, *paths, _method=method, _original=original, **options):
            seen.append((_method.removesuffix("_file"), Path(paths[-1]).name))
            return _original(self, *paths, **options)

        monkeypatch.setattr(MemoryFileSystem, method, noted)
    return seen


def test_the_index_comes_last_and_goes_first(store, calls):
    for content in ("one", "two"):
        with replacing_records(store / "records") as folder:
            for name in (INDEX_NAME, content, "z"):
                (folder / name).write_text(content)
    first = [("put", "one"), ("put", "z"), ("put", INDEX_NAME)]
    assert calls[:4] == [*first, ("rm", INDEX_NAME)] and calls[-3:] == [("put", "two"), *first[1:]]
    assert contents(store / "records") == {"two": b"two", "z": b"two", INDEX_NAME: b"two"}


@pytest.mark.parametrize("name", ["r*", "[r]un", "run"])
def test_a_name_is_no_pattern(store, name):
    """fsspec takes what is to be deleted for one."""
    for folder in (name, "run", "ruin"):
        for file in ("a", "sub/a", "a*"):
            put(store / folder / file)
    (store / name / "a*").unlink()
    others = {f"{folder}/{file}" for folder in {"run", "ruin"} - {name} for file in ("a", "sub/a", "a*")}
    assert set(contents(store)) == others | {f"{name}/a", f"{name}/sub/a"}
    (store / name).rmtree()
    assert set(contents(store)) == others


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_upload_that_fails_leaves_nothing_whole(error, store, monkeypatch):
    put_file = MemoryFileSystem.put_file

    def failing(self, local, remote, **options):
        if remote.endswith("/b"):
            raise error("no network")
        put_file(self, local, remote, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", failing)
    with pytest.raises(error, match=r"^no network"), replacing_records(store) as folder:
        for name in "abc":
            (folder / name).write_text(name)
    assert contents(store) == {}


def test_a_store_that_cannot_tell_is_not_taken_for_an_empty_one(store, monkeypatch):
    """Records that are out of reach for a moment would pass for missing, and be built over others."""

    def info(self, path):
        raise OSError("no network")

    put(store / "a")
    monkeypatch.setattr(MemoryFileSystem, "info", info)
    for ask in (RemotePath.is_file, RemotePath.is_dir, RemotePath.exists):
        with pytest.raises(OSError, match="no network"):
            ask(store / "a")


# === Copies ===


def test_a_copy_lasts_until_the_process_ends():
    code = (
        "import fsspec; from scoringnet_tf.support import files, paths;"
        "c = lambda path, *of: files.cached_file(paths.records_path(path), *of);"
        "fsspec.filesystem('memory').pipe_file('/records/a.tfrecord', b'one');"
        "f = c('memory://records/a.tfrecord', 'v1', 3); assert f.read_bytes() == b'one';"
        "fsspec.filesystem('memory').rm('/records', recursive=True);"
        "assert c('memory://records/a.tfrecord', 'v1', 3) == f; print(f)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    copy = Path(result.stdout.strip())
    assert not result.stderr and copy.name == "a.tfrecord" and copy.is_relative_to(tempfile.gettempdir())
    assert not copy.parents[1].exists()


@pytest.mark.parametrize("damage", ["cut off", "lost", "changed"])
def test_half_a_copy_is_never_taken_for_whole(store, monkeypatch, damage):
    path = store / "a"
    put(path, b"whole!" if damage != "changed" else b"another")

    def bad_network(self, remote, local, **_):
        Path(local).write_bytes(b"who")
        if damage == "lost":
            raise OSError("no network")

    with monkeypatch.context() as patch:
        if damage != "changed":
            patch.setattr(MemoryFileSystem, "get_file", bad_network)
        lost = damage == "lost"
        with pytest.raises(OSError, match="no network") if lost else refused("damaged_download", path):
            files.cached_file(path, store.name, 6)
        if damage == "cut off":
            with refused("damaged_download", path):
                files.local_file(path).__enter__()
    put(path, b"whole!")
    copy = files.cached_file(path, store.name, 6)
    assert copy.read_bytes() == b"whole!" and list(copy.parent.iterdir()) == [copy]
    put(path, b"three")
    assert files.cached_file(path, store.name, 6).read_bytes() == b"whole!"
    assert files.cached_file(path, f"{store.name}-2", 5).read_bytes() == b"three"


# === Whether it can be used ===


def test_what_works_is_left_as_it_was(store, tmp_path):
    put(store / "a.json")
    for path, writing in ((store, False), (store / "a.json", False), (store, True)):
        check_store(path, "records_dir", writing)
    assert list(store.iterdir()) == [store / "a.json"]
    assert writable_path(tmp_path / "nowhere", "output") == tmp_path / "nowhere"
    assert not (tmp_path / "nowhere").exists()


class Silent(AsyncFileSystem):
    """A store that does not answer."""

    protocol = "silent"

    async def _info(self, path, **_):
        await asyncio.sleep(60)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of universal_pathlib, which does not know it
def test_a_store_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(paths.WAITING, "seconds", 0.05)
    fsspec.register_implementation("silent", Silent, clobber=True)
    with refused("no_answer", "--records_dir", "silent://a/b", "0.05 s", "--timeout"):
        load_records("silent://a/b")


@pytest.mark.parametrize("scheme", paths.STORES)
def test_a_missing_library_is_named_with_the_extra_that_brings_it(monkeypatch, scheme):
    opener, _ = paths.STORES[scheme]
    monkeypatch.setitem(sys.modules, opener, None)
    monkeypatch.delitem(importlib.import_module("fsspec.registry")._registry, scheme, False)
    with refused("missing_package", "--records_dir", f"{scheme}://a/b", opener, ".[io]"):
        load_records(f"{scheme}://a/b")


# === The whole path ===


def build(source, store, **options):
    return build_records("unlv_diving", source, str(store), BuildSettings((36, 48)), workers=1, **options)


def test_records_in_a_store_are_those_of_a_local_disk(diving_records, tmp_path, store):
    source = write_unlv_diving(tmp_path / "source")
    built = build(source, store)[0]
    info, local = DatasetInfo.load(str(store)), DatasetInfo.load(diving_records)
    assert info.records_dir == built.records_dir == store
    assert (info.splits, info.data_hash) == (built.splits, local.data_hash)
    assert verify_records(info) == []
    read = [[Path(path).read_bytes() for path in each.shard_paths("train")] for each in (info, local)]
    assert read[0] == read[1]
    with refused("exists", store):
        build(source, store)
    (store / "dataset_info.json").unlink()
    put(store / "mine.txt")
    with refused("not_records", store):
        build(source, store, overwrite=True)
    with refused("not_found", store):
        load_records(str(store))


def test_an_upload_that_was_killed_is_repeated(store, tmp_path):
    """Shards without an index are replaced where one says so; on a local disk none are left, and they stay."""
    put(store / "joints" / "joints.json")
    put(store / "test-00000-of-00001.tfrecord")
    with refused("exists", "--overwrite"):
        check_output_dir(store, overwrite=False)
    check_output_dir(store, overwrite=True)
    (tmp_path / "test-00000-of-00001.tfrecord").touch()
    with refused("not_records", tmp_path):
        check_output_dir(tmp_path, overwrite=True)
    build(write_unlv_diving(tmp_path / "source"), store, overwrite=True)
    assert verify_records(DatasetInfo.load(store)) == []
    assert "joints" not in {path.name for path in store.iterdir()}


def test_shards_that_change_under_a_reader_are_refused(diving_records, store):
    with replacing_records(store) as folder:
        for path in diving_records.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    info = DatasetInfo.load(store)
    info.data_hash = store.name  # nobody has copied these yet
    shard = store / info.splits["test"]["shards"][0]["file"]
    put(shard, b"another build's")
    with refused("damaged_download", shard.name):
        info.shard_paths("test")
