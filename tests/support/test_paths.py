"""Paths in an object store: TensorFlow's `ram://` stands for one here; `test_object_store.py` has a real one."""

import importlib.util
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import write_unlv_diving
from training_runs import KilledError, kill_after_epoch, settings, weights_after

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.verifying import verify_records
from scoringnet_tf.data.records import DatasetInfo, load_records
from scoringnet_tf.inference.serving import export_saved_model
from scoringnet_tf.models import presets as model_files
from scoringnet_tf.support import files, paths
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import RemotePath, as_path, check_access
from scoringnet_tf.training import session


@pytest.fixture
def store(request):
    """A folder of its own in the memory of the process."""
    return as_path(f"ram://tests/{request.node.name}")


@pytest.mark.parametrize("text", ["s3://bucket/a/b", "gs://bucket/a/b", "hdfs:///a/b", "hdfs://host:8020/a/b"])
def test_a_remote_path_keeps_its_slashes(text):
    path = as_path(text + "/")
    assert isinstance(path, RemotePath) and str(path) == text
    assert str(path / "c.txt") == f"{text}/c.txt"
    assert (path / "c.txt").parent == path == as_path(path)
    assert path.name == "b" and path.scheme == text.split(":")[0]


@pytest.mark.parametrize("text", ["a/b", "/a/b", "a: b/c", Path("a/b"), r"C:\a"])
def test_every_other_path_is_local(text):
    assert as_path(text) == Path(text)


def test_a_whole_bucket_is_no_folder():
    with pytest.raises(InputError, match=r"s3://bucket/: expected a file or folder in it"):
        as_path("s3://bucket/")


def test_files_there_and_back(store, tmp_path):
    path = store / "sub" / "a.json"
    assert not path.exists() and not store.is_dir()
    files.write_json(path, {"x": 1})
    assert path.is_file() and not path.is_dir() and store.is_dir() and not store.is_file()
    assert path.read_text(encoding="utf-8") == '{\n  "x": 1\n}\n'
    assert path.stat().st_size == 13
    assert list(store.iterdir()) == [store / "sub"] and list((store / "sub").iterdir()) == [path]
    with files.local_file(path) as copy:
        assert copy.name == "a.json" and copy.read_text() == path.read_text(encoding="utf-8")
    assert not copy.exists()
    files.remove_folder(store)
    assert not path.exists()
    (tmp_path / "b").write_text("local")
    with files.local_file(tmp_path / "b") as same:
        assert same == tmp_path / "b"


