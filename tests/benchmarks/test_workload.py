"""What benchmarks measure with: processor time, memory at its peak, the steps of a training."""

import itertools
import os
import pathlib
import subprocess
import sys

import pytest

from benchmarks.workload import (
    ONE_THREAD,
    apart,
    processor_seconds,
    training_steps,
)
from scoringnet_tf.models.presets import load_scoring_net

ROOT = pathlib.Path(__file__).parents[2]
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


def test_work_apart_has_one_thread_and_another_process():
    before = dict(os.environ)
    assert apart(os.getpid) != os.getpid()
    assert {name: apart(os.getenv, name) for name in ONE_THREAD} == ONE_THREAD
    assert dict(os.environ) == before


@pytest.mark.slow
def test_what_a_training_takes_to_begin_is_no_part_of_its_steps(stage_model):
    """The clock of each step shows how often it was read: after the first, and after each of three more."""
    train = training_steps(load_scoring_net(stage_model), 1, 16, itertools.count().__next__)
    assert train(3) == 3
    assert train(1) == 1
