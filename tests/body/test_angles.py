"""Angles in the scene: signs, sides, the camera's turn, the body's length."""

import dataclasses

import numpy as np
import pytest
from turned import PIKE, REACH, STANDS, STRAIGHT, TUCK, turned

from scoringnet_tf.body.angles import angles_of, between
from scoringnet_tf.body.skeleton import JOINT, direction, wrap

MIDDLE = STANDS + 18  # a frame in the middle of the flight


def test_directions_are_clockwise_from_up():
    vectors = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)], float)  # up, right, down, left in a picture
    assert direction(vectors).tolist() == [0, 90, 180, -90]
    assert between(vectors[:2], vectors[[1, 0]]).tolist() == [90, -90]
    assert wrap(np.array((190.0, -190, 360))).tolist() == [-170, 170, 0]


def test_three_and_a_half_turns():
    angles = angles_of(turned(7, held=REACH))
    for shown in (angles.trunk, angles.line):
        path = np.unwrap(shown[STANDS:], period=360)
        assert path[[0, -1]] == pytest.approx([0, 1260], abs=2) and (np.diff(path) > 0).all()
    assert angles.length == pytest.approx(0.25, rel=0.02)  # the body's height in the track


@pytest.mark.parametrize(("held", "hip", "knee"), [(TUCK, 151, 142), (PIKE, 150, 0), (STRAIGHT, 0, 0)])
@pytest.mark.parametrize("facing", [1, -1])
def test_hips_bend_to_the_belly_and_knees_to_the_back(held, hip, knee, facing):
    """What bends clockwise is positive: a belly on the right has the thighs anticlockwise."""
    angles = angles_of(turned(3, held=held, facing=facing))
    assert angles.hip[MIDDLE] == pytest.approx(-facing * hip, abs=4)
    assert angles.knee[MIDDLE] == pytest.approx(facing * knee, abs=1)


def test_legs_and_arms():
    apart = angles_of(turned(1, scissor=30))
    assert abs(apart.legs[-1]) == pytest.approx(30, abs=3) and abs(apart.arms[-1]) < 3
    assert abs(angles_of(turned(1, shoulder=-40)).arms[-1]) == pytest.approx(40, abs=3)


def test_a_side_that_is_not_seen_counts_little():
    track = turned(3)
    positions, confidence = track.positions.copy(), track.confidence.copy()
    for name in ("shoulder_l", "hip_l", "knee_l"):
        positions[:, JOINT[name]], confidence[:, JOINT[name]] = 0, 0
    apart = wrap(angles_of(dataclasses.replace(track, positions=positions, confidence=confidence)).trunk)
    assert np.abs(wrap(apart - angles_of(track).trunk)).max() < 4


def test_the_camera_that_turns_and_pans_changes_nothing():
    """Each frame's picture is turned about by a tenth of a degree more, and moved."""
    track = turned(5, held=TUCK)
    turn = np.radians(np.arange(len(track.times)) / 10)
    rotation = np.stack((np.stack((np.cos(turn), -np.sin(turn)), -1), np.stack((np.sin(turn), np.cos(turn)), -1)), 1)
    shift = np.stack((turn, 3 * turn), axis=-1)
    pictures = np.einsum("lji,lkj->lki", rotation, track.positions - shift[:, None])
    camera = np.concatenate((rotation, shift[..., None]), axis=2)
    panned = angles_of(dataclasses.replace(track, positions=pictures, camera=camera))
    assert np.abs(wrap(panned.trunk - angles_of(track).trunk)).max() < 1e-3
    assert np.allclose(panned.inertia, angles_of(track).inertia)
