"""Simulations that are stopped, run again, or have nowhere to write: nothing mixed, nothing lost, one line said."""

import dataclasses
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command_forks import TIMEOUT

from data_prep.simulator import dataset, files
from data_prep.simulator.dataset import simulate
from data_prep.simulator.encoding import write_video
from data_prep.simulator.filming import film_video
from data_prep.simulator.plan import plan_videos
from data_prep.simulator.registry import get_simulator
from data_prep.simulator.settings import Settings

SMALL = Settings("diving", "scoring", 2, 0, None, False, 0.25, 48, 64)
VAULT = Settings("vault", "scoring", 3, 0, None, False, 0.25, 48, 64)


def write_statistics(folder, execution="9.0"):
    folder.mkdir(exist_ok=True)
    rows = ["difficulty,execution,penalty,final", f"5.0,{execution},0.0,{float(execution) + 5.0}", "5.6,9.1,0.0,14.7"]
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    (folder / "stage_seconds.csv").write_text("pre_flight,posting_flight,landing\n3.5,1.2,2.0\n3.4,1.1,2.1\n")
    return folder


def test_a_finished_dataset_of_other_labels_is_refused(tmp_path):
    labels_dir = write_statistics(tmp_path / "labels")
    settings = dataclasses.replace(VAULT, labels_dir=labels_dir)
    simulate(settings, tmp_path / "sim", workers=1)
    written = (tmp_path / "sim" / "factors.csv").read_bytes()
    simulate(settings, tmp_path / "sim", workers=1)  # the same again: nothing to do
    write_statistics(labels_dir, execution="8.5")
    with pytest.raises(FileExistsError, match=r"differs in label_files scores\.csv; remove the folder"):
        simulate(settings, tmp_path / "sim", workers=1)
    assert (tmp_path / "sim" / "factors.csv").read_bytes() == written


