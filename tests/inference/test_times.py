"""Moments and durations of a performance, and how surely they are known."""

import dataclasses
import math

import numpy as np
import pytest
from conftest import write_bars
from refusals import refused
from scripted_stages import labels_of, scripted
from training_runs import telling

import scoringnet_tf
from data_prep.simulator.diving.motion import flight_of
from data_prep.simulator.files import FPS
from data_prep.simulator.filming import Filming
from data_prep.simulator.plan import get_simulator, plan_performances
from data_prep.simulator.scene.figure import GRAVITY
from data_prep.simulator.settings import Settings
from scoringnet_tf.inference.calibration import seconds_in
from scoringnet_tf.inference.fall import (
    MEASURES,
    check_named,
    fall_measures,
    fall_of,
    flight_limits,
    height_of,
    read_heights,
)
from scoringnet_tf.inference.finding import moment_frames
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.times import Measure, Moment
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.training_statistics import Intervals, TrainingStatistics, checksum
from scoringnet_tf.sports import StageEdge, get_sport

SMALL = {
    "image_size": (32, 32),
    "width_multiplier": 1 / 16,
    "score_predictor": {"clip_lengths": (8, 8)},
    "content": {"frame_size": (36, 48)},
}
PHASES = get_sport("diving_phases")
DIVE = ((0, 4), (1, 10), (2, 6), (3, 20), (4, 8), (0, 5))
APPROACH, TAKE_OFF, FLIGHT, ENTRY = 0.4, 0.8, 0.8, 1.6  # seconds of DIVE at 25 frames a second


EDGES = [
    (DIVE, {"take-off": TAKE_OFF, "entry": ENTRY, "approach time": APPROACH, "flight time": FLIGHT}),
    (DIVE[1:], {"take-off": 0.64, "entry": 1.44, "flight time": FLIGHT}),  # the video begins in the approach
    (DIVE[3:], {"entry": 0.8}),
    (DIVE[:4], {"take-off": TAKE_OFF, "approach time": APPROACH}),
    (((0, 4), (3, 20), (0, 5)), {"take-off": 0.16, "flight time": FLIGHT}),  # no entry was found
    (((0, 4), (3, 20), (0, 5), (4, 8), (0, 5)), {"take-off": 0.16, "entry": 1.16, "flight time": 1.0}),  # until then
    (((0, 4), (3, 9), (0, 2), (3, 9), (4, 8)), {"entry": 0.96}),  # which of both was the take-off?
    (((0, 4), (-1, 30), (4, 8)), {}),
    (((0, 9),), {}),
]


@pytest.mark.parametrize(("runs", "expected"), EDGES)
def test_the_edges_of_a_stage_are_moments_unless_the_video_cuts_it(runs, expected):
    assert seconds_in(labels_of(*runs), PHASES, 25.0) == pytest.approx(expected)


def test_an_export_gives_the_frames_of_the_same_moments():
    """Of videos of unequal length, padded; a moment may be the end of a stage."""
    sport = dataclasses.replace(PHASES, moments=(*PHASES.moments, StageEdge("hands under water", "entry", True)))
    videos = [labels_of(*runs) for runs, _ in EDGES if (labels_of(*runs) >= 0).all()]
    labels = np.stack([np.pad(video, (0, 60 - len(video)), constant_values=4) for video in videos])
    frames = moment_frames(sport, labels, np.arange(60) < np.array([*map(len, videos)])[:, np.newaxis])
    told = [seconds_in(video, sport, 1.0) for video in videos]
    names = [name for name, *_ in sport.moments]
    np.testing.assert_array_equal(frames, [[seconds.get(name, -1) for name in names] for seconds in told])


# === Of a video ===


def test_a_result_tells_times_as_surely_as_the_model_knows_them(tmp_path):
    """Beside the error that it measured, by a frame: what a frame shows first may be as old as the frame before."""
    options = {"provenance": {"frame_rate": 25.0}, "segmenter": {"network": "c3d", "decoding": "ordered"}}
    plain = telling(scoringnet_tf.ScoringNet("diving_phases", **merged(SMALL, options)), 3000.0)
    plain.learned_parts = {"kfs"}
    times = Intervals(0.9, {"take-off": 0.08, "flight time": 0.1}, {})
    known = TrainingStatistics(9, "", checksum(plain), {}, ("entry",), times=times).get_config()
    model = plain.with_dtype("float32", reference=known)
    dive = (*DIVE[:3], (3, 45), *DIVE[4:])
    write_bars(tmp_path / "v.avi", 78)
    score = scripted(Predictor(model), labels_of(*dive))(tmp_path / "v.avi", height=10.0)
    (one,) = score.performances
    assert one.moments == {"take-off": Moment(20, 0.8, 0.12), "entry": Moment(65, 2.6)}
    flight = Measure(1.8, "s", 0.14)
    fallen = fall_of(flight, 10.0)
    fallen.pop("jump height")  # 0.52 ± 0.44 m
    assert one.measures == {"approach time": Measure(0.4, "s"), "flight time": flight} | fallen
    assert [warning.code for warning in one.warnings] == ["not_measurable"]
    (low,) = scripted(Predictor(model), labels_of(*dive))(tmp_path / "v.avi", height=1.0).performances
    assert [warning.code for warning in low.warnings] == ["implausible_fall"] and len(low.measures) == 2
    (unknown,) = scripted(Predictor(plain), labels_of(*dive))(tmp_path / "v.avi").performances
    assert unknown.moments["take-off"] == Moment(20, 0.8)


