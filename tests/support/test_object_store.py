"""Records on local S3 and GCS servers; the extra test-io brings them."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import fsspec
import pytest
from conftest import write_unlv_diving
from refusals import code_printed
from test_commands import ROOT, SMALL, command, error_of

from scoringnet_tf.support.paths import records_path

LIBRARIES = ("s3fs", "moto", "flask", "gcsfs", "gcp_storage_emulator")
MISSING = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.interop,
    # aiohttp's advice to gcsfs, and what Google's libraries say of Python 3.10
    pytest.mark.filterwarnings("ignore:Sending a large body directly with raw bytes:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:You are using a:FutureWarning"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}: pip install '.[test-io]'"),
]


class Store:
    """A server on this machine with one bucket, "bucket"; the tests see it past the instances that commands share."""

    def __init__(self, address):
        self.address = address

    def at(self, key, bucket="bucket"):
        """What a user calls an object, or a folder."""
        return f"{self.scheme}://{bucket}/{key}"

    @property
    def files(self):
        """What another process would see and write."""
        return fsspec.filesystem(self.scheme, skip_instance_cache=True)

    def put(self, key, content=b"x"):
        """Puts an object into the bucket."""
        self.files.pipe_file(f"bucket/{key}", content)

    def objects(self, prefix):
        """{key: bytes} of what the bucket holds under a prefix."""
        root = f"bucket/{prefix}"
        return {name.removeprefix(root): about["size"] for name, about in self.files.find(root, detail=True).items()}

    def make_bucket(self):
        """Makes the bucket, by HTTP alone."""
        path, method, content = self.bucket
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(
            urllib.request.Request(f"{self.address}/{path}", content, headers, method=method)
        ).close()


class S3(Store):
    """moto's."""

    scheme, remedy, bucket = "s3", "AWS_ACCESS_KEY_ID", ("bucket", "PUT", None)
    program = ("-m", "moto.server", "-H", "127.0.0.1", "-p")

    def settings(self):
        """The environment of a user who does not want to wait for retries."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_RETRY_MODE": "standard",
            "AWS_MAX_ATTEMPTS": "1",
        }


class GS(Store):
    """gcp-storage-emulator's, which lets everybody in. Where nobody answers, gcsfs tries for half a minute."""

    scheme, remedy = "gs", "GOOGLE_APPLICATION_CREDENTIALS"
    program, bucket = (str(Path(__file__).with_name("gcs_server.py")),), ("storage/v1/b", "POST", b'{"name": "bucket"}')

    def settings(self):
        """The environment of a user whose machine is not Google's, and who has not logged in."""
        return {"STORAGE_EMULATOR_HOST": self.address, "NO_GCE_CHECK": "true", "CLOUDSDK_CONFIG": os.devnull}


