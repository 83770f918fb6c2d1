"""Moments and durations of a performance, and how surely they are known."""

import dataclasses
import math

import numpy as np
import pytest
from conftest import write_bars
from refusals import refused
from scripted_stages import labels_of, scripted
from training_runs import OF_BARS, telling

import scoringnet_tf
from scoringnet_tf.body.track import Track
from scoringnet_tf.data.corrections import Correction
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.calibration import seconds_in
from scoringnet_tf.inference.fall import flight_limits
from scoringnet_tf.inference.finding import moment_frames
from scoringnet_tf.inference.flights import by_body
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.result import as_corrected
from scoringnet_tf.inference.seen import Seen, Span
from scoringnet_tf.inference.times import Element, Measure, Moment
from scoringnet_tf.models.settings import merged
from scoringnet_tf.models.training_statistics import Intervals, TrainingStatistics, checksum
from scoringnet_tf.sports import StageEdge, get_sport

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


def test_a_result_tells_times_as_surely_as_the_model_knows_them(phases, tmp_path):
    """Beside the error that it measured, by a frame: what a frame shows first may be as old as the frame before."""
    times = Intervals(0.9, {"take-off": 0.08, "flight time": 0.1}, {})
    known = TrainingStatistics(9, "", checksum(phases.model), {}, ("entry",), times=times).get_config()
    model = phases.model.with_dtype("float32", reference=known)
    dive = (*DIVE[:3], (3, 45), *DIVE[4:])
    write_bars(tmp_path / "v.avi", 78)
    score = scripted(Predictor(model), labels_of(*dive))(tmp_path / "v.avi")
    (one,) = score.performances
    assert one.moments == {"take-off": Moment(20, 0.8, 0.12), "entry": Moment(65, 2.6)}
    assert one.measures == {"approach time": Measure(0.4, "s"), "flight time": Measure(1.8, "s", 0.14)}
    (unknown,) = scripted(phases, labels_of(*dive))(tmp_path / "v.avi").performances
    assert unknown.moments["take-off"] == Moment(20, 0.8)


# === Falls ===


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
    ((*DIVE[:3], (3, 48), (4, 8), (0, 20)), ["take-off", "entry"], ["slow_motion"]),  # 1.92 s
    ((*DIVE[:3], (3, 70), (4, 8), (0, 20)), [], ["impossible_flight"]),
    ((*DIVE[:3], (3, 6), (4, 8), (0, 20)), [], ["impossible_flight"]),
    (((1, 10), (0, 40)), [], ["missing_stage"]),
]


@pytest.fixture(scope="module")
def phases():
    options = {"provenance": {"frame_rate": 25.0}, "segmenter": {"network": "c3d", "decoding": "ordered"}}
    model = telling(scoringnet_tf.ScoringNet("diving_phases", **merged(OF_BARS, options)), 3000.0)
    model.learned_parts = {"kfs"}
    return Predictor(model)


@pytest.mark.parametrize(("runs", "told", "codes"), FALLS)
def test_each_moment_of_a_fall_is_told_or_withheld_by_itself(phases, tmp_path, runs, told, codes):
    labels = labels_of(*runs)
    write_bars(tmp_path / "v.avi", len(labels))
    (one,) = scripted(phases, labels)(tmp_path / "v.avi").performances
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


@pytest.mark.parametrize(
    ("ends", "frames"),
    [((2, 7), "1133333444"), ((6, 9), "1122223334"), ((None, None), "1122333344"), ((4, None), "1122333344")],
)
def test_a_stage_has_the_ends_that_the_body_tells(ends, frames):
    """Of ten frames at half the rate."""
    seen = Seen(None, np.arange(5) * 2.0, np.arange(10) // 2, 12.5)
    span = Span(0, 5, 0, 5, labels=np.array([1, 2, 3, 3, 4]), fall=(3, *ends))
    assert "".join(map(str, span.frames(seen)[1])) == frames


def test_the_flight_is_that_of_the_first_athlete_with_both_ends_and_begins_in_its_performance():
    seen = Seen(Video(np.zeros(10), 25.0, np.arange(10) / 25, (0, 0), 1.0), np.arange(10), np.arange(10), 25.0)
    span, other = Span(2, 10, 2, 10, labels=np.array([3, 3, 3, 3, 3, 4, 4, 4])), Track(1, *np.zeros((4, 6)))
    tracks = [dataclasses.replace(other, flight=flight) for flight in ((0, None), (0, 5))]
    assert by_body(PHASES, seen, span, tracks).fall == (PHASES.stage_index("flight"), 2, 6)
    assert by_body(PHASES, seen, span, tracks[:1]).fall == (PHASES.stage_index("flight"), 2, None)


# === Corrections ===


def correction(texts=(), number=1, **frames):
    names = ("approach", "jump", "flight", "entry", "end")
    model = dict.fromkeys(names, 1)
    return Correction(
        "v.avi", "", number, {name: frames.get(name) for name in names}, model, dict(texts), "2026", "row 2"
    )


def test_what_people_corrected_goes_before_all_that_the_model_finds(phases, tmp_path):
    """A dive that it withholds, too; to the frame, at another rate than the model's, without an uncertainty."""
    labels = labels_of((0, 10), (1, 10), (0, 40))
    write_bars(tmp_path / "v.avi", 72, fps=30)
    predictor = scripted(phases, labels)
    (part,) = predictor.results(predictor.read(tmp_path / "v.avi"))
    assert not part.performances[0].moments
    texts = {"athlete": ("", "Ann"), "dive": ("107B", "5253B"), "note": ("", "late")}
    given = correction(texts, approach=4, jump=9, flight=13, entry=44, end=55)
    (part,) = predictor.results(predictor.read(tmp_path / "v.avi"), corrections=[given])
    (one,) = part.performances
    assert {name: moment.frame for name, moment in one.moments.items()} == {"take-off": 13, "entry": 44}
    assert one.moments["take-off"] == Moment(13, round(13 / 30, 3))
    assert one.measures["flight time"] == Measure(pytest.approx(31 / 30, abs=1e-3), "s")
    assert (one.start_frame, one.end_frame) == (4, 55) and one.elements["dive"].value == "5253B"
    assert one.corrections["start of flight"] == {"model": 1, "corrected": 13}
    assert one.corrections["athlete"] == {"model": "", "corrected": "Ann"}
    assert "corrected" in [warning.code for warning in one.warnings]
    runs = [(run["name"], run["start_frame"]) for run in predictor.gather("v.avi", [part.summary]).stages]
    assert runs == [("noise", 0), ("approach", 4), ("jump", 9), ("flight", 13), ("entry", 44), ("noise", 55)]
    unknown = correction({"dive": ("107B", "")}, approach=4, jump=9, entry=44, end=55)
    (part,) = predictor.results(predictor.read(tmp_path / "v.avi"), corrections=[unknown])
    assert [*part.performances[0].moments] == ["entry"]
    named = dataclasses.replace(part.performances[0], elements={"dive": Element("107B", 0.6)})
    assert as_corrected(named, unknown).elements == {}  # people took it away


def test_a_correction_of_a_performance_that_is_not_there_is_refused(phases, tmp_path):
    write_bars(tmp_path / "v.avi", 60)
    predictor = scripted(phases, labels_of((0, 60)))
    with refused("out_of_range", "performance 2"):
        list(predictor.results(predictor.read(tmp_path / "v.avi"), corrections=[correction(number=2)]))
