"""Versions of a clip, and whether the film at hand is recognised in each: the figures of diving_film's card."""

import os
import pathlib

import numpy as np
import pytest
from clip_versions import write_version

import scoringnet_tf
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.recognition import RECOGNISED, recognition
from scoringnet_tf.support.i3d_files import is_installed
from scoringnet_tf.weights.backbones import load_backbone

REAL, SIZE = os.environ.get("SCORINGNET_REAL_DATA"), (128, 171)


FURTHEST = {  # versions that come nearest to the other side, and their probabilities
    ("film/platform_dive.mp4", "grey"): 0.60,
    ("videos/platform_dive_10m.gif", "darker, × 0.7"): 0.63,
    ("film/masked_dive.gif", "10 frames/s"): 0.79,
    ("film/more/clean_and_jerk.mp4", "mirrored"): 0.004,  # 0.66 if "somersaulting" were a dive
    ("film/more/clean_and_jerk.mp4", "grey"): 0.104,
    ("film/other/pool.mp4", "brighter, × 1.3"): 0.0003,  # 0.93 if "jumping into pool" were a dive
}


@pytest.fixture(scope="module")
def probability():
    """A function of a path: the largest probability of diving in a window."""
    if not REAL:
        pytest.skip("SCORINGNET_REAL_DATA is not set: no real video")
    if not is_installed():
        pytest.skip("I3D's weights are not installed (make backbone)")
    trunk = load_backbone("i3d", SIZE)
    options = {"segmenter": None, "content": {"frame_size": SIZE}, "provenance": {"frame_rate": trunk.frame_rate}}
    model = scoringnet_tf.ScoringNet("diving", backbone=trunk, **options)
    predictor = Predictor(model)

    def largest(path):
        seen = predictor.see(model.preprocessor.read(path))
        return float(recognition(model, seen.classes[np.newaxis], None, np.ones((1, len(seen.samples)), bool))[0])

    return largest


@pytest.mark.slow
def test_filmed_dives_are_recognised_and_other_clips_are_not(probability):
    found, folder = {True: [], False: []}, pathlib.Path(REAL)
    for path in (path for part in ("film", "film/more", "film/other", "videos") for path in (folder / part).iterdir()):
        if path.is_file():
            found["dive" in path.name].append(probability(path))
    assert (len(found[True]), len(found[False])) == (5, 9)
    assert min(found[True]) > 0.95 and max(found[False]) < 0.002


@pytest.mark.slow
@pytest.mark.parametrize(("video", "version"), FURTHEST)
def test_no_version_is_decided_otherwise(video, version, probability, tmp_path):
    write_version(version, pathlib.Path(REAL, video), tmp_path / "version.mkv")
    found = probability(tmp_path / "version.mkv")
    assert found == pytest.approx(FURTHEST[video, version], abs=0.03)
    assert (found >= RECOGNISED) is ("dive" in video)