@contextlib.contextmanager
def serving(kind, **environment):
    """(store, process) of a server of a kind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *kind.program, str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        store = kind(f"http://127.0.0.1:{port}")
        store.make_bucket()
        yield store, process
    finally:
        process.terminate()
        process.wait()


def _wait_for(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start: exit status {process.poll()}")


@pytest.fixture(scope="module", params=[S3, GS], ids=lambda kind: kind.scheme)
def server(request):
    with serving(request.param) as (store, _):
        yield store


@pytest.fixture
def store(server, monkeypatch):
    return used(server, monkeypatch)


def used(store, monkeypatch):
    """The same store, in the environment of a user of it."""
    for name, value in store.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    fsspec.get_filesystem_class(store.scheme).clear_instance_cache()  # they keep the settings that they were made with
    return store


def build(source, output, *arguments):
    return command(
        *("data_prep", "build", "--dataset=unlv_diving", f"--source_dir={source}", f"--output_dir={output}"),
        *("--frame_height=36", "--frame_width=48", "--workers=1", *arguments),
    )


@pytest.mark.slow
def test_records_are_built_read_and_replaced(store, tmp_path):
    source, place = write_unlv_diving(tmp_path / "dives"), store.at("path/dives")
    build(source, place)
    build(source, place, "--overwrite")
    records = f"--records_dir={place}"
    command("data_prep", "inspect", records, f"--output={tmp_path / 'sheet.png'}")
    train = ["scoringnet_tf.train", records, f"--model_dir={tmp_path / 'run'}", "--training=staged", *SMALL]
    train += ["--segmentation_epochs=1", "--scoring_epochs=1", "--clip_lengths=8,8", "--validation_fraction=0.3"]
    command(*train, "--stage_network=c3d", "--scores=final")  # the least to be traced
    assert (tmp_path / "sheet.png").is_file() and (tmp_path / "run/best.keras").is_file()
    assert {"dives/dataset_info.json", "dives/train-00000-of-00002.tfrecord"} <= set(store.objects("path/"))


def assert_named(error, code, *named):
    """That an error of one line has this code and these names."""
    assert code_printed(error) == code and error.count("\n") == 1
    assert not [name for name in named if name not in error], error


def test_a_missing_bucket_is_named_before_the_work(store, tmp_path):
    place, source = store.at("a", bucket="none"), write_unlv_diving(tmp_path / "dives")
    reading = error_of("data_prep", "inspect", f"--records_dir={place}")
    writing = error_of("data_prep", "build", "--dataset=unlv_diving", f"--source_dir={source}", f"--output_dir={place}")
    assert code_printed(reading) == "not_found" and place in reading
    assert_named(writing, "unreachable", "--output_dir", place, store.remedy)


# What a command does whose store goes away once it was found to be in order.
LOSING = """
import os, sys
from absl import flags
from scoringnet_tf.support import cli, paths
flags.DEFINE_string("records_dir", None, "")
def main(_):
    path = paths.records_path(flags.FLAGS.records_dir)
    paths.check_store(path, "records_dir", writing=True)
    os.kill({pid}, {signal})
    {work}
cli.run(main)
"""


@pytest.mark.parametrize("work", ["(path / 'a').upload(cli.__file__)", "path.is_file()"])
def test_a_network_that_is_lost_is_named(monkeypatch, work):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # set to 1 by JAX, where a process imports that
    with serving(S3) as (store, process):
        place = used(store, monkeypatch).at("dives")
        code = LOSING.replace("{pid}", str(process.pid)).replace("{signal}", str(int(signal.SIGKILL)))
        arguments = [sys.executable, "-c", code.replace("{work}", work), f"--records_dir={place}"]
        result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1 and result.stdout == ""
    assert_named(result.stderr, "unreachable", f"--records_dir={place}", store.remedy)


# === Paths ===


def test_what_another_process_writes_is_seen(store):
    folder = records_path(store.at("shared"))
    store.put("shared/a")
    assert [path.name for path in folder.iterdir()] == ["a"] and not (folder / "b").is_file()
    store.put("shared/b", b"two")
    assert (folder / "b").is_file() and (folder / "b").stat().st_size == 3
    assert [path.name for path in folder.iterdir()] == ["a", "b"]


@pytest.mark.parametrize("name", ["a", "a b/é#1.mp4", "a?b/50%41.mp4"])
def test_what_is_not_there_is_not(store, name):
    path = records_path(store.at(f"absent/{name}"))
    assert not path.exists() and not path.is_file() and not path.is_dir()
    path.unlink(missing_ok=True)
    path.write_text("there")
    assert path.is_file() and path.parent.is_dir() and path.read_text() == "there"
    path.unlink()
    assert not path.exists() and not path.parent.exists()


@pytest.mark.parametrize("num_bytes", [0, 2**20 + 1, pytest.param(120 * 2**20, marks=pytest.mark.slow)])
def test_a_file_comes_back_to_the_byte(store, tmp_path, num_bytes):
    """The last one in several parts, each way."""
    path, copy = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(os.urandom(1024) * (num_bytes // 1024) + b"\r" * (num_bytes % 1024))
    remote = records_path(store.at("a.bin"))
    remote.upload(path)
    remote.download(copy)
    assert copy.read_bytes() == path.read_bytes()
