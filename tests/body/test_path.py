"""The way through candidates, against bodies whose turns are known."""

import numpy as np
import pytest

from scoringnet_tf.body.candidates import Candidates
from scoringnet_tf.body.path import best_way, same_sides
from scoringnet_tf.body.pose import Poses
from scoringnet_tf.body.skeleton import LIMB, MASSES, MIRRORED, centre_of_mass, inertia, trunk_angle
from tests.body.turned import FLIES, STANDS, TUCK, turned

FLIGHT = (STANDS, STANDS + FLIES)


def shapes(track):
    """Joints about their centre of mass, in heights of a body that reaches up."""
    return (track.positions - centre_of_mass(track.positions)[:, np.newaxis]) * 4 / 1.3


def candidates_of(shape, lost=(), decoys=3, seed=0):
    """In each frame the body, and poses that are none of it: turned ones that fit a little better."""
    rng, found = np.random.default_rng(seed), []
    for at, joints in enumerate(shape):
        turns = rng.uniform(np.pi / 2, 3 * np.pi / 2, decoys)
        wrong = [joints @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]] for turn in turns]
        poses = np.stack([joints, *wrong] if at not in lost else wrong) + rng.normal(
            0, 0.01, (decoys + (at not in lost), 17, 2)
        )
        cost = np.r_[[1.5] * (at not in lost), rng.uniform(1.0, 3.0, decoys)]
        seen = Poses(poses, np.ones(poses.shape[:2]), np.ones(len(poses)))
        found.append(Candidates(seen, cost, poses, trunk_angle(poses)))
    return found


@pytest.mark.parametrize("sense", [1, -1])
@pytest.mark.parametrize(("half_turns", "lost"), [(1, ()), (5, ()), (7, range(20, 24)), (9, (18, 25, 26, 31))])
def test_turns_are_counted_through_frames_that_are_lost(half_turns, lost, sense):
    track = turned(half_turns, TUCK, sense=sense)
    way = best_way(candidates_of(shapes(track), lost), track.times, FLIGHT)
    assert (way.turned[-1] - way.turned[0]) / 180 == pytest.approx(sense * half_turns, abs=0.2)
    right = [one == 0 for at, one in zip(way.frames, way.chosen, strict=True) if at not in lost]
    assert np.mean(right) > 0.95


def test_a_body_stands_on_its_feet_if_both_ways_fit_alike():
    """A straight body with arms up looks nearly the same on its head."""
    shape = shapes(turned(1))
    both = np.stack([-shape, shape], axis=1)
    seen = Poses(both[0], np.ones((2, 17)), np.ones(2))
    way = best_way([Candidates(seen, np.ones(2), each, trunk_angle(each)) for each in both], turned(1).times, FLIGHT)
    assert {*way.chosen} == {1}


def test_nothing_is_a_way_without_candidates():
    joints, each = np.zeros((0, 17, 2)), np.zeros(0)
    nothing = Candidates(Poses(joints, joints[..., 0], each), each, joints, each)
    assert best_way([nothing] * 5, np.arange(5) / 25, (1, 4)) is None


def test_exchanged_sides_are_put_right():
    """A body that is seen from the front, so that its sides lie apart."""
    shape, rng = shapes(turned(3, TUCK)), np.random.default_rng(0)
    angle = np.radians(trunk_angle(shape))
    aside = 0.08 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, np.newaxis]
    shape[:, 1:9] -= aside
    shape[:, 9:] += aside
    exchanged = rng.random(len(shape)) < 0.3
    mixed = np.where(exchanged[:, np.newaxis, np.newaxis], shape[:, MIRRORED], shape)
    assert (same_sides(mixed, trunk_angle(shape)) == exchanged).all()


def test_the_moment_of_inertia():
    """Against a sum over joints; a tuck turns more than twice as fast as a straight body."""
    shape = shapes(turned(5, TUCK))
    for joints, found in zip(shape, inertia(shape), strict=True):
        centre = sum(mass * joint for mass, joint in zip(MASSES, joints, strict=True))
        assert found == pytest.approx(
            LIMB**2 + sum(m * ((x - centre) ** 2).sum() for m, x in zip(MASSES, joints, strict=True))
        )
    straight, tuck = inertia(shape)[[STANDS + 1, STANDS + FLIES // 2]]
    assert straight > 2 * tuck
