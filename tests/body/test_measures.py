"""A flight's measures against turns, poses and places that are known; and how far their uncertainties hold."""

import dataclasses
import json

import numpy as np
import pytest
from turned import FLIES, PIKE, RATE, REACH, STANDS, STRAIGHT, TUCK, turned, without

from benchmarks.disturbed_bodies import errors_of, fitted, simulated, sizes_of
from scoringnet_tf.body.skeleton import JOINT
from scoringnet_tf.inference.athlete import CURVE, shown_by, shown_by_all, widths
from scoringnet_tf.inference.flights import whole_flights
from scoringnet_tf.inference.measures import READERS, flight_of, position
from scoringnet_tf.sports import get_sport

DIVING = get_sport("diving_phases")
IN_TUCK = np.arange(STANDS + 10, STANDS + 24)  # frames


def likeliest(odds):
    return max(odds, key=odds.get)


def told(**motion):
    return shown_by(turned(**motion), DIVING, (0, 46))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(
    ("number", "motion"),
    [
        ("107B", {"half_turns": 7, "held": PIKE}),
        ("109C", {"half_turns": 9, "held": TUCK}),
        ("205B", {"half_turns": 5, "held": PIKE, "facing": -1}),
        ("305C", {"half_turns": 5, "held": TUCK, "sense": -1}),
        ("403B", {"half_turns": 3, "held": PIKE, "sense": -1, "facing": -1}),
        ("102C", {"half_turns": 2, "held": TUCK}),  # feet first
        ("624C", {"half_turns": 4, "held": TUCK, "start": 180, "facing": -1}),
        ("5132D", {"half_turns": 3, "half_twists": 2}),
        ("5231D", {"half_turns": 3, "half_twists": 1, "facing": -1}),
    ],
)
def test_the_number_of_a_dive(number, motion, mirrored):
    """Wherever the camera stands; straight and free are told apart by the twists."""
    if mirrored:
        sense, facing = -motion.get("sense", 1), -motion.get("facing", 1)
        motion = motion | {"sense": sense, "facing": facing, "travel": -0.8}
    turns, start = flight_of(turned(**motion)).turns, number[0] == "6"
    assert likeliest(turns.half_somersaults) == motion["half_turns"]
    assert likeliest(turns.half_twists) == motion.get("half_twists", 0)
    elements = told(**motion).elements
    assert elements["dive"].value[:-1] == number[:-1] and elements["dive"].probability > 0.4
    assert likeliest(turns.starts).startswith("armstand") == start
    assert elements["dive"].value == number or not number.endswith(("B", "C"))


def test_a_tuck_that_is_lost_is_counted_by_what_was_seen_beside_it():
    """A third of the flight; its angular momentum stays the same. Without it, 2½ and 3½ turns look alike."""
    for half_turns in (5, 7, 9):
        lost = flight_of(without(turned(half_turns=half_turns, held=TUCK), IN_TUCK))
        assert likeliest(lost.turns.half_somersaults) == half_turns


def test_half_turns_fit_how_the_body_comes_and_goes():
    """From feet to hands there is an odd number of them, whatever lies between; from hands an even one."""
    for half_turns, start in ((3, 0), (4, 0), (3, 180), (4, 180)):
        odds = flight_of(turned(half_turns=half_turns, held=PIKE, start=start)).turns.half_somersaults
        assert sum(odds[number] for number in odds if number % 2 == half_turns % 2) > 0.9


@pytest.mark.parametrize(("held", "name"), [(TUCK, "tuck"), (PIKE, "pike"), (STRAIGHT, "straight")])
def test_positions(held, name):
    assert position(flight_of(turned(3, held=held)))[name] > 0.9


