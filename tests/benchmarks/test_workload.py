"""What benchmarks measure with: processor time, memory at its peak, made-up sources."""

import itertools
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from conftest import write_bars
from refusals import refused

from benchmarks.workload import (
    ONE_THREAD,
    apart,
    compare,
    peak_of,
    processor_seconds,
    training_steps,
    videos_of,
    write_index,
)
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.models.presets import load_scoring_net

ROOT = pathlib.Path(__file__).parents[2]
MIB = 2**20
HOLD = "held = b'x' * ({} << 20)"
SAY = "\nfrom benchmarks.workload import peak_mib\nprint(peak_mib())"
FORGOTTEN = """
import numpy as np
from benchmarks.workload import forget_peak, peak_mib
forget_peak()
before = peak_mib()
held = np.ones(64 << 20, np.uint8)
print(peak_mib() - before)
del held
print(peak_mib() - before)
forget_peak()
print(peak_mib() - before)
"""
BURN = "import time\nwhile time.process_time() < 0.3: pass"

linux = pytest.mark.skipif(not pathlib.Path("/proc/self/clear_refs").exists(), reason="Linux alone tells of peaks")


@pytest.fixture
def videos(tmp_path):
    """A folder of four videos of 30 to 33 frames."""
    (tmp_path / "videos").mkdir()
    for number in range(4):
        write_bars(tmp_path / "videos" / f"{number}.mp4", 30 + number, number)
    return tmp_path / "videos"


def test_processor_time_counts_children():
    before = processor_seconds()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert processor_seconds() - before >= 0.3


@linux
def test_the_peak_is_that_since_it_was_forgotten():
    """In a process of its own: others hold what they hold, and let go of it whenever they like."""
    said = subprocess.run([sys.executable, "-c", FORGOTTEN], stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout
    held, kept, forgotten = map(float, said.split())
    assert held == pytest.approx(64, abs=4) and kept > 60 and forgotten < 8


@linux
def test_the_peak_of_a_child_is_its_own_whatever_its_parent_held():
    """One that takes 100 MiB and one that takes none: of itself, and as whoever starts it is told."""
    held = np.ones(300 * MIB, np.uint8)
    del held
    code = [HOLD.format(mib) for mib in (0, 100)]
    said = [
        subprocess.run([sys.executable, "-c", each + SAY], stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout
        for each in code
    ]
    assert float(said[1]) - float(said[0]) == pytest.approx(100, abs=8)
    (status, none), (_, some) = (peak_of((sys.executable, "-c", each)) for each in code)
    assert status == 0 and some - none == pytest.approx(100, abs=8)


def test_the_status_of_a_command_is_told_with_its_peak():
    assert peak_of([sys.executable, "-c", "print('dropped'); raise SystemExit(3)"])[0] == 3


def test_work_apart_has_one_thread_and_another_process():
    before = dict(os.environ)
    assert apart(os.getpid) != os.getpid()
    assert {name: apart(os.getenv, name) for name in ONE_THREAD} == ONE_THREAD
    assert dict(os.environ) == before


def test_the_first_videos_are_taken(videos):
    assert [path.name for path in videos_of(videos, 2)] == ["0.mp4", "1.mp4"]
    assert len(videos_of(videos)) == 4
    with refused("count_mismatch", "--videos"):
        videos_of(videos, 5)


def test_an_index_of_many_is_read_as_one(diving_records, tmp_path):
    write_index(diving_records, tmp_path / "many", 50)
    info = DatasetInfo.load(tmp_path / "many")
    assert len(info.videos) == info.splits["train"]["num_videos"] == 50


def test_a_fifth_of_the_videos_are_compared_with_the_others():
    """Within a split nothing is compared, which would cost nothing."""
    seen = compare(10)
    assert {split: len(pictures) for split, pictures in seen._pictures.items()} == {"train": 8, "test": 2}


@pytest.mark.slow
def test_what_a_training_takes_to_begin_is_no_part_of_its_steps(stage_model):
    """The clock of each step shows how often it was read: after the first, and after each of three more."""
    train = training_steps(load_scoring_net(stage_model), 1, 16, itertools.count().__next__)
    assert train(3) == 3
    assert train(1) == 1