# === Falls ===


@pytest.mark.parametrize(("up", "height"), [(3.0, 10.0), (4.5, 3.0)])
def test_a_fall_is_that_of_gravity(up, height):
    """A centre of the body that falls 0.15 m further than the board is high; uncertainties are those of slopes."""
    seconds = (up + math.sqrt(up**2 + 2 * 9.81 * (height + 0.15))) / 9.81
    fall = fall_of(Measure(seconds, "s", 0.0), height)
    assert [each.value for each in fall.values()] == pytest.approx([up, up**2 / 19.62, 9.81 * seconds - up], abs=1e-3)
    assert fall["take-off speed"].uncertainty == pytest.approx(0.2 / seconds, abs=1e-3)
    longer, surely = fall_of(Measure(seconds + 0.01, "s"), height), fall_of(Measure(seconds, "s", 10.0), height)
    assert longer["entry speed"].uncertainty is None
    for name in ("take-off speed", "entry speed"):
        slope = (longer[name].value - fall[name].value) / 0.01
        assert surely[name].uncertainty == pytest.approx(10 * slope, rel=0.05)
    jump = fall_of(Measure(seconds, "s", 0.1), height)["jump height"]
    higher = fall["take-off speed"].value + fall_of(Measure(seconds, "s", 0.1), height)["take-off speed"].uncertainty
    assert jump.value + jump.uncertainty == pytest.approx(higher**2 / 19.62, abs=2e-3)


@pytest.mark.parametrize(
    ("seconds", "unsure", "height", "codes"),
    [
        (1.8, 0.1, 10, ["not_measurable"]),
        (1.8, 0.01, 10, []),
        (1.2, 0.1, 10, ["implausible_fall"]),
        (1.43, 0.28, 10, ["not_measurable"]),  # without its uncertainty it would be too short
        (2.4, 0.1, 10, ["slow_motion", "implausible_fall"]),
        (1.8, 0.1, 1, ["implausible_fall"]),
        (1.9, 0.3, None, ["slow_motion"]),
        (0.0, 0.1, 10, ["implausible_fall"]),
    ],
)
def test_a_flight_that_is_none_from_such_a_board_is_told(seconds, unsure, height, codes):
    measures, remarks = fall_measures(Measure(seconds, "s", unsure), PHASES, height)
    assert [each.code for each in remarks] == codes
    assert ("entry speed" in measures) == (height is not None and "implausible_fall" not in codes)


def test_the_longest_flight_is_a_high_jump_from_the_highest_board():
    """Integrated in small steps; hands first."""
    speed, height, seconds = math.sqrt(2 * 9.81 * 1.2), 10.35, 0.0
    while height > 0:
        speed, height, seconds = speed - 9.81e-4, height + speed * 1e-4, seconds + 1e-4
    shortest, longest = flight_limits(*PHASES.heights)
    assert longest == pytest.approx(seconds, abs=1e-3) and longest < 2.2
    assert shortest == pytest.approx(math.sqrt(2 * 0.95 / 9.81))


FALLS = [  # (stages, moments that are told, codes of what is not)
    ((*DIVE, (0, 20)), ["take-off", "entry"], []),
    (DIVE[:5], ["take-off"], ["end_not_shown"]),  # it ends 0.32 s behind the entry
    ((*DIVE[:4], (0, 5), *DIVE[4:], (0, 20)), ["take-off", "entry"], []),
    ((*DIVE[:4], (0, 6), *DIVE[4:], (0, 20)), ["take-off"], ["end_unsure"]),
    (DIVE[:4], ["take-off"], ["end_not_shown"]),
    ((*DIVE[:3], (0, 6), (3, 20)), [], ["beginning_unsure", "end_not_shown"]),
    ((*DIVE[:3], (0, 6), *DIVE[3:], (0, 20)), ["take-off", "entry"], []),
    ((*DIVE[:2], (2, 1), *DIVE[3:], (0, 20)), ["entry"], ["beginning_unsure"]),  # a jump that was passed through
    ((*DIVE[3:], (0, 20)), ["entry"], ["beginning_unsure"]),
    (((2, 7), *DIVE[3:], (0, 20)), ["entry"], ["beginning_unsure"]),  # after 0.28 s
    (((2, 8), *DIVE[3:], (0, 20)), ["take-off", "entry"], []),
    ((*DIVE[:3], (3, 70), (4, 8), (0, 20)), [], ["impossible_flight"]),
    ((*DIVE[:3], (3, 6), (4, 8), (0, 20)), [], ["impossible_flight"]),
    (((1, 10), (0, 40)), [], ["missing_stage"]),
]