@pytest.mark.parametrize("sense", [1, -1])
@pytest.mark.parametrize("past", [0, 14, -12])
def test_an_entry_past_the_vertical_is_positive(past, sense):
    measure = told(half_turns=3, held=PIKE, past=past, sense=sense).measures["entry angle"]
    assert measure.value == pytest.approx(past, abs=3) and (measure.unit, measure.frame) == ("°", STANDS + FLIES - 1)


def test_the_body_at_the_entry():
    straight = told(half_turns=3, held=PIKE).measures
    assert [straight[name].value for name in ("bend at entry", "legs apart", "arms at entry")] == pytest.approx(
        [0] * 3, abs=2
    )
    loose = told(half_turns=3, held=PIKE, knee=40, scissor=30, shoulder=-25).measures
    assert loose["bend at entry"].value == pytest.approx(40, abs=2)
    assert loose["legs apart"].value == pytest.approx(30, abs=4)
    assert loose["arms at entry"].value == pytest.approx(25, abs=4)


def test_arms_along_the_body_are_not_taken_for_arms_beside_the_head():
    """Angles to both sides of 180 degrees have their middle there."""
    track, wrists = turned(half_turns=2, held=TUCK, shoulder=-180), [JOINT[f"wrist_{side}"] for side in "lr"]
    positions, four = track.positions.copy(), dataclasses.replace(track, times=track.times * RATE / 36)
    for frame in range(STANDS, STANDS + FLIES):
        positions[frame, wrists, 0] += 0.01 if frame // 2 % 2 else -0.01
    along = READERS["arms at entry"][1](flight_of(dataclasses.replace(four, positions=positions)))
    assert along.frames == 4 and 165 <= along.value <= 180


def test_frames_that_were_not_looked_at_make_nothing_surer():
    """At 120 frames a second, joints in three of four frames are those of their neighbours."""
    rng = np.random.default_rng(0)
    slow = turned(half_turns=3, held=PIKE)
    noise = rng.normal(0, 0.003, slow.positions.shape)
    slow = dataclasses.replace(slow, times=slow.times * RATE / 30, positions=slow.positions + noise)
    at = np.arange(4 * len(slow.times) - 3) / 4

    def between(values):
        columns = [np.interp(at, np.arange(len(values)), each) for each in values.reshape(len(values), -1).T]
        return np.stack(columns, axis=-1).reshape(len(at), *values.shape[1:])

    parts = {name: between(getattr(slow, name)) for name in ("times", "positions", "confidence", "camera")}
    quick = dataclasses.replace(slow, **parts, flight=(4 * STANDS, 4 * (STANDS + FLIES)))
    expected, measures = (shown_by(track, DIVING, (0, 1)).measures for track in (slow, quick))
    assert {*measures} == {*expected} >= {"turning speed", "entry angle", "arms at entry"}
    for name, measure in measures.items():
        assert measure.uncertainty > 0.75 * expected[name].uncertainty, name


def test_the_opening_is_half_way_from_the_position_to_the_line():
    """The pose goes from seven to eight tenths of the flight; a straight body has no opening, and none is missed."""
    shown = told(half_turns=5, held=TUCK)
    assert shown.measures["opening"].value == pytest.approx(0.25 * FLIES / RATE, abs=1.5 / RATE)
    straight = told(half_turns=1)
    assert "opening" not in straight.measures and straight.not_seen == []


def test_the_turning_speed_is_the_largest_over_a_fifth_of_a_second():
    shown = told(half_turns=7, held=TUCK, past=0)
    track = turned(half_turns=7, held=TUCK)
    path = flight_of(track).turns.path
    fastest = max(path[index + 5] - path[index] for index in range(STANDS, STANDS + FLIES - 5)) * RATE / 5
    assert shown.measures["turning speed"].value == pytest.approx(fastest, rel=0.02)
    rigid = told(half_turns=3, held=REACH).measures["turning speed"]
    assert rigid.value == pytest.approx(540 / (FLIES / RATE), rel=0.15) and rigid.unit == "°/s"


