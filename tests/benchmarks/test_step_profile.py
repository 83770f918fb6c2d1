"""Where the time of a step goes: every operation has its row, and rows and clock add up."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
TINY = ("--width_multiplier=0.0625", "--image_size=32", "--num_frames=8", "--batch_size=2", "--steps=1")


def profiled(*words):
    command = [sys.executable, "-m", "benchmarks.step_profile", *TINY, *words]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.mark.slow
def test_operations_have_their_rows_and_add_up():
    found = json.loads(profiled("--side=ours", "--phase=segmentation")[-1])
    kinds = ("convolutions, backward", "convolutions, forward", "pooling", "Bi-LSTM", "dense layers", "optimizer")
    assert all(found[kind] > 0 for kind in kinds) and sum(found.values()) > 0


@pytest.mark.interop
def test_both_sides_stand_beside_each_other():
    pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")
    lines = profiled("--phase=scoring")
    assert lines[0] == "| ms a step | ours | PyTorch | difference |"
    rows = {cells[1].strip(): cells[2:5] for cells in (line.split("|") for line in lines[2:])}
    assert {"convolutions, backward", "pooling", "clock less all operations", "clock"} <= rows.keys()
    for ours, theirs, difference in rows.values():
        assert float(difference) == pytest.approx(float(ours) - float(theirs), abs=0.11)
    assert all(float(cell) > 0 for cell in rows["convolutions, backward"][:2])