def test_an_interrupted_dataset_is_not_finished_with_corrected_labels(tmp_path, monkeypatch):
    labels_dir = write_statistics(tmp_path / "labels")
    settings = dataclasses.replace(VAULT, labels_dir=labels_dir)
    monkeypatch.setattr(dataset, "_render_all", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        simulate(settings, tmp_path / "sim", workers=1)
    monkeypatch.undo()
    write_statistics(labels_dir, execution="8.5")
    with pytest.raises(FileExistsError, match=r"simulation\.json\.partial, which differs in label_files scores\.csv"):
        simulate(settings, tmp_path / "sim", workers=1)


def test_a_simulation_goes_on_with_the_same_clips_alone(tmp_path, monkeypatch):
    """Of the same names and sizes as well; one that comes while videos are rendered is noticed."""
    (tmp_path / "clips").mkdir()
    for number, level in ((1, 60), (2, 180)):
        write_video(tmp_path / f"clips/{number}.avi", np.full((8, 48, 64, 3), level, np.uint8), 2)
    settings = dataclasses.replace(SMALL, noise_clips=tmp_path / "clips")
    monkeypatch.setattr(dataset, "_render_all", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        simulate(settings, tmp_path / "sim", workers=1)
    one = tmp_path / "clips/1.avi"
    content = one.read_bytes()
    one.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(FileExistsError, match=r"simulation\.json\.partial, which differs in noise_clips"):
        simulate(settings, tmp_path / "sim", workers=1)
    one.write_bytes(content)
    monkeypatch.setattr(dataset, "_render_all", lambda *_: (tmp_path / "clips/3.avi").write_bytes(content) and [])
    with pytest.raises(ValueError, match=r"clips that stay as they are\. Received: another noise_clips"):
        simulate(settings, tmp_path / "sim", workers=1)
    (tmp_path / "clips/3.avi").write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"3\.avi: expected a video"):
        simulate(settings, tmp_path / "new", workers=1)
    assert not (tmp_path / "new").exists()


def test_labels_that_change_while_videos_are_rendered_are_noticed(tmp_path, monkeypatch):
    labels_dir = write_statistics(tmp_path / "labels")
    monkeypatch.setattr(dataset, "_render_all", lambda *_: [write_statistics(labels_dir, execution="8.5")][:0])
    with pytest.raises(
        ValueError, match=r"label files and clips that stay as they are\. Received: another label_files scores"
    ):
        simulate(dataclasses.replace(VAULT, labels_dir=labels_dir), tmp_path / "sim", workers=1)
    assert not (tmp_path / "sim" / "simulation.json").exists()
    assert not list((tmp_path / "sim").glob("*.mat")), "labels of now beside videos of those before"


@pytest.mark.parametrize("version", ["simulator", "scoringnet_tf", "opencv"])
def test_what_another_version_rendered_is_refused(tmp_path, version):
    simulate(SMALL, tmp_path, workers=1)
    file = tmp_path / "simulation.json"
    description = json.loads(file.read_text())
    description["versions"][version] = "0"
    file.write_text(json.dumps(description))
    with pytest.raises(FileExistsError, match=f"differs in versions {version};"):
        simulate(SMALL, tmp_path, workers=1)


@pytest.mark.parametrize("contents", ["[]", "no description", ""])
def test_a_description_that_is_none_is_refused(tmp_path, contents):
    (tmp_path / "simulation.json").write_text(contents)
    with pytest.raises(FileExistsError, match="differs in simulated, labels"):
        simulate(SMALL, tmp_path, workers=1)


def test_a_video_that_is_missing_is_rendered_again(tmp_path):
    simulate(SMALL, tmp_path, workers=1)
    video = tmp_path / "diving_samples_len_ori" / "002.avi"
    contents = video.read_bytes()
    video.unlink()
    simulate(SMALL, tmp_path, workers=1)
    assert video.read_bytes() == contents


def test_a_video_that_was_cut_off_is_rendered_again(tmp_path):
    simulate(SMALL, tmp_path, workers=1)
    for name, share in (("001", 0.5), ("002", 0.0)):
        video = tmp_path / "diving_samples_len_ori" / f"{name}.avi"
        contents = video.read_bytes()
        video.write_bytes(contents[: int(share * len(contents))])
        simulate(SMALL, tmp_path, workers=1)
        assert video.read_bytes() == contents


def test_a_simulation_that_was_interrupted_renders_what_was_cut_off_again(tmp_path, monkeypatch):
    """As a disk that lost its power leaves a file. A glance at such a video ended in a traceback."""
    monkeypatch.setattr(dataset, "LEAST_VIDEOS", 2)
    simulate(SMALL, tmp_path, workers=1)
    video = tmp_path / "diving_samples_len_ori" / "001.avi"
    contents = video.read_bytes()
    video.write_bytes(contents[: len(contents) // 2])
    (tmp_path / "simulation.json").rename(tmp_path / "simulation.json.partial")
    simulate(SMALL, tmp_path, workers=1)
    assert video.read_bytes() == contents and (tmp_path / "simulation.json").exists()


@pytest.mark.parametrize("name", ["diving_overall_scores.mat", "stage_labels.csv", "split_1_1/testing_idx.mat"])
def test_labels_of_a_finished_simulation_that_have_changed_are_named(tmp_path, name):
    """Its command would otherwise end well over labels that are not those of its videos, or over none."""
    simulate(SMALL, tmp_path, workers=1)
    for change in (lambda file: file.write_bytes(file.read_bytes()[:-1]), Path.unlink):
        change(tmp_path / name)
        with pytest.raises(ValueError, match=f"Received: {re.escape(name)}, which were changed or removed"):
            simulate(SMALL, tmp_path, workers=1)


def _run(folder, *arguments):
    flags = ["--num_videos=12", "--height=240", "--width=320", *arguments]
    command = [sys.executable, "-m", "data_prep", "simulate", *flags, f"--output_dir={folder}"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _wait_for_video(folder):
    deadline = time.monotonic() + TIMEOUT
    while not list(Path(folder).glob("*/*.avi")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _workers(parent):
    """The process ids of spawned workers of a process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z" and "spawn_main" in command:
            found.append(int(status.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds worker processes in /proc")
def test_a_killed_worker_ends_the_command_and_a_second_run_finishes(tmp_path):
    process = _run(tmp_path / "sim", "--workers=2")
    _wait_for_video(tmp_path / "sim")
    os.kill(_workers(process.pid)[0], signal.SIGKILL)
    stderr = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 1 and "Traceback" not in stderr
    assert "one was killed" in stderr.splitlines()[-1]
    assert not (tmp_path / "sim" / "simulation.json").exists()
    simulate(dataclasses.replace(SMALL, num_videos=12, test_fraction=0.19, height=240, width=320), tmp_path / "sim", 2)
    assert (tmp_path / "sim" / "simulation.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds worker processes in /proc")
def test_workers_end_with_the_command(tmp_path):
    process = _run(tmp_path / "sim", "--workers=2")
    _wait_for_video(tmp_path / "sim")
    workers = _workers(process.pid)
    process.kill()
    process.communicate(timeout=TIMEOUT)
    deadline = time.monotonic() + TIMEOUT
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(workers) == 2


def test_a_full_disk_is_said_and_leaves_no_video(tmp_path):
    """A limit on the size of files stands for a full disk: a video's last bytes do not fit."""
    plan = plan_videos(get_simulator("diving"), SMALL)[0]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            dataset.write_video(tmp_path / "a.avi", film_video(get_simulator("diving"), plan, SMALL), plan.quantiser)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for folder, said in ((tmp_path / "file" / "sim", "Not a directory"), (tmp_path / "file", "Not a directory")):
        process = _run(folder, "--workers=1")
        lines = process.communicate(timeout=TIMEOUT)[1].splitlines()
        assert process.returncode == 1 and len(lines) == 1 and said in lines[0] and str(folder) in lines[0]


@pytest.mark.parametrize(("count", "kind"), [(3, np.uint16), (65_535, np.uint16), (65_536, np.uint32)])
def test_ids_beyond_sixteen_bits_are_written_whole(tmp_path, count, kind):
    import scipy.io

    files.write_ids(tmp_path, "training_idx", [1, count])
    read = scipy.io.loadmat(tmp_path / "training_idx.mat")["training_idx"]
    assert read.dtype == kind and read.tolist() == [[1], [count]]
