"""A flight's ends by the body, on simulated dives whose ends are known, where stages are wrong."""

import numpy as np
import pytest

from benchmarks import disturbed_bodies
from scoringnet_tf.body.ends import ends_of
from scoringnet_tf.body.skeleton import body_length, centre_of_mass

WRONG = 0.2  # seconds to either side that stages err


def seen(rng, rate, late=(0.0, 0.0)):
    """What `ends_of` is told of a dive, and its true ends; stages tell both so many seconds late."""
    disturbed_bodies.RATES = (rate,)
    dive = disturbed_bodies.simulated(rng)
    times, joints = dive.track.times, dive.track.in_scene()
    confidence = np.median(dive.track.confidence, axis=1)
    joints = joints / np.median(body_length(joints[confidence > 0]))
    off, end = (int(np.searchsorted(times, dive.true.times[at])) for at in dive.true.flight)
    air = off + np.flatnonzero(confidence[off:end])
    fall = np.polyval(np.polyfit(times[air], centre_of_mass(joints[air])[:, 1], 2), times)
    logits = np.minimum(times - times[off] - late[0], times[end] + late[1] - times) / 0.1
    stages, wet = 1 / (1 + np.exp(-logits)), np.arange(len(times)) >= end
    cost = np.where(confidence > 0, rng.uniform(1.0, 2.0, len(times)) + wet * rng.uniform(2.0, 6.0, len(times)), np.inf)
    flight = np.flatnonzero(stages > 0.5)[[0, -1]] + (0, 1)
    return (stages, times, (int(flight[0]), int(flight[1])), joints, confidence, fall, cost), (off, end)


@pytest.fixture(autouse=True)
def _rates(monkeypatch):
    monkeypatch.setattr(disturbed_bodies, "RATES", disturbed_bodies.RATES)  # and back


@pytest.mark.parametrize("rate", [15, 25, 60])
def test_the_body_corrects_stages_that_are_wrong(rate):
    rng, errors, before = np.random.default_rng(rate), [], []
    for _ in range(40):
        told, true = seen(rng, rate, rng.choice((-WRONG, WRONG), 2))
        errors.append(np.subtract(ends_of(*told)[0], true) / rate)
        before.append(np.subtract(told[2], true) / rate)
    assert np.median(np.abs(before), axis=0).min() > 0.15
    middle = np.median(np.abs(errors), axis=0)
    assert (middle < np.maximum((0.1, 0.06), np.array((2.1, 1.1)) / rate)).all(), middle


def test_ends_hardly_move_if_what_is_seen_changes_a_little():
    rng, moved = np.random.default_rng(3), []
    for _ in range(40):
        (stages, times, flight, joints, confidence, fall, cost), _ = seen(rng, 25)
        told = ends_of(stages, times, flight, joints, confidence, fall, cost)[0]
        joints, cost = joints + rng.normal(0, 0.01, joints.shape), cost + rng.normal(0, 0.1, cost.shape)
        stages = np.clip(stages + rng.normal(0, 0.02, stages.shape), 0, 1)
        moved.append(np.abs(np.subtract(ends_of(stages, times, flight, joints, confidence, fall, cost)[0], told)))
    assert np.percentile(moved, 95) <= 2 and np.median(moved) == 0


def test_an_end_is_shown_only_if_the_body_is_seen_behind_it():
    """Stages invent an entry where film ends in the air; who is not seen leaves the ends to the stages."""
    rng, whole, cut = np.random.default_rng(4), [], []
    for _ in range(60):
        (stages, times, flight, joints, confidence, fall, cost), (_, end) = seen(rng, 25, (0.0, -WRONG))
        whole.append(ends_of(stages, times, flight, joints, confidence, fall, cost)[1])
        nothing = np.zeros_like(confidence), fall, np.full_like(cost, np.inf)
        ends, shown = ends_of(stages, times, flight, joints, *nothing)
        assert shown == (False, False) and np.abs(np.subtract(ends, flight)).max() <= 1
        stages[flight[1] :], cost[end - 3 : end] = 0.5, 1.5  # where film ends stages are unsure, and the body is seen
        ended = [each[:end] for each in (stages, times, joints, confidence, fall, cost)]
        cut.append(ends_of(*ended[:2], (flight[0], end), *ended[2:])[1][1])
    assert np.mean(whole, axis=0).min() >= 0.75 and np.mean(cut) <= 0.05
