"""The commands with records and models on a local S3 server, by tensorflow-io: `make test-io`.

Everything on s3:// runs in processes of its own: tensorflow-io aborts a process that has used it when it ends.
"""

import contextlib
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from conftest import write_motion, write_unlv_diving
from test_commands import SMALL, command, error_of

MISSING = [name for name in ("tensorflow_io", "moto") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.io,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}, as in the environment of make test-io"),
]


@contextlib.contextmanager
def s3_server(**environment):
    """The address of a server with one bucket, "bucket"."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(port, process)
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/bucket", method="PUT")).close()
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def _wait_for(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.1)
    raise RuntimeError(f"moto's S3 server did not start: exit status {process.poll()}")


@pytest.fixture(scope="module")
def server():
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(server, monkeypatch):
    """The environment of a user of that server, who does not want to wait for retries."""
    settings = {
        "S3_ENDPOINT": server,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return server


def objects(endpoint, prefix):
    """{key: bytes} of what the bucket holds under a prefix, by HTTP alone."""
    with urllib.request.urlopen(f"{endpoint}/bucket?list-type=2&prefix={prefix}") as reply:
        listing = reply.read().decode()
    found = re.findall(r"<Key>(.*?)</Key>.*?<Size>(\d+)</Size>", listing, re.S)
    return {key.removeprefix(prefix): int(size) for key, size in found}


def build(source, output, *arguments, dataset="unlv_diving"):
    return command(
        *("data_prep", "build", f"--dataset={dataset}", f"--source_dir={source}", f"--output_dir={output}"),
        *("--frame_height=36", "--frame_width=48", "--workers=1", *arguments),
    )


@pytest.mark.slow
def test_whole_path(endpoint, tmp_path):
    source, root = write_unlv_diving(tmp_path / "dives"), "s3://bucket/path"
    build(source, f"{root}/dives")
    build(write_motion(tmp_path / "motion"), f"{root}/motion", dataset="motion")
    sheet = f"--output={root}/sheet.png"
    assert "All 10 records are sound." in command("data_prep", "inspect", f"--records_dir={root}/dives", sheet).stdout
    command(
        *("scoringnet_tf.pretrain", f"--records_dir={root}/motion", f"--model_dir={root}/c3d"),
        *("--epochs=1", "--clip_length=8", *SMALL),
    )
    train = [
        *("scoringnet_tf.train", f"--records_dir={root}/dives", f"--model_dir={root}/run"),
        *(f"--pretrained={root}/c3d/c3d.keras", "--training=staged", "--segmentation_epochs=1", "--scoring_epochs=1"),
        *("--clip_lengths=8,8", "--validation_fraction=0.3", *SMALL),
    ]
    command(*train)
    command(*train)  # goes on from the checkpoint, and has nothing left to do
    printed = command("scoringnet_tf.evaluate", f"--model={root}/run", f"--records_dir={root}/dives").stdout
    assert "D-SRC" in printed and f"Report: {root}/run/evaluation_test" in printed
    command("scoringnet_tf.export", f"--model={root}/run", f"--export_dir={root}/servable")
    error = error_of("scoringnet_tf.export", f"--model={root}/run", f"--export_dir={root}/servable")
    assert "expected a version that does not exist yet" in error
    video = source / "diving_samples_len_ori/001.avi"
    printed = command("scoringnet_tf.predict", f"--model={root}/run", video, "--json", f"--plot_dir={root}/plots")
    assert json.loads(printed.stdout)[0]["num_frames"] == 25
    found = objects(endpoint, "path/")
    run = ("best.keras", "last.keras", "config.json", "history.json", "segmenter.weights.h5")
    report = ("metrics.json", "predictions.csv", "scores.png", "stages.png")
    expected = {"sheet.png", "c3d/c3d.keras", "servable/1/saved_model.pb", "plots/001.avi.png"}
    expected |= {f"run/{name}" for name in run} | {f"run/evaluation_test/{name}" for name in report}
    assert expected <= set(found)
    assert {key for key in found if "checkpoints" in key and key.startswith("run")} == {
        f"run/checkpoints/scoring_0001/{name}" for name in ("state.json", "trainer.weights.h5")
    }
    assert any(size and "tensorboard/events" in key for key, size in found.items())


@pytest.mark.slow
def test_a_reader_never_sees_half_of_the_records(endpoint, tmp_path):
    source, output = write_unlv_diving(tmp_path / "dives"), "s3://bucket/half"
    states, done = [{}], threading.Event()

    def watch():
        while not done.is_set():
            states.append(objects(endpoint, "half/"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        build(source, output)
        first = objects(endpoint, "half/")
        build(source, output, "--overwrite", "--jpeg_quality=80")
        second = objects(endpoint, "half/")
    finally:
        done.set()
        watcher.join()
    assert first != second and set(first) == set(second)
    for state in states:
        records = {key: size for key, size in state.items() if not key.startswith(".access-")}
        assert any(records.items() <= whole.items() for whole in (first, second))
        assert "dataset_info.json" not in records or records in (first, second)


@pytest.mark.parametrize(
    ("changes", "records_dir", "message"),
    [
        ({}, "s3://none/records", "s3://none/records/dataset_info.json: expected the index of a folder of records"),
        ({"S3_ENDPOINT": "http://127.0.0.1:1"}, "s3://bucket/records", "Couldn't connect to server"),
        ({}, "s3://bucket/records", "s3://bucket/records/dataset_info.json: expected the index of a folder of records"),
    ],
    ids=["bucket", "endpoint", "records"],
)
def test_what_cannot_be_read_is_named(endpoint, monkeypatch, changes, records_dir, message):
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    error = error_of("scoringnet_tf.train", f"--records_dir={records_dir}", "--model_dir=s3://bucket/run")
    assert message in error
    assert "expected the index" in message or f"--records_dir: {records_dir}/dataset_info.json: expected" in error


def test_a_missing_bucket_is_named_before_the_work(endpoint, tmp_path):
    source = write_unlv_diving(tmp_path / "dives")
    error = error_of(
        *("data_prep", "build", "--dataset=unlv_diving", f"--source_dir={source}", "--output_dir=s3://none/a")
    )
    assert "--output_dir: s3://none/a: expected a place that can be written to. Received: NoSuchBucket" in error


@pytest.mark.parametrize("num_bytes", [2**20, 2**20 + 1])
def test_a_file_that_fills_the_last_read_comes_back(endpoint, tmp_path, num_bytes):
    """With S3_DISABLE_MULTI_PART_DOWNLOAD=1, tensorflow-io 0.37.1 crashes at the end of such a file."""
    path, copy = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(os.urandom(num_bytes))
    code = (
        "import os; from scoringnet_tf.support.paths import as_path; remote = as_path('s3://bucket/a.bin');"
        f"remote.upload({str(path)!r}); remote.download({str(copy)!r}); os._exit(0)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
    assert copy.read_bytes() == path.read_bytes()


def test_wrong_credentials_are_named_before_the_work(endpoint, monkeypatch, tmp_path):
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="1") as strict:  # the one action makes the bucket
        monkeypatch.setenv("S3_ENDPOINT", strict)
        source = write_unlv_diving(tmp_path / "dives")
        error = error_of(
            *("data_prep", "build", "--dataset=unlv_diving", f"--source_dir={source}", "--output_dir=s3://bucket/a")
        )
        reading = error_of("data_prep", "inspect", "--records_dir=s3://bucket/a")
    assert "--records_dir: s3://bucket/a/dataset_info.json: expected a place that can be read from" in reading
    assert "--output_dir: s3://bucket/a: expected a place that can be written to. Received: InvalidAccessKeyId" in error
    assert "AWS_ACCESS_KEY_ID" in error
