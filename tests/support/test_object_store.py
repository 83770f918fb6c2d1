"""The commands with records and models on a local S3 server; the extra test-io brings it."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from conftest import write_motion, write_unlv_diving
from test_commands import ROOT, SMALL, command, error_of

from scoringnet_tf.support import files
from scoringnet_tf.support.paths import as_path

MISSING = [name for name in ("s3fs", "moto", "flask") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}: pip install '.[test-io]'"),
]


@contextlib.contextmanager
def s3_server(**environment):
    """(address, process) of a server with one bucket, "bucket"."""
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
        yield endpoint, process
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
    with s3_server() as (endpoint, _):
        yield endpoint


@pytest.fixture
def endpoint(server, monkeypatch):
    """The environment of a user of that server, who does not want to wait for retries."""
    from s3fs import S3FileSystem

    settings = {
        "AWS_ENDPOINT_URL": server,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()  # they keep the settings that they were made with
    return server


def put(endpoint, key, content=b"x"):
    """Puts an object into the bucket as another process would, by HTTP alone."""
    url = f"{endpoint}/bucket/{urllib.parse.quote(key)}"
    headers = {"Content-Type": "application/octet-stream"}
    urllib.request.urlopen(urllib.request.Request(url, content, headers, method="PUT")).close()


def objects(endpoint, prefix):
    """{key: bytes} of what the bucket holds under a prefix, by HTTP alone."""
    with urllib.request.urlopen(f"{endpoint}/bucket?list-type=2&prefix={urllib.parse.quote(prefix)}") as reply:
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
    assert "10 records, all sound." in command("data_prep", "inspect", f"--records_dir={root}/dives", sheet).stdout
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
    again = ("scoringnet_tf.export", f"--model={root}/run", f"--export_dir={root}/servable")
    assert "expected a version that does not exist yet" in error_of(*again, "--version=1")
    video = source / "diving_samples_len_ori/001.avi"
    printed = command(
        "scoringnet_tf.predict", f"--model={root}/run", video, "--json", "--force", f"--plot_dir={root}/plots"
    )
    assert json.loads(printed.stdout)["num_frames"] == 25
    found = objects(endpoint, "path/")
    run = ("best.keras", "last.keras", "config.json")
    report = ("metrics.json", "predictions.csv", "scores.png", "stages.png")
    expected = {"sheet.png", "c3d/c3d.keras", "servable/1/saved_model.pb", "plots/001.avi.png"}
    expected |= {f"run/{name}" for name in run} | {f"run/evaluation_test/{name}" for name in report}
    assert expected <= set(found)
    checkpoints = {key.removeprefix("run/checkpoints/scoring_0001/") for key in found if "checkpoints" in key}
    assert {Path(key).suffix for key in checkpoints if not key.startswith("c3d")} == {".json", ".h5"}
    assert any(size and "run/tensorboard" in key and "events" in key for key, size in found.items())


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
        ({}, "s3://none/records", "Received: The specified bucket does not exist. Look at AWS_ACCESS_KEY_ID"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "s3://bucket/records", "Could not connect to the endpoint URL"),
        ({"AWS_ENDPOINT_URL": "127.0.0.1:1"}, "s3://bucket/records", "Received: Invalid endpoint: 127.0.0.1:1"),
        ({"AWS_PROFILE": "nobody"}, "s3://bucket/records", "The config profile (nobody) could not be found"),
    ],
    ids=["bucket", "server", "address", "profile"],
)
def test_what_cannot_be_read_is_named(endpoint, monkeypatch, changes, records_dir, message):
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    error = error_of("scoringnet_tf.train", f"--records_dir={records_dir}", "--model_dir=s3://bucket/run")
    assert error.startswith(f"train: --records_dir: {records_dir}: expected a place that can be read from. Received: ")
    assert message in error and error.count("\n") == 1


def test_records_that_are_not_there_are_named(endpoint):
    error = error_of("scoringnet_tf.train", "--records_dir=s3://bucket/records", "--model_dir=s3://bucket/run")
    assert "s3://bucket/records/dataset_info.json: expected the index of a folder of records" in error


@pytest.mark.parametrize(("scheme", "opener"), [("gs", "gcsfs"), ("az", "adlfs")])
def test_a_missing_library_is_named(scheme, opener):
    if importlib.util.find_spec(opener):
        pytest.skip(f"{opener} is installed")
    error = error_of("scoringnet_tf.export", f"--export_dir={scheme}://bucket/servable")
    assert error.startswith(
        f"export: --export_dir: {scheme}://bucket/servable: expected a place that can be written to."
    )
    assert f"pip install 'scoringnet-tf[io]' brings {opener}" in error and error.count("\n") == 1


def test_a_missing_bucket_is_named_before_the_work(endpoint, tmp_path):
    source = write_unlv_diving(tmp_path / "dives")
    error = error_of(
        *("data_prep", "build", "--dataset=unlv_diving", f"--source_dir={source}", "--output_dir=s3://none/a")
    )
    assert "--output_dir: s3://none/a: expected a place that can be written to. Received: The specified bucket" in error
    assert error.count("\n") == 1


def test_wrong_credentials_are_named_before_the_work(endpoint, monkeypatch, tmp_path):
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="1") as (strict, _):  # the one action makes the bucket
        monkeypatch.setenv("AWS_ENDPOINT_URL", strict)
        source = write_unlv_diving(tmp_path / "dives")
        error = error_of(
            *("data_prep", "build", "--dataset=unlv_diving", f"--source_dir={source}", "--output_dir=s3://bucket/a")
        )
        reading = error_of("data_prep", "inspect", "--records_dir=s3://bucket/a")
    assert "--records_dir: s3://bucket/a: expected a place that can be read from. Received: Forbidden" in reading
    assert (
        "--output_dir: s3://bucket/a: expected a place that can be written to. Received: The AWS Access Key Id" in error
    )
    for text in (error, reading):
        assert "AWS_ACCESS_KEY_ID" in text and text.count("\n") == 1


# What a command does whose store goes away once it was found to be in order.
LOSING = """
import os, sys
from absl import flags
from scoringnet_tf.support import cli, files, paths
flags.DEFINE_string("model_dir", None, "")
def main(_):
    path = paths.as_path(flags.FLAGS.model_dir)
    paths.check_access(path, "model_dir", writing=True)
    os.kill({pid}, {signal})
    {work}
