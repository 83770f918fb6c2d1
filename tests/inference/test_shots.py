"""Film is seen shot by shot: where it is cut, and that each part of a long video gives each shot once."""

import dataclasses
from fractions import Fraction

import cv2
import numpy as np
import pytest
from conftest import write_video
from refusals import refused
from scripted_stages import scripted
from training_runs import OF_BARS, telling

import scoringnet_tf
from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.data.video import Video, read_video
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.predictor import scored
from scoringnet_tf.inference.result import VideoScore
from scoringnet_tf.inference.shots import cuts, repeats, shots
from scoringnet_tf.models.settings import merged

RNG = np.random.default_rng(0)
SCENES = [cv2.resize(RNG.integers(0, 256, (6, 8, 3), np.uint8), (400, 128)) for _ in range(3)]


def scene(number, length, step=2):
    """A camera that pans over one of `SCENES`."""
    return [SCENES[number][:, step * at : step * at + 171] for at in range(length)]


def encoded(frames):
    return [encode_jpeg(np.ascontiguousarray(frame), 92) for frame in frames]


FLASH = [*scene(0, 40)[:20], np.full((128, 171, 3), 255, np.uint8), *scene(0, 40)[20:]]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (scene(0, 40) + scene(1, 40) + scene(2, 40), [40, 80]),
        (np.repeat(scene(0, 20, 6) + scene(1, 20, 6), 2, axis=0), [40]),  # half speed
        (scene(0, 50, 4), []),
        (FLASH, []),
        (scene(0, 40, 0), []),
        (scene(0, 1), []),
    ],
)
def test_a_cut_is_where_the_picture_changes_and_stays(frames, expected):
    assert cuts(encoded(frames)) == expected


def test_pictures_that_are_shown_again():
    """Noise as that of codecs is no new picture; a small step by step is one in the end."""
    shown = np.repeat(scene(0, 6, 4), 3, axis=0)
    noisy = np.clip(shown.astype(int) + RNG.integers(-2, 3, shown.shape), 0, 255).astype(np.uint8)
    assert repeats(encoded(noisy)).tolist() == [False, True, True] * 6
    slow = [np.full((128, 171, 3), 40 + 6 * at, np.uint8) for at in range(7)]
    assert repeats(encoded(slow)).tolist() == [False, True, True] * 2 + [False]
    assert repeats([]).tolist() == []


def test_each_shot_in_the_parts_of_a_long_video_is_given_once():
    """A part ends in a shot that the next one shows whole, or goes on with."""
    frames = encoded(scene(0, 60) + scene(1, 50) + scene(2, 90, 1))
    whole = Video(frames, 25.0, np.arange(200) / 25, (128, 171), 4 / 3)

    def part(start, stop, shared):
        return dataclasses.replace(whole.cut(start, stop), shared=shared)

    parts = [part(0, 120, 40), part(80, 170, 40), part(130, 200, 0)]
    found = [(shot.first_frame, len(shot.frames), shot.shared) for shot in shots(parts)]
    assert found == [(0, 60, 0), (60, 50, 0), (110, 60, 40), (130, 70, 0)]
    (alone,) = shots([whole.cut(0, 60)])
    assert not alone.is_part and all(shot.is_part for shot in shots(parts))
    first, second, _ = shots([whole])
    assert (first.since, second.since, second.first_time) == (0.0, 0.0, 2.4)  # as if each was alone


PHASES = merged(OF_BARS, {"segmenter": {"decoding": "ordered"}, "provenance": {"frame_rate": 25.0}})


@pytest.fixture(scope="module")
def phases():
    model = telling(scoringnet_tf.ScoringNet("diving_phases", **PHASES), 3000.0)
    model.learned_parts = {"kfs"}
    return Predictor(model)


DIVE = np.repeat([1, 2, 3, 4, 0], [10, 8, 25, 10, 20])


def test_film_at_half_speed_has_the_times_of_life(phases, tmp_path):
    """Its frames are seen at the rate of training, and so the stages are those of the dive."""
    frames = scene(0, 150, 1)
    for name, fps in (("life", 25), ("half", Fraction(25, 2))):
        write_video(tmp_path / f"{name}.mkv", frames, fps)
    labels = np.concatenate([DIVE, np.zeros(77, int)])
    life = scripted(phases, labels)(tmp_path / "life.mkv")
    half = scripted(phases, labels)(tmp_path / "half.mkv", speed=2)
    assert [*life.performances[0].moments] == ["take-off", "entry"] and half.performances == life.performances
    assert (half.fps, half.speed, half.stages) == (life.fps, 2, life.stages)
    assert [warning.code for warning in half.warnings if warning not in life.warnings] == ["speed"]
    ((_, again),) = scored([(str(tmp_path / "half.mkv"), None)], scripted(phases, labels), speed=2)
    assert again == half and VideoScore.from_dict(again.to_dict(), again.sport).speed == 2
    again.save(tmp_path / "drawn.mp4")  # shown as it was filmed, with the stages of life
    assert read_video(tmp_path / "drawn.mp4").fps == pytest.approx(12.5)
    with refused("out_of_range"):
        phases(tmp_path / "half.mkv", speed=0)


FRAGMENTS = np.concatenate([np.repeat([1, 2, 3, 4], [10, 8, 8, 3]), np.repeat([1, 2, 3, 4, 0], [5, 5, 25, 10, 20])])


def test_fragments_of_one_dive_are_one_performance(phases, tmp_path):
    write_video(tmp_path / "v.mkv", scene(0, len(FRAGMENTS), 1))
    score = scripted(phases, FRAGMENTS)(tmp_path / "v.mkv")
    assert len(score.performances) == 1 and "partial_performance" not in {each.code for each in score.warnings}
    twice = np.concatenate([DIVE, np.zeros(80, int), DIVE])
    write_video(tmp_path / "w.mkv", scene(0, len(twice), 1))
    assert len(scripted(phases, twice)(tmp_path / "w.mkv").performances) == 2


def test_a_hop_is_no_take_off_and_gaps_of_slow_motion_stay(phases):
    """A gap within the flight, in which the jump is more probable, though the path passes over it."""
    from scoringnet_tf.inference.finding import _without_hop

    def found(*runs):
        labels = np.repeat([stage for stage, _ in runs], [count for _, count in runs])
        shown = np.where(np.eye(5, dtype=bool)[labels], 0.97, 0.0075).astype("float32")
        decided = np.repeat([1, 2, 3, 4, 0], [10, 8, len(labels) - 48, 10, 20])
        return np.flatnonzero(_without_hop(phases.model, shown, decided, 25.0) == 3)

    hop = found((1, 10), (2, 8), (3, 12), (2, 8), (3, 30), (4, 10), (0, 20))
    assert (hop[0], hop[-1]) == (38, 67)
    slow = found((1, 10), (2, 8), (3, 20), (2, 8), (3, 30), (4, 10), (0, 20))
    assert (slow[0], slow[-1]) == (18, 75)
