"""The diver's motion against geometry and physics worked out by hand."""

import dataclasses

import numpy as np
import pytest

from data_prep.simulator.diving import motion as dive_motion
from data_prep.simulator.diving.motion import FAULTS, DiveTrait, perform
from data_prep.simulator.diving.rules import DIVES, parse_dive
from data_prep.simulator.scene import figure
from data_prep.simulator.scene.figure import JOINT, Body, pose

BOUNDARIES = (5, 15, 40)
CLEAN = DiveTrait({fault.name: 0.0 for fault in FAULTS}, True, True, False, False, 1)


def _trait(**severities):
    return dataclasses.replace(CLEAN, severities={**CLEAN.severities, **severities})


def _at(motion, joint):
    return motion.joints[:, JOINT[joint]]


def test_standing_figure_has_its_height_and_is_symmetric():
    joints = figure.body_joints(pose()[None], Body(height=1.70))[0]
    crown = joints[JOINT["head"], 1] + 0.11
    assert crown - joints[JOINT["ankle_l"], 1] == pytest.approx(1.70, abs=0.12)
    for name in JOINT:
        if name.endswith("_l"):
            np.testing.assert_allclose(joints[JOINT[name]], joints[JOINT[name[:-1] + "r"]] * (1, 1, -1), atol=1e-12)


def test_limbs_keep_their_length_in_every_pose():
    rng = np.random.default_rng(0)
    joints = figure.body_joints(rng.uniform(-90, 150, (50, len(figure.POSE_FIELDS))), Body())
    for a, b, length in (("hip_l", "knee_l", 0.42), ("elbow_r", "wrist_r", 0.25), ("ankle_l", "toe_l", 0.20)):
        distance = np.linalg.norm(joints[:, JOINT[a]] - joints[:, JOINT[b]], axis=1)
        np.testing.assert_allclose(distance, length)


def test_hip_and_knee_flexion_turn_the_leg_forward_and_the_shin_back():
    joints = figure.body_joints(pose(hip=90, knee=90)[None], Body())[0]
    thigh = joints[JOINT["knee_l"]] - joints[JOINT["hip_l"]]
    shin = joints[JOINT["ankle_l"]] - joints[JOINT["knee_l"]]
    np.testing.assert_allclose(thigh, (0.42, 0, 0), atol=1e-12)
    np.testing.assert_allclose(shin, (0, -0.41, 0), atol=1e-12)


def test_unknown_pose_field_is_refused():
    with pytest.raises(TypeError):
        pose(ankel=3)


def test_orientation_is_a_rotation_about_the_centre_of_mass():
    joints = figure.body_joints(pose(hip=40, shoulder=120)[None], Body())
    turned = figure.orient(joints, np.array([0.7]), np.array([2.1]))
    np.testing.assert_allclose(figure.centre_of_mass(turned), 0, atol=1e-12)
    before = np.linalg.norm(joints[0, :, None] - joints[0, None], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(turned[0, :, None] - turned[0, None], axis=-1), before, atol=1e-12)


def _trunk_angle(motion):
    """Unwrapped angle (N,) of pelvis → waist in the picture, radians."""
    trunk = _at(motion, "waist") - _at(motion, "pelvis")
    return np.unwrap(np.arctan2(trunk[:, 1], trunk[:, 0]))


@pytest.mark.parametrize("number", sorted(DIVES))
def test_every_dive_turns_its_half_somersaults_and_half_twists(number):
    dive = DIVES[number]
    motion = perform(dive, CLEAN, Body(), BOUNDARIES, np.linspace(0, 40, 4001))
    turned = abs(_trunk_angle(motion)[-1] - _trunk_angle(motion)[0])
    assert turned == pytest.approx(np.pi * dive.half_somersaults, abs=np.radians(6))
    hips = _at(motion, "hip_l") - _at(motion, "hip_r")
    assert np.sign(hips[-1, 2]) == np.sign(hips[0, 2]) * (-1) ** dive.half_twists


@pytest.mark.parametrize(("number", "clockwise"), [("107B", 1), ("207B", 1), ("307C", -1), ("407C", -1), ("626C", 1)])
def test_groups_turn_the_way_the_rules_say_for_a_diver_who_moves_to_the_right(number, clockwise):
    motion = perform(parse_dive(number), CLEAN, Body(), BOUNDARIES, np.linspace(0, 40, 4001))
    assert np.sign(_trunk_angle(motion)[-1] - _trunk_angle(motion)[0]) == -clockwise


