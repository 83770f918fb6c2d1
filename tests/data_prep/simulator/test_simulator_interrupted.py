"""Simulations that are stopped, run again, or are of other labels: nothing mixed, nothing lost."""

import dataclasses
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import scipy.io
from command_forks import TIMEOUT
from refusals import code_printed, refused

from data_prep.simulator.dataset import simulate
from data_prep.simulator.files import write_ids
from data_prep.simulator.settings import Settings

SMALL = Settings("diving", "scoring", 2, 0, None, False, 0.25, 48, 64)
VAULT = Settings("vault", "scoring", 3, 0, None, False, 0.25, 48, 64)
FIRST, SECOND = (f"diving_samples_len_ori/00{number}.avi" for number in (1, 2))


def write_statistics(folder, execution="9.0"):
    folder.mkdir(exist_ok=True)
    rows = ["difficulty,execution,penalty,final", f"5.0,{execution},0.0,{float(execution) + 5.0}", "5.6,9.1,0.0,14.7"]
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    (folder / "stage_seconds.csv").write_text("pre_flight,posting_flight,landing\n3.5,1.2,2.0\n3.4,1.1,2.1\n")
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two dives."""
    folder = tmp_path_factory.mktemp("finished") / "sim"
    simulate(SMALL, folder, workers=1)
    return folder


@pytest.fixture
def dives(finished, tmp_path):
    """A copy of them."""
    subprocess.run(["cp", "-a", finished, tmp_path / "sim"], check=True)
    return tmp_path / "sim"


def unfinish(folder):
    """Makes a finished simulation one that was interrupted."""
    (folder / "simulation.json").rename(folder / "simulation.json.partial")


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("num_bytes", [None, 0, 5000])
@pytest.mark.parametrize("is_finished", [True, False])
def test_what_is_missing_or_cut_off_is_rendered_and_nothing_else(finished, dives, num_bytes, is_finished):
    if not is_finished:
        unfinish(dives)
        (dives / "stage_labels.csv").unlink()
    os.utime(dives / FIRST, ns=(0, 0))
    (dives / SECOND).unlink()
    if num_bytes is not None:
        (dives / SECOND).write_bytes((finished / SECOND).read_bytes()[:num_bytes])
    simulate(SMALL, dives, workers=1)
    assert (dives / FIRST).stat().st_mtime_ns == 0 and files_of(dives) == files_of(finished)


def test_a_dataset_of_other_labels_is_refused(tmp_path):
    settings = dataclasses.replace(VAULT, labels_dir=write_statistics(tmp_path / "labels"))
    simulate(settings, tmp_path / "sim", workers=1)
    before = files_of(tmp_path / "sim")
    write_statistics(tmp_path / "labels", execution="8.5")
    with refused("other_simulation", "label_files scores.csv"):
        simulate(settings, tmp_path / "sim", workers=1)
    assert files_of(tmp_path / "sim") == before


@pytest.mark.parametrize(
    "changed", ["versions simulator", "versions scoringnet_tf", "versions opencv", "[]", "no description", ""]
)
def test_what_another_version_rendered_and_a_damaged_description_are_refused(dives, changed):
    table, _, version = changed.partition(" ")
    description = json.loads((dives / "simulation.json").read_text())
    if table == "versions":
        description["versions"][version] = "0"
    (dives / "simulation.json").write_text(json.dumps(description) if table == "versions" else changed)
    with refused("other_simulation", changed if table == "versions" else "simulation.json"):
        simulate(SMALL, dives, workers=1)


@pytest.mark.slow
def test_labels_that_change_while_videos_are_rendered_are_noticed(tmp_path):
    labels_dir, folder = write_statistics(tmp_path / "labels"), tmp_path / "sim"
    flags = ["--sport=vault", f"--labels_dir={labels_dir}", "--num_videos=12", "--height=240", "--width=320"]
    command = [sys.executable, "-m", "data_prep", "simulate", *flags, "--workers=1", f"--output_dir={folder}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + TIMEOUT
    while not list(folder.glob("*/*.avi")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    write_statistics(labels_dir, execution="8.5")
    stderr = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 1 and code_printed(stderr) == "changed_inputs"
    assert not (folder / "simulation.json").exists()
    assert not list(folder.glob("*.mat")), "labels of now beside videos of those before"


@pytest.mark.parametrize(("count", "kind"), [(3, np.uint16), (65_535, np.uint16), (65_536, np.uint32)])
def test_ids_beyond_sixteen_bits_are_written_whole(tmp_path, count, kind):
    write_ids(tmp_path, "training_idx", [1, count])
    read = scipy.io.loadmat(tmp_path / "training_idx.mat")["training_idx"]
    assert read.dtype == kind and read.tolist() == [[1], [count]]