@pytest.fixture(scope="module")
def phases():
    options = {"provenance": {"frame_rate": 25.0}, "segmenter": {"network": "c3d", "decoding": "ordered"}}
    model = telling(scoringnet_tf.ScoringNet("diving_phases", **merged(SMALL, options)), 3000.0)
    model.learned_parts = {"kfs"}
    return model


@pytest.mark.parametrize(("runs", "told", "codes"), FALLS)
def test_each_moment_of_a_fall_is_told_or_withheld_by_itself(phases, tmp_path, runs, told, codes):
    labels = labels_of(*runs)
    write_bars(tmp_path / "v.avi", len(labels))
    (one,) = scripted(Predictor(phases), labels)(tmp_path / "v.avi").performances
    assert [*one.moments] == told
    assert ("flight time" in one.measures) == (len(told) == 2)
    said = one.warnings if told else one.own_reasons
    assert [remark.code for remark in said] == codes
    if told or codes[-1] == "end_not_shown":
        mask = np.ones((1, len(labels)), bool)
        frames = np.asarray(moment_frames(PHASES, labels[np.newaxis], mask, 25.0))[0]
        assert [name for (name, *_), frame in zip(PHASES.moments, frames, strict=True) if frame >= 0] == told
    if codes == ["impossible_flight"] and len(labels) > 60:
        assert "--speed=2" in one.own_reasons[0]


def test_simulated_dives_fall_as_they_do():
    """Their motion is known; of ten, nine are to be within the stated uncertainty."""
    settings = Settings("diving_phases", "scoring", 10, 1, None, False, 0.1, 256, 342, film=True)
    simulator, held = get_simulator("diving_phases"), []
    for plan in plan_performances(simulator, settings):
        scene = Filming(simulator, plan, settings).scene
        begin, leaving = plan.boundaries[0], plan.boundaries[1] + plan.video_id % 10 / 10  # between two frames
        times = (begin, leaving, leaving + FPS)
        flight = flight_of(plan.element, plan.trait, scene.body, times, scene.board)
        frames = math.ceil(leaving + FPS * flight.seconds) - math.ceil(leaving)
        fall = fall_of(Measure(frames / FPS, "s", 1 / FPS), scene.board.height)
        truth = flight.rise, flight.rise**2 / (2 * GRAVITY), GRAVITY * flight.seconds - flight.rise
        held.append(
            [abs(fall[name].value - true) <= fall[name].uncertainty for name, true in zip(MEASURES, truth, strict=True)]
        )
    assert len(held) == 10 and np.sum(held, axis=0).min() >= 9


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ten", "wrong_value"),
        ("1_0", "wrong_value"),
        ("0", "out_of_range"),
        ("nan", "out_of_range"),
        ("41", "out_of_range"),
        ("none.csv", "not_found"),
        ("video,metres\na.mp4,3", "missing_column"),
        ("video,height\na.mp4", "count_mismatch"),
        ("video,height\na.mp4,", "wrong_value"),
        ("video,height\na.mp4,3\na.mp4,10", "duplicate"),
    ],
)
def test_heights_that_are_none_are_refused(text, code, tmp_path):
    if "\n" in text:
        (tmp_path / "heights.csv").write_text(text)
        text = str(tmp_path / "heights.csv")
    with refused(code):
        read_heights(text, PHASES)


def test_heights_are_of_all_videos_or_of_each(tmp_path):
    (tmp_path / "heights.csv").write_text("height,video\n3,a.mp4\n10,b.mp4\n")
    heights = read_heights(str(tmp_path / "heights.csv"), PHASES)
    assert [height_of(heights, f"x/{name}.mp4") for name in "abc"] == [3.0, 10.0, None]
    assert height_of(read_heights("7.5", PHASES), "x/a.mp4") == 7.5
    check_named(heights, ["x/a.mp4", "b.mp4"])
    with refused("unknown_name", "b.mp4"):
        check_named(heights, ["x/a.mp4"])
    with refused("duplicate", "a.mp4"):
        check_named(heights, ["x/a.mp4", "y/a.mp4", "b.mp4"])
    with refused("no_fall"):
        read_heights("3", get_sport("diving"))
