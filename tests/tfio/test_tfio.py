"""Records at s3:// that TensorFlow reads itself, on a local server; `make tfio` installs what it takes.

What TensorFlow's S3 reads its settings from is asked once in a process, so one server is for all tests of this one.
"""

import contextlib
import http.server
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from conftest import write_unlv_diving
from support.test_object_store import S3, serving
from test_commands import ROOT, SMALL
from training_runs import assert_same

from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import Augmentation, videos
from scoringnet_tf.data.shards import record_offsets

FEW_STEPS = ("--max_steps=2", "--epochs=1", "--set=run.reference=false", "--validation_fraction=0")
TWO_STEPS = ("--clip_lengths=8,8", *FEW_STEPS, *SMALL)
# Runs a command where tensorflow-io is not installed.
WITHOUT = """
import runpy, sys
sys.modules["tensorflow_io"] = None
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A local folder of records: seven videos to learn from in two shards, three to test."""
    folder = tmp_path_factory.mktemp("records")
    settings = BuildSettings((36, 48), num_shards=2)
    build_records("unlv_diving", write_unlv_diving(folder / "dives"), folder / "records", settings, workers=1)
    return folder / "records"


@pytest.fixture(scope="module")
def store(records):
    """A server with a copy of these at s3://bucket/records, in the environment of a user of it."""
    with serving(S3) as (store, _), pytest.MonkeyPatch.context() as patch:
        for name, value in store.settings().items():
            patch.setenv(name, value)
        for path in records.iterdir():
            store.put(f"records/{path.name}", path.read_bytes())
        yield store


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The temporary folder of the processes that a test starts, in which shards are copied."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def train(records_dir, model_dir, temporary, *before):
    """Trains as a user does, in a process of its own; (exit status, stderr, names of shards that it copied)."""
    words = [*(before or ("-m",)), "scoringnet_tf.train", f"--records_dir={records_dir}", f"--model_dir={model_dir}"]
    log, copied = Path(f"{model_dir}.log"), set()
    with (
        log.open("w") as stderr,
        subprocess.Popen([sys.executable, *words, *TWO_STEPS], cwd=ROOT, stderr=stderr) as process,
    ):
        while process.poll() is None:
            with contextlib.suppress(FileNotFoundError):  # deleted while it is looked for
                copied |= {path.name for path in temporary.rglob("[!.]*.tfrecord")}  # not those half copied
            time.sleep(0.05)
    return process.returncode, log.read_text(), copied


def test_two_steps_of_training_are_those_of_copies(store, records, temporary, tmp_path):
    status, said, copied = train(store.at("records"), tmp_path / "tfio", temporary)
    assert status == 0 and "tensorflow-io" not in said and "terminate called" not in said, said
    assert not copied
    status, said, copied = train(store.at("records"), tmp_path / "copied", temporary, "-c", WITHOUT)
    assert status == 0, said
    assert copied == {path.name for path in records.glob("train-*")}
    models = [keras.models.load_model(tmp_path / name / "last.keras") for name in ("tfio", "copied")]
    assert_same(*(model.get_weights() for model in models))


@pytest.mark.parametrize("options", [{}, {"shuffle": True, "augmentation": Augmentation(), "epochs": 3, "seed": 5}])
def test_batches_are_those_of_a_local_folder(store, records, options):
    assert all(path.startswith("s3://bucket/") for path in DatasetInfo.load(store.at("records")).shard_paths("train"))
    options = {"image_size": (32, 32), "batch_size": 2, "with_info": True, **options}
    batches = [list(videos(place, "train", **options).as_numpy_iterator()) for place in (store.at("records"), records)]
    assert len(batches[0]) == 4 * options.get("epochs", 1)
    assert_same(*batches)


class Shard(http.server.BaseHTTPRequestHandler):
    """A store of one file; `ranges` are the requests for parts of it, (first, last) byte."""

    content: bytes
    ranges: list

    def do_HEAD(self):
        self._answer(200, b"")

    def do_GET(self):
        if "Range" not in self.headers:
            return self._answer(404, b"")
        first, last = map(int, re.findall(r"\d+", self.headers["Range"]))
        self.ranges.append((first, last))
        return self._answer(206, self.content[first : last + 1])

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body or self.content)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_): ...


def test_a_read_fetches_no_more_than_its_record(store, tmp_path):
    """TensorFlow's own minimum for s3:// is 127 MB, all of what follows a record."""
    path = str(tmp_path / "a.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for record in (b"first", b"second" * 1_000, b"third" * 10_000):
            writer.write(record)
    second, third = record_offsets(path)[1:].tolist()
    code = (
        "import sys; from scoringnet_tf.data import shards, tfio\n"
        "from scoringnet_tf.support.paths import records_path\n"
        "assert tfio.in_graph(records_path('s3://bucket/a'), int(sys.argv[1]))\n"
        "assert shards.read_record('s3://bucket/a', int(sys.argv[2])).numpy() == b'second' * 1_000"
    )
    Shard.content, Shard.ranges = Path(path).read_bytes(), []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shard) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            address = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "PYTHONPATH": str(ROOT)}
            words = [sys.executable, "-c", code, str(len(Shard.content)), str(second)]
            result = subprocess.run(words, env={**os.environ, **address}, capture_output=True, text=True)
        finally:
            server.shutdown()
    assert result.returncode == 0, result.stderr
    look_ahead, header, record = (second - 1, second - 1), (second, second + 11), (second + 12, third - 1)
    assert Shard.ranges == [look_ahead, header, record]


def test_where_tensorflow_does_not_find_them_shards_are_copied_and_that_is_said(store, records, temporary):
    """The address is in a setting of fsspec's alone: what that finds is still read."""
    code = "import sys, scoringnet_tf; print(*scoringnet_tf.DatasetInfo.load(sys.argv[1]).shard_paths('test'))"
    nowhere = "http://127.0.0.1:1"
    addresses = {"FSSPEC_S3_ENDPOINT_URL": store.address, "AWS_ENDPOINT_URL": nowhere}
    environment = {**os.environ, **addresses, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", code, store.at("records")]
    result = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert result.returncode == 0 and all(path.startswith(str(temporary)) for path in result.stdout.split())
    said = [line for line in result.stderr.splitlines() if "tensorflow-io" in line]
    assert len(said) == 1 and "shards are copied" in said[0]
