"""What benchmarks measure with: processor time, memory at its peak."""

import pathlib
import subprocess
import sys

import pytest

from benchmarks.workload import processor_seconds

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


def test_processor_time_counts_children():
    before = processor_seconds()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert processor_seconds() - before >= 0.3


@pytest.mark.skipif(not pathlib.Path("/proc/self/clear_refs").exists(), reason="Linux alone tells of peaks")
def test_the_peak_is_that_since_it_was_forgotten():
    """In a process of its own: others hold what they hold, and let go of it whenever they like."""
    said = subprocess.run([sys.executable, "-c", FORGOTTEN], stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout
    held, kept, forgotten = map(float, said.split())
    assert held == pytest.approx(64, abs=4) and kept > 60 and forgotten < 8