def test_the_distance_is_from_the_boards_end_to_the_head_that_passes_it():
    near, far = (told(half_turns=3, held=PIKE, travel=travel).measures["distance from board"] for travel in (0.8, 2.0))
    track = turned(half_turns=3, held=PIKE)
    head, toes = track.positions[STANDS:, 0] * 4, track.positions[:STANDS, (8, 16)].mean(axis=(0, 1)) * 4
    passes = np.interp(toes[1], head[15:, 1], np.abs(head[15:, 0] - toes[0]))
    assert near.value == pytest.approx(passes, abs=0.1) and near.unit == "body lengths"
    assert far.value > near.value + 0.3


def test_the_curve_goes_up_the_way_the_body_turns_and_has_no_lost_frames():
    for sense in (1, -1):
        track = without(turned(half_turns=5, held=TUCK, sense=sense), IN_TUCK)
        curve = shown_by(track, DIVING, (2, 50)).curves[CURVE]
        assert len(curve) == 48 and [curve[index - 2] for index in IN_TUCK] == [None] * len(IN_TUCK)
        assert curve[44:] == [None] * 4 and curve[43] == pytest.approx(900, abs=10) and abs(curve[0]) < 5


def test_what_is_lost_is_not_seen():
    everything = list(DIVING.measures)
    assert shown_by(without(turned(3, held=PIKE), np.arange(46)), DIVING, (0, 46)).not_seen == everything
    at_entry = without(turned(3, held=PIKE), np.arange(36, 46))
    missing = {"entry angle", "bend at entry", "legs apart", "arms at entry"}
    assert set(shown_by(at_entry, DIVING, (0, 46)).not_seen) == missing
    on_board = without(turned(3, held=PIKE), np.arange(STANDS))
    assert shown_by(on_board, DIVING, (0, 46)).not_seen == ["distance from board"]


def test_two_athletes_are_told_apart():
    pair = shown_by_all([turned(3, held=PIKE), turned(3, held=TUCK)], DIVING, (0, 46))
    assert [pair.elements[name].value for name in ("dive", "dive of athlete 2")] == ["103B", "103C"]
    assert "entry angle of athlete 2" in pair.measures and set(pair.curves) == {CURVE, f"{CURVE} of athlete 2"}
    alone = shown_by_all([turned(3, held=PIKE)], DIVING, (0, 46))
    assert json.dumps([vars(one) for one in (*alone.measures.values(), *alone.elements.values())])
    assert alone == told(half_turns=3, held=PIKE) and alone.elements["position"].frame in range(STANDS + 8, STANDS + 29)


def test_a_second_athlete_who_lacks_an_end_is_named():
    whole, half = turned(3, held=PIKE), dataclasses.replace(turned(3, held=TUCK), flight=(STANDS, None))
    assert whole_flights([half]) == [] and shown_by_all([], DIVING, (0, 46)).not_seen == list(DIVING.measures)
    shown = shown_by_all(whole_flights([whole, half]), DIVING, (0, 46))
    assert {f"{name} of athlete 2" for name in DIVING.measures} == {*shown.not_seen} and shown.elements["dive"]


@pytest.mark.slow
def test_uncertainties_hold_on_simulated_film():
    """In nine of ten among 80 dives, ± 3 standard errors; those that are fitted to them exactly."""
    rng = np.random.default_rng(20)
    sample = [errors_of(simulated(rng), DIVING) for _ in range(80)]
    assert np.mean([each.right["dive"] for each in sample]) > 0.66
    own = fitted(sample)
    for name in READERS:
        sizes, conditions = sizes_of(sample, name)
        assert np.mean(sizes <= conditions @ widths()[name]) == pytest.approx(0.9, abs=0.12), name
        rounding = 1e-4 * conditions.sum(axis=1)  # a fit has four digits, and goes through some of the sizes
        assert np.mean(sizes <= conditions @ own[name] + rounding) == pytest.approx(0.9, abs=0.06), name
