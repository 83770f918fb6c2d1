"""Building on Apache Beam, by two workers of its portable runner: the records of a local build, also after a kill."""

import filecmp
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from conftest import write_unlv_diving
from refusals import refused

from data_prep.records.encoding import folder_beside
from scoringnet_tf.support.beam import on_runner

beam = pytest.importorskip("apache_beam", reason="Apache Beam is not installed: make distributed installs it")

RUNNER = "FnApiRunner --direct_running_mode=multi_processing --direct_num_workers=2"


def command(source, output, *more):
    asked = ["--dataset=unlv_diving", f"--source_dir={source}", f"--output_dir={output}", *more]
    return [sys.executable, "-m", "data_prep", "build", *asked]


def build(source, output, *more):
    """What a build prints."""
    done = subprocess.run(command(source, output, *more), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(str(output), "…")


def assert_same_files(first, second):
    found = filecmp.dircmp(first, second)
    assert not found.left_only and not found.right_only
    assert filecmp.cmpfiles(first, second, found.common_files, shallow=False)[1:] == ([], [])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Ten videos, of which one is none."""
    folder = write_unlv_diving(tmp_path_factory.mktemp("beam") / "source")
    sorted(folder.rglob("*.avi"))[4].write_bytes(b"no video")
    return folder


@pytest.fixture(scope="module")
def local(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("local") / "records"
    return folder, build(source, folder, "--on_error=skip")


def test_records_are_those_of_a_local_build_and_a_bad_video_is_left_out(source, local, tmp_path):
    printed = build(source, tmp_path / "records", "--on_error=skip", f"--runner={RUNNER}")
    assert "skipped videos: 1" in printed and printed == local[1]
    assert_same_files(tmp_path / "records", local[0])


def test_a_killed_build_goes_on(source, local, tmp_path):
    folder, asked = tmp_path / "records", ("--on_error=skip", f"--runner={RUNNER}")
    kept = folder_beside(folder)
    silent = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen(command(source, folder, *asked), **silent)
    deadline = time.monotonic() + 300
    while not list(kept.glob("*.npz")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    assert process.wait() < 0 and not folder.exists()
    assert "interrupted build" in build(source, folder, *asked)
    assert_same_files(folder, local[0])
    assert not kept.exists()


@pytest.mark.parametrize(
    ("runner", "code"),
    [
        ("DirectRunner '", "wrong_value"),
        ("NoRunner", "unknown_name"),
        ("os.path", "unknown_name"),
        ("DirectRunner --no_such=3", "unknown_name"),
        ("DirectRunner --direct_num_workers=x", "wrong_value"),
    ],
)
def test_what_beam_does_not_know_is_refused(tmp_path, runner, code):
    with refused(code, f"--runner={runner}"), on_runner(runner, tmp_path):
        pass


def test_options_that_a_job_server_alone_may_know_are_left_to_it(tmp_path):
    """As those of Flink, of which Beam's Python knows few: here Beam's own server, in the process of the pipeline."""
    runner = "PortableRunner --job_endpoint=embed --environment_type=LOOPBACK --checkpointing_interval=1000"
    with on_runner(runner, tmp_path) as map_items:
        assert list(map_items(len, ["a", "bc"])) == [1, 2]


def test_a_stopped_run_ends_with_its_workers(tmp_path):
    """Whatever they are at: a video of an hour is not waited for."""
    (tmp_path / "results").mkdir()
    script = [sys.executable, "-c", WAITING, RUNNER, str(tmp_path / "results"), str(tmp_path / "at_work")]
    process = subprocess.Popen(script, stderr=subprocess.PIPE, text=True, cwd=pathlib.Path(__file__).parent)
    deadline = time.monotonic() + 300
    while not (tmp_path / "at_work").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    worker = int((tmp_path / "at_work").read_text())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=300)  # of an hour
    assert process.returncode == 143 and not list((tmp_path / "results").iterdir())
    while is_alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.01)


WAITING = """
import pathlib, sys
from at_work import wait
from scoringnet_tf.support.beam import on_runner
from scoringnet_tf.support.cli import stoppable
from scoringnet_tf.support.messages import Stopped

try:
    with stoppable(), on_runner(sys.argv[1], pathlib.Path(sys.argv[2])) as map_items:
        list(map_items(wait, [pathlib.Path(sys.argv[3])]))
except Stopped as stop:
    sys.exit(stop.exit_status)
"""


def is_alive(number):
    """Whether a process runs; one that has ended and whose parent has not asked yet does not."""
    status = pathlib.Path(f"/proc/{number}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
