"""Scoring on Apache Beam, by two workers of its portable runner: what a local run prints, also after a kill."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import write_bars, write_images
from refusals import refused

from scoringnet_tf.inference.result_cache import keeping_scores

beam = pytest.importorskip("apache_beam", reason="Apache Beam is not installed: make distributed installs it")

RUNNER = "FnApiRunner --direct_running_mode=multi_processing --direct_num_workers=2"


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Eight videos, of which one is none, one is not there, and one is a folder of images."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(5):
        write_bars(folder / f"{number}.avi", 24 + number, number=number)
    write_images(folder / "images", 30)
    (folder / "bad.mp4").write_text("not a video")
    names = ("3.avi", "bad.mp4", "images", "0.avi", "none.mp4", "4.avi", "1.avi", "2.avi")
    return [str(folder / name) for name in names]


def predict(model, videos, *more):
    """The status of a run, what it printed, and its own lines on stderr; TensorFlow and Beam have notices there."""
    words = [sys.executable, "-m", "scoringnet_tf.predict", f"--model={model}", "--force", *videos, *more]
    done = subprocess.run(words, capture_output=True, text=True, timeout=400)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, [line for line in done.stderr.splitlines() if line.startswith("predict: ")]


@pytest.fixture(scope="module")
def local(stage_model, videos):
    """What a run without Beam gives."""
    return predict(stage_model, videos, "--json")


@pytest.fixture(scope="module")
def on_runner(stage_model, videos, tmp_path_factory):
    """The folder of results, and what a run into it gave."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "results-2024").mkdir()
    (folder / "results-2024/mine.txt").write_text("mine")
    return folder, predict(stage_model, videos, "--json", f"--results_dir={folder}", f"--runner={RUNNER}")


def test_all_is_that_of_a_local_run(local, on_runner):
    assert on_runner[1] == local
    assert (on_runner[0] / "results-2024/mine.txt").read_text() == "mine"
    status, printed, (first, second) = local
    assert status == 1 and "bad.mp4" in first and "none.mp4" in second
    assert [json.loads(line)["status"] for line in printed.splitlines()].count("forced") == 6


def test_kept_results_are_printed_and_left(stage_model, videos, local, on_runner):
    before = {path: path.stat().st_mtime_ns for path in on_runner[0].glob("*.json")}
    assert predict(stage_model, videos, "--json", f"--results_dir={on_runner[0]}") == local
    assert {path: path.stat().st_mtime_ns for path in on_runner[0].glob("*.json")} == before and len(before) == 6


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
from scoringnet_tf.inference.result_cache import keeping_scores
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


def test_a_model_that_workers_see_otherwise_is_refused(stage_model, videos, tmp_path):
    """In a worker, of which Beam passes on what it raised."""
    model = pathlib.Path(shutil.copy(stage_model, tmp_path / "model.keras"))
    with refused("runner_failed", model), keeping_scores(tmp_path / "kept", str(model), RUNNER) as score_all:
        model.write_bytes(model.read_bytes() + b" ")
        list(score_all([(videos[0], None)]))
