"""Versions of a clip, and whether the film at hand is recognised in each: the figures of diving_film's card."""

import os
import pathlib

import numpy as np
import pytest
from clip_versions import PICTURES, VERSIONS, write_version
from conftest import write_bars

import scoringnet_tf
from scoringnet_tf.data.video import read_video
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.recognition import RECOGNISED, recognition
from scoringnet_tf.support.i3d_files import is_installed
from scoringnet_tf.weights.backbones import load_backbone

REAL, SIZE = os.environ.get("SCORINGNET_REAL_DATA"), (128, 171)


def versions_of(video, folder, names):
    for name in names:
        write_version(name, video, folder / "version.mkv")
        yield name, read_video(folder / "version.mkv")


def test_every_version_shows_the_video_at_its_own_rate_and_size(tmp_path):
    write_bars(tmp_path / "v.avi", 60, fps=30)
    video = read_video(tmp_path / "v.avi")
    for name, seen in versions_of(tmp_path / "v.avi", tmp_path, VERSIONS):
        rate = {"10 frames/s": 10, "15 frames/s": 15}.get(name, 30)
        assert seen.fps == pytest.approx(rate, rel=1e-3) and len(seen.frames) == 2 * rate, name
        smaller = {"half size": 0.5, "80 % crop": 0.8}.get(name, 1)
        np.testing.assert_allclose(seen.frames.shape[1:3], smaller * np.array(video.frames.shape[1:3]), atol=2)
        assert not np.array_equal(seen.frames[-1], video.frames[-1]), name


def test_a_version_with_more_frames_a_second_than_the_video_is_the_video(tmp_path):
    write_bars(tmp_path / "v.avi", 16, fps=8)
    for _, seen in versions_of(tmp_path / "v.avi", tmp_path, ["10 frames/s", "15 frames/s"]):
        assert (seen.fps, len(seen.frames)) == (8, 16)


def test_pictures_are_changed_as_they_are_called():
    frame = np.random.default_rng(0).integers(0, 200, (40, 60, 3), dtype=np.uint8)
    np.testing.assert_array_equal(PICTURES["mirrored"](frame)[:, 0], frame[:, -1])
    np.testing.assert_array_equal(PICTURES["80 % crop"](frame), frame[4:36, 6:54])
    assert np.ptp(PICTURES["grey"](frame), axis=2).max() == 0
    for name, gain in (("brighter, × 1.3", 1.3), ("darker, × 0.7", 0.7)):
        np.testing.assert_allclose(PICTURES[name](frame), np.minimum(gain * frame, 255), atol=1)


# === The film at hand ===

FURTHEST = {  # versions that come nearest to the other side, and their probabilities
    ("videos/platform_dive_10m.gif", "grey"): 0.20,
    ("videos/platform_dive_10m.gif", "darker, × 0.7"): 0.63,
    ("film/platform_dive.mp4", "grey"): 0.63,
    ("film/masked_dive.gif", "10 frames/s"): 0.83,
    ("film/other/pool.mp4", "brighter, × 1.3"): 0.0005,  # 0.93 if "jumping into pool" were a dive
    ("film/other/pool.mp4", "10 frames/s"): 0.011,
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
    for path in (path for part in ("film", "film/other", "videos") for path in (folder / part).iterdir()):
        if path.is_file():
            found["dive" in path.name].append(probability(path))
    assert (len(found[True]), len(found[False])) == (4, 8)
    assert min(found[True]) == pytest.approx(0.955, abs=0.01)
    assert max(found[False]) == pytest.approx(0.045, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("video", "version"), FURTHEST)
def test_no_version_is_decided_otherwise(video, version, probability, tmp_path):
    write_version(version, pathlib.Path(REAL, video), tmp_path / "version.mkv")
    found = probability(tmp_path / "version.mkv")
    assert found == pytest.approx(FURTHEST[video, version], abs=0.03)
    assert (found >= RECOGNISED) is ("dive" in video)
