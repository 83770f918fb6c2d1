"""The flags of `simulate`, and a video that is stopped."""

import json

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from refusals import refused

from data_prep.commands import simulate as command
from data_prep.simulator.files import write_video
from scoringnet_tf.data.video import read_video


def test_a_video_that_is_stopped_leaves_nothing(tmp_path):
    def broken():
        yield from np.zeros((3, 48, 64, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "c.avi", broken(), 5)
    with refused("no_frames", "b.avi"):
        write_video(tmp_path / "b.avi", iter(()), 5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "code", "flag"),
    [
        ({"num_videos": 1}, "out_of_range", "--num_videos"),
        ({"test_fraction": 0.0}, "out_of_range", "--test_fraction"),
        ({"height": 51}, "wrong_value", "--height"),
        ({"task": "motion", "labels_dir": "y"}, "flags_conflict", "--task"),
        ({"labels_dir": "no_labels"}, "not_found", "no_labels"),
    ],
)
def test_wrong_flags_are_refused(given, code, flag):
    with refused(code, flag):
        run_with(**{"output_dir": "x", "num_videos": 4, **given})


def run_with(**given):
    """The command with these flags."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    with flagsaver.flagsaver(**given):
        command.main([])


@pytest.mark.parametrize(
    "given",
    [
        {"sport": "vault", "rendering": 3, "easy": True, "test_fraction": 0.4},
        {"sport": "diving_phases", "film": True, "split": "train"},
        {"close": True, "split": "train"},
        {"task": "motion", "test_fraction": 0.0},
    ],
)
def test_a_simulation_is_that_of_the_flags(tmp_path, given):
    given = {"num_videos": 2, "seed": 7, "height": 32, "width": 48, **given}
    run_with(output_dir=str(tmp_path / "s"), workers=1, **given)
    made = json.loads((tmp_path / "s/simulation.json").read_text())["settings"]
    assert {name: made[name] for name in given} == given and made["task"] == given.get("task", "scoring")
    assert read_video(next(tmp_path.glob("s/*/*.avi"))).frames.shape[1:] == (32, 48, 3)