def test_a_file_is_uploaded_whole_or_not_at_all(store):
    path = store / "a.txt"
    with files.replacing_file(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    with pytest.raises(RuntimeError), files.replacing_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "one"


def test_the_last_file_of_a_folder_comes_last_and_goes_first(store, monkeypatch):
    path, seen = store / "records", []

    def noting(name):
        method = getattr(RemotePath, name)

        def noted(self, *arguments):
            seen.append((name, self.name))
            return method(self, *arguments)

        monkeypatch.setattr(RemotePath, name, noted)

    for method in ("upload", "unlink", "rmtree"):
        noting(method)
    for content in ("one", "two"):
        with files.replacing_folder(path, last="index") as folder:
            for name in ("index", content, "z"):
                (folder / name).write_text(content)
    first = [("upload", "one"), ("upload", "z"), ("upload", "index")]
    assert seen == [*first, ("unlink", "index"), ("rmtree", "records"), ("upload", "two"), *first[1:]]
    assert {child.name for child in path.iterdir()} == {"two", "z", "index"}


def test_an_upload_that_fails_leaves_nothing(store, monkeypatch):
    upload = RemotePath.upload

    def failing(self, local):
        if self.name == "b":
            raise OSError("no network")
        upload(self, local)

    monkeypatch.setattr(RemotePath, "upload", failing)
    with pytest.raises(OSError, match="no network"), files.replacing_folder(store, last="c") as folder:
        for name in "abc":
            (folder / name).write_text(name)
    assert not store.exists()


# === Whether it can be used ===


@pytest.mark.parametrize("writing", [False, True])
def test_what_works_is_left_as_it_was(store, tmp_path, writing):
    files.write_json(store / "a.json", {})
    for path in (store, store / "a.json") if not writing else (store,):
        check_access(path, "records_dir", writing)
    assert list(store.iterdir()) == [store / "a.json"]
    check_access(tmp_path / "nowhere", "records_dir", writing)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(importlib.util.find_spec("tensorflow_io") is not None, reason="tensorflow-io is installed")
@pytest.mark.parametrize("scheme", ["s3", "az", "hdfs"])
@pytest.mark.parametrize("writing", [False, True])
def test_missing_tensorflow_io_is_named(scheme, writing):
    expected = (
        rf"--model_dir: {scheme}://a/b: expected tensorflow-io 0\.37\.1 beside TensorFlow 2\.16.*Received: TensorFlow "
        rf"\d.* without tensorflow-io, which cannot open {scheme}://.*pip install 'scoringnet-tf\[io\]'"
    )
    with pytest.raises(InputError, match=expected):
        check_access(f"{scheme}://a/b", "model_dir", writing)


def test_an_unknown_filesystem_is_named():
    with pytest.raises(InputError, match=r"--records_dir: s4://a/b/dataset_info.json: expected a local path or one of"):
        load_records("s4://a/b")


def test_the_io_extra_is_what_the_error_names():
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text(encoding="utf-8")
    assert re.search(
        rf"^io =\n +tensorflow-io == {paths.TENSORFLOW_IO}\n +tensorflow == {paths.TENSORFLOW}\.\*$", setup, re.M
    )


# === The whole path ===


def test_records_in_a_store_are_those_of_a_local_disk(diving_records, tmp_path, store):
    source = write_unlv_diving(tmp_path / "source")
    built = build_records("unlv_diving", source, str(store), BuildSettings((36, 48)), workers=1)[0]
    info = DatasetInfo.load(str(store))
    assert info.records_dir == built.records_dir == store
    assert (info.splits, info.data_hash) == (built.splits, DatasetInfo.load(diving_records).data_hash)
    assert verify_records(info) == []
    with pytest.raises(InputError, match="Received: records"):
        build_records("unlv_diving", source, str(store), BuildSettings((36, 48)), workers=1)
    (store / "dataset_info.json").unlink()
    with pytest.raises(InputError, match="something that is not records"):
        build_records("unlv_diving", source, str(store), BuildSettings((36, 48)), workers=1, overwrite=True)
    with pytest.raises(InputError, match="expected the index of a folder of records"):
        load_records(str(store))


@pytest.mark.slow
def test_a_run_in_a_store_goes_on_and_ends_like_a_local_one(diving_records, tmp_path, store, monkeypatch):
    with files.replacing_folder(store / "records") as folder:
        for path in diving_records.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    epochs = {"segmentation_epochs": 1, "scoring_epochs": 1}
    local = weights_after(diving_records, tmp_path / "run", **epochs)
    info, model_dir = DatasetInfo.load(store / "records"), store / "run"
    options = settings(model_dir, store / "records", **epochs)
    with monkeypatch.context() as patch:
        kill_after_epoch(patch, 2)
        with pytest.raises(KilledError):
            session.TrainingRun(info, options).run()
    best = session.TrainingRun(info, options).run()
    found = {path.name for path in model_dir.iterdir()}
    assert found == {path.name for path in (tmp_path / "run").iterdir()}
    assert [path.name for path in (model_dir / "checkpoints").iterdir()] == ["scoring_0001"]
    remote = [model_files.load_scoring_net(path).get_weights() for path in (model_dir / "last.keras", best)]
    for a, b in zip(keras.tree.flatten(local), keras.tree.flatten(remote), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model_files.model_path(str(model_dir)) == best
    export_saved_model(model_files.load_scoring_net(model_dir), store / "servable" / "1")
    assert (store / "servable/1/saved_model.pb").is_file()