def test_toes_point_to_the_water_in_forward_dives_and_to_the_tower_in_inward_dives():
    for number, sign in (("107B", 1), ("307B", 1), ("207B", -1), ("407B", -1)):
        motion = perform(parse_dive(number), CLEAN, Body(), BOUNDARIES, np.array([0.0]))
        assert np.sign((_at(motion, "toe_l") - _at(motion, "ankle_l"))[0, 0]) == sign


def test_centre_of_mass_flies_as_a_projectile_from_ten_metres():
    motion = perform(parse_dive("107B"), CLEAN, Body(), BOUNDARIES, np.arange(15, 41).astype(float))
    height = motion.centre[:, 1]
    assert height[0] > 10.8 and 0.5 < height[-1] < 1.5
    np.testing.assert_allclose(np.diff(height, 3), 0, atol=1e-9)  # a parabola
    np.testing.assert_allclose(np.diff(motion.centre[:, 0], 2), 0, atol=1e-9)
    per_frame = np.sqrt(-np.diff(height, 2).mean() / 9.81)  # seconds a frame that make the fall 9.81 m/s²
    assert 1.4 < per_frame * 25 < 2.0


@pytest.mark.parametrize("number", ["107B", "207C", "5253B", "6243D"])
def test_hands_touch_the_water_at_t2_and_nothing_before(number):
    motion = perform(parse_dive(number), _trait(entry_angle=0.5), Body(), BOUNDARIES, np.arange(15, 41).astype(float))
    lowest = motion.joints[..., 1].min(axis=1)
    assert (lowest[:-1] > 0.1).all()
    assert lowest[-1] == pytest.approx(0, abs=1e-3)
    assert motion.joints[-1, :, 1].argmin() in (JOINT["hand_l"], JOINT["hand_r"])


def test_part_of_a_dive_is_where_the_whole_dive_has_it():
    times, boundaries = np.arange(0.0, 70.0, 0.5), (20, 30, 55)
    whole = perform(DIVES["107B"], _trait(), Body(), boundaries, times)
    part = perform(DIVES["107B"], _trait(), Body(), boundaries, times[90:])
    np.testing.assert_allclose(part.joints, whole.joints[90:], atol=1e-9)


def test_feet_stay_on_the_platform_until_t1_and_nothing_moves_before_t0():
    motion = perform(parse_dive("207B"), CLEAN, Body(), BOUNDARIES, np.arange(0, 16).astype(float))
    feet = _at(motion, "ankle_l")[:15]
    np.testing.assert_allclose(feet[:10, 1], 10.05, atol=0.12)
    still = np.abs(np.diff(motion.joints[:4], axis=0)).max()
    moving = np.abs(motion.joints[6] - motion.joints[4]).max()
    assert still < 0.02 < 0.04 < moving


def test_faults_change_what_they_name():
    body, end = Body(), np.array([40.0])
    trunk = {}
    for name in ("entry_angle", "distance", "leg_separation", "bent_entry"):
        trunk[name] = perform(parse_dive("407C"), _trait(**{name: 1.0}), body, BOUNDARIES, end)
    clean = perform(parse_dive("407C"), CLEAN, body, BOUNDARIES, end)
    lean = np.degrees(_trunk_angle(trunk["entry_angle"]) - _trunk_angle(clean))
    assert abs(abs(lean[0]) - dive_motion.MAX_ENTRY_ANGLE) < 1e-6
    for name, distance in (("distance", 3.7), ("entry_angle", dive_motion.IDEAL_DISTANCE)):
        joints = trunk[name].joints[0]
        assert joints[joints[:, 1].argmin(), 0] == pytest.approx(distance, abs=1e-3)
    assert _opening(trunk["leg_separation"]) > 50 > 5 > _opening(clean)
    assert _knee(trunk["bent_entry"]) > 70 > 5 > _knee(clean)


def _angle(a, b):
    return np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))


def _opening(motion):
    left, right = ((_at(motion, f"knee_{side}") - _at(motion, f"hip_{side}"))[0] for side in "lr")
    return _angle(left, right)


def _knee(motion):
    hip, knee, ankle = (_at(motion, f"{name}_l")[0] for name in ("hip", "knee", "ankle"))
    return _angle(knee - hip, ankle - knee)


def test_a_tuck_turns_faster_than_a_straight_body():
    tuck, straight = pose(hip=130, knee=140, spine=60, shoulder=60)[None], pose(shoulder=180)[None]
    inertia = [figure.somersault_inertia(figure.body_joints(shape, Body())) for shape in (tuck, straight)]
    assert 2.5 * inertia[0] < inertia[1]
