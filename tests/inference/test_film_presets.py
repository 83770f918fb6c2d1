"""The models for film that ship: heads on I3D, which cut filmed dives and refuse other clips."""

import functools
import json
import os
import pathlib
import sys
import types
from fractions import Fraction

import cv2
import numpy as np
import pytest
from clip_versions import write_version
from conftest import write_video
from refusals import codes, refused

import scoringnet_tf
from scoringnet_tf.body.pose import has_pose_models
from scoringnet_tf.data.features import ORIGIN_NAME
from scoringnet_tf.data.video import Clip, read_video
from scoringnet_tf.inference.joint_files import FileFollower, origin_of
from scoringnet_tf.inference.predictor import predictor_of
from scoringnet_tf.support.i3d_files import CACHE, FETCH, PACKAGE, SHA256, is_installed
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.weights.backbones import behind_backbone

PRESETS = {"diving_film": "diving_phases", "vault_film": "vault"}
REAL = pathlib.Path(os.environ.get("SCORINGNET_REAL_DATA", "nowhere"))
needs_film = pytest.mark.skipif(
    not (REAL.is_dir() and is_installed()),
    reason="SCORINGNET_REAL_DATA is not set, or I3D not installed (make backbone)",
)
# First frames of flight and entry, by eye. In masked_dive the diver hops before the take-off.
DIVES = {
    "videos/springboard_dive.mp4": (166, 197),
    "videos/platform_dive_10m.gif": (6, 17),
    "film/platform_dive.mp4": (46, 90),
    "film/masked_dive.gif": (37, 80),
    "film/more/pair_dive.gif": (18, 61),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_for_film_is_small_and_names_its_backbone_by_hash(preset):
    model = scoringnet_tf.from_preset(preset)
    origin = model.features["origin"]
    assert (origin["backbone"], origin["weights"]["sha256"]) == ("i3d", SHA256)
    assert (model.sport.name, model.learned_parts) == (PRESETS[preset], {"kfs"})
    assert model_path(preset).stat().st_size < 4e6


def test_without_i3d_a_preset_for_film_says_how_to_fetch_it(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    monkeypatch.setitem(sys.modules, PACKAGE, None)  # as if it were not installed
    with refused("missing_package", FETCH):
        behind_backbone(scoringnet_tf.from_preset("diving_film"))


@functools.cache
def dive_in(clip):
    """The performance in a clip of one dive, which takes seconds to be found."""
    (one,) = scoringnet_tf.score_video(REAL / clip, "diving_film").performances
    return one


@pytest.mark.slow
@needs_film
@pytest.mark.skipif(not has_pose_models(), reason="BlazePose is not installed (make backbone)")
@pytest.mark.parametrize(
    ("clip", "dive", "seen"),
    [
        ("film/platform_dive.mp4", "109C", 0.9),
        ("film/masked_dive.gif", "109C", 0.9),
        ("film/more/pair_dive.gif", "201B", 0.9),
        ("videos/springboard_dive.mp4", "405C", 0.8),
    ],
)
def test_the_body_tells_the_dive(clip, dive, seen):
    """By eye: somersaults, position, and the way that the diver leaves."""
    one = dive_in(clip)
    assert one.elements["dive"].value == dive
    (track,) = one.body
    off, end = track.flight
    assert track.seen[off:end].mean() > seen
    assert 0 < one.measures["turning speed"].value < 1800
    assert "no_pose_model" not in codes(one.warnings)


@pytest.mark.slow
@needs_film
@pytest.mark.skipif(not has_pose_models(), reason="BlazePose is not installed (make backbone)")
def test_a_filmed_dive_and_its_joints_in_a_file_have_the_same_scores(tmp_path):
    """The file has 25 frames a second for 30, and whole film. By eye it is 109C, whose difficulty is 3.7."""
    clip, predictor = REAL / "film/platform_dive.mp4", predictor_of("diving_body")
    parts = [*predictor.results(predictor.read(clip), force=True)]
    (one,) = parts[0].performances
    again = types.SimpleNamespace(model=predictor.model, read=str, results=lambda _: parts)
    np.save(tmp_path / "dive.npy", FileFollower(again)(str(clip)))
    (tmp_path / ORIGIN_NAME).write_text(json.dumps(origin_of(25.0)))
    by_file = scoringnet_tf.score_video(tmp_path / "dive.npy", "diving_body", force=True)
    assert (one.difficulty, by_file.difficulty) == pytest.approx((3.7, one.difficulty), abs=0.2)
    assert by_file.execution == pytest.approx(one.execution, abs=2.5)
    assert codes(one.reasons) == ["simulated_training"]


@pytest.mark.slow
@needs_film
@pytest.mark.parametrize("clip", DIVES)
def test_the_take_off_and_the_entry_of_a_filmed_dive_are_found(clip):
    one = dive_in(clip)
    told = {name: moment.frame for name, moment in one.moments.items()}
    right = dict(zip(("take-off", "entry"), DIVES[clip], strict=True))
    assert told == pytest.approx(right, abs=8)
    assert one.recognised > 0.85 and not one.own_reasons
    assert one.body or {"not_seen", "no_pose_model"} & {*codes(one.warnings)}  # measures, or why there are none


@pytest.mark.slow
@needs_film
def test_slow_motion_is_named_and_its_speed_gives_the_times_of_life(tmp_path):
    video = read_video(REAL / "film/platform_dive.mp4")
    write_video(tmp_path / "slow.mkv", video.frames, Fraction(15), "libx264")
    slow, told = (scoringnet_tf.score_video(tmp_path / "slow.mkv", "diving_film", speed=speed) for speed in (1, 2))
    assert codes(slow.reasons)[0] == "impossible_flight" and "--speed=2" in slow.reasons[0]
    assert not slow.performances[0].moments
    found = [moment.frame for moment in told.performances[0].moments.values()]
    assert found == pytest.approx(DIVES["film/platform_dive.mp4"], abs=8)
    assert told.performances[0].measures["flight time"].value == pytest.approx(44 / 30, abs=0.3)


@pytest.mark.slow
@needs_film
def test_a_clip_that_ends_in_the_air_has_no_entry():
    clip = Clip(REAL / "videos/springboard_dive.mp4", (100, 193))
    (one,) = scoringnet_tf.score_video(clip, "diving_film").performances
    assert [*one.moments] == ["take-off"] and codes(one.warnings) == ["end_not_shown"]


@pytest.mark.slow
@needs_film
@pytest.mark.skipif(not has_pose_models(), reason="BlazePose is not installed (make backbone)")
def test_the_body_shows_an_entry_right_before_a_clip_ends():
    """In its last third of a second, in which stages alone are not believed."""
    (one,) = scoringnet_tf.score_video(
        Clip(REAL / "videos/springboard_dive.mp4", (126, 206)), "diving_film"
    ).performances
    told = [moment.frame for moment in one.moments.values()]
    assert told == pytest.approx(DIVES["videos/springboard_dive.mp4"], abs=4)


@pytest.mark.slow
@needs_film
def test_a_dive_in_a_longer_film_has_the_times_that_it_has_alone(tmp_path):
    """Between others that differ in brightness and motion; to two frames."""
    dive = [cv2.resize(frame, (320, 240)) for frame in read_video(REAL / "film/platform_dive.mp4").frames]
    others = [read_video(path).frames[:60] for path in (OTHERS[0], OTHERS[2])]
    before, after = ([cv2.resize(frame, (320, 240)) for frame in frames] for frames in others)
    for name, frames in {"alone": dive, "film": [*before, *dive, *after]}.items():
        write_video(tmp_path / f"{name}.mkv", frames, Fraction(30), "libx264", {"crf": "18"})
    alone, film = (scoringnet_tf.score_video(tmp_path / f"{name}.mkv", "diving_film") for name in ("alone", "film"))
    (one,), (other,) = alone.performances, film.performances
    shifted = [moment.frame - len(before) for moment in other.moments.values()]
    assert len(shifted) == 2 and shifted == pytest.approx([each.frame for each in one.moments.values()], abs=2)


OTHERS = sorted((*REAL.glob("film/other/*.*"), *REAL.glob("videos/*.avi")), key=lambda path: path.stat().st_size)


@pytest.mark.slow
@needs_film
def test_other_clips_are_no_dives_to_it(tmp_path):
    """Two of nine; tests/inference/test_clip_versions.py has what it makes of all. One is mirrored."""
    write_version("mirrored", REAL / "film/more/clean_and_jerk.mp4", tmp_path / "mirrored.mkv")
    for clip in (OTHERS[0], tmp_path / "mirrored.mkv"):
        assert "not_recognised" in codes(scoringnet_tf.score_video(clip, "diving_film").reasons), clip.name