cli.run(main)
"""


@pytest.mark.parametrize("work", ["files.write_json(path / 'a.json', {})", "path.is_file()", "print(*path.iterdir())"])
def test_a_network_that_is_lost_is_named(endpoint, monkeypatch, work):
    with s3_server() as (server, process):
        monkeypatch.setenv("AWS_ENDPOINT_URL", server)
        code = LOSING.replace("{pid}", str(process.pid)).replace("{signal}", str(int(signal.SIGKILL)))
        arguments = [sys.executable, "-c", code.replace("{work}", work), "--model_dir=s3://bucket/run"]
        result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1 and result.stdout == "" and result.stderr.count("\n") == 1
    assert "--model_dir=s3://bucket/run: expected a store that can be reached all the time. Received: " in result.stderr
    assert "Look at AWS_ACCESS_KEY_ID" in result.stderr


# === Paths ===


def test_what_another_process_writes_is_seen(endpoint):
    folder = as_path("s3://bucket/shared")
    put(endpoint, "shared/a")
    assert [path.name for path in folder.iterdir()] == ["a"] and not (folder / "b").is_file()
    put(endpoint, "shared/b", b"two")
    assert (folder / "b").is_file() and (folder / "b").stat().st_size == 3
    assert [path.name for path in folder.iterdir()] == ["a", "b"]


def test_a_folder_that_a_console_made_is_an_empty_one(endpoint):
    put(endpoint, "console/", b"")
    folder = as_path("s3://bucket/console")
    assert folder.is_dir() and not folder.is_file() and list(folder.iterdir()) == []
    with files.replacing_folder(folder, last="z") as new:
        (new / "z").write_text("z")
    assert [path.name for path in folder.iterdir()] == ["z"]


@pytest.mark.parametrize("name", ["r*", "[r]un", "run"])
def test_a_name_is_no_pattern(endpoint, name):
    root = f"patterns {name}"
    for folder in {name, "run", "ruin"}:
        for file in ("a", "sub/a"):
            put(endpoint, f"{root}/{folder}/{file}")
    files.remove_folder(f"s3://bucket/{root}/{name}")
    expected = {f"{folder}/{file}" for folder in {"run", "ruin"} - {name} for file in ("a", "sub/a")}
    assert set(objects(endpoint, f"{root}/")) == expected


@pytest.mark.parametrize("num_bytes", [0, 2**20 + 1, pytest.param(120 * 2**20, marks=pytest.mark.slow)])
def test_a_file_comes_back_to_the_byte(endpoint, tmp_path, num_bytes):
    """The last one in several parts, each way."""
    path, copy = tmp_path / "a.bin", tmp_path / "b.bin"
    path.write_bytes(os.urandom(1024) * (num_bytes // 1024) + b"x" * (num_bytes % 1024))
    remote = as_path("s3://bucket/a.bin")
    remote.upload(path)
    remote.download(copy)
    assert copy.read_bytes() == path.read_bytes()
