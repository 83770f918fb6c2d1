"""The diver's motion against geometry and physics worked out by hand."""

import dataclasses

import numpy as np
import pytest

from data_prep.simulator.diving import motion as dive_motion
from data_prep.simulator.diving.board import RunUp
from data_prep.simulator.diving.motion import FAULTS, DiveTrait, perform
from data_prep.simulator.diving.simulator import DIVES
from data_prep.simulator.scene.figure import JOINT, Body
from scoringnet_tf.sports import parse_dive

BOUNDARIES = (5, 15, 40)
CLEAN = DiveTrait({fault.name: 0.0 for fault in FAULTS}, True, True, False, False, 1)
FLIGHT = np.arange(15, 41).astype(float)


def dive(number, times, boundaries=BOUNDARIES, **severities):
    trait = dataclasses.replace(CLEAN, severities={**CLEAN.severities, **severities})
    return perform(parse_dive(number), trait, Body(), boundaries, np.asarray(times, float))


def at(motion, joint):
    return motion.joints[:, JOINT[joint]]


def trunk_angle(motion):
    """Unwrapped angle (N,) of pelvis → waist in the picture, radians."""
    trunk = at(motion, "waist") - at(motion, "pelvis")
    return np.unwrap(np.arctan2(trunk[:, 1], trunk[:, 0]))


@pytest.mark.parametrize("number", sorted(dive.number for dive in DIVES))
def test_every_dive_turns_its_half_somersaults_and_half_twists(number):
    motion = dive(number, np.linspace(0, 40, 4001))
    turned = abs(trunk_angle(motion)[-1] - trunk_angle(motion)[0])
    assert turned == pytest.approx(np.pi * parse_dive(number).half_somersaults, abs=np.radians(6))
    hips = at(motion, "hip_l") - at(motion, "hip_r")
    assert np.sign(hips[-1, 2]) == np.sign(hips[0, 2]) * (-1) ** parse_dive(number).half_twists


def test_groups_turn_and_stand_the_way_the_rules_say_for_a_diver_who_moves_to_the_right():
    for number, clockwise in (("107B", 1), ("207B", 1), ("307C", -1), ("407C", -1), ("626C", 1)):
        motion = dive(number, np.linspace(0, 40, 4001))
        assert np.sign(trunk_angle(motion)[-1] - trunk_angle(motion)[0]) == -clockwise
    for number, towards_water in (("107B", 1), ("307B", 1), ("207B", -1), ("407B", -1)):
        motion = dive(number, [0.0])
        assert np.sign((at(motion, "toe_l") - at(motion, "ankle_l"))[0, 0]) == towards_water


def test_centre_of_mass_flies_as_a_projectile_from_ten_metres():
    motion = dive("107B", FLIGHT)
    height = motion.centre[:, 1]
    assert height[0] > 10.8 and 0.5 < height[-1] < 1.5
    np.testing.assert_allclose(np.diff(height, 3), 0, atol=1e-9)  # a parabola
    np.testing.assert_allclose(np.diff(motion.centre[:, 0], 2), 0, atol=1e-9)
    per_frame = np.sqrt(-np.diff(height, 2).mean() / 9.81)  # seconds a frame that make the fall 9.81 m/s²
    assert 1.4 < per_frame * 25 < 2.0


@pytest.mark.parametrize("number", ["107B", "207C", "5253B", "6243D"])
def test_hands_touch_the_water_at_t2_and_nothing_before(number):
    motion = dive(number, FLIGHT, entry_angle=0.5)
    lowest = motion.joints[..., 1].min(axis=1)
    assert (lowest[:-1] > 0.1).all() and lowest[-1] == pytest.approx(0, abs=1e-3)
    assert motion.joints[-1, :, 1].argmin() in (JOINT["hand_l"], JOINT["hand_r"])


def test_a_run_up_steps_along_the_platform_and_hops_onto_its_end():
    t0 = 80  # the hop lands just before
    run_up = RunUp(steps=3, stride=0.6, step_frames=10, rise=0.3, reach=0.5)
    trait, times = dataclasses.replace(CLEAN, run_up=run_up), np.arange(0.0, 130.0)
    running = perform(parse_dive("107B"), trait, Body(), (t0, 90, 115), times)
    standing = perform(parse_dive("107B"), CLEAN, Body(), (t0, 90, 115), times)
    np.testing.assert_allclose(running.joints[90:], standing.joints[90:], atol=1e-9)

    feet = np.minimum(*(at(running, f"ankle_{side}") for side in "lr"))
    in_air = np.sqrt(2 * 0.3 / 9.81) * 2 * 25  # of a jump of 0.3 m
    highest = round(t0 - 0.7 - in_air / 2)
    assert run_up.hop_frames == pytest.approx(in_air) and feet[highest, 1] - 10 > 0.3
    np.testing.assert_allclose(feet[: int(t0 - 0.7 - in_air), 1], 10.05, atol=0.15)
    moved = running.centre[t0, 0] - running.centre[0, 0]
    assert moved == pytest.approx(3 * 0.6 + 0.5, abs=0.15)
    assert np.abs(np.diff(running.joints[: t0 + 1], axis=0)).max() < 0.5  # metres in a frame: the hands do most


def test_faults_change_what_they_name():
    names = ("entry_angle", "distance")
    clean, worst = dive("407C", [40.0]), {name: dive("407C", [40.0], **{name: 1.0}) for name in names}
    lean = np.degrees(trunk_angle(worst["entry_angle"]) - trunk_angle(clean))
    assert abs(abs(lean[0]) - dive_motion.MAX_ENTRY_ANGLE) < 1e-6
    for name, distance in (("distance", 3.7), ("entry_angle", dive_motion.IDEAL_DISTANCE)):
        joints = worst[name].joints[0]
        assert joints[joints[:, 1].argmin(), 0] == pytest.approx(distance, abs=1e-3)
