"""Joints of any tool, in any format: they arrive as ours, and what is nearly right is refused."""

import json

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.body.skeleton import JOINT, JOINTS
from scoringnet_tf.data.joints import Joints, read_joints

SIZE = (480, 640)


def write(folder, joints, **index):
    (folder / "joints.json").write_text(json.dumps({"source": "a tool", **index}))
    np.save(folder / "a.npy", joints)
    return folder


def pixels(number, length=6, last=3):
    """Joint j of frame l at (100 + 10 j, 200 + l), with confidence 0.5 + j / 100."""
    joints = np.zeros((length, number, 3), np.float32)
    joints[..., 0], joints[..., 1] = 100.5 + 10 * np.arange(number), (200 + np.arange(length))[:, None]
    joints[..., 2] = 0.5 + np.arange(number) / 100
    return joints[..., :last]


@pytest.mark.parametrize(
    ("kind", "number", "lacking", "nose", "toe"),
    [
        ("coco-17", 17, {"hand_l", "hand_r", "toe_l", "toe_r"}, (3, 4), None),
        ("halpe-26", 26, {"hand_l", "hand_r"}, (3, 4), 20),
        ("blazepose-33", 33, set(), (7, 8), 31),
        ("ours", 17, set(), (0, 0), JOINT["toe_l"]),
    ],
)
def test_joints_of_a_format_become_ours(kind, number, lacking, nose, toe, tmp_path):
    """Against the formats' own lists: the ears, which are the head's middle, and the left big toe or foot's end."""
    joints = read_joints(write(tmp_path, pixels(number), format=kind, size=SIZE), "a", 6)
    assert {*JOINTS} - {*joints.names} == lacking and joints.positions.shape == (6, 17 - len(lacking), 2)
    np.testing.assert_allclose(joints.positions[2, 0], [100.5 + 5 * sum(nose), 202])
    np.testing.assert_allclose(joints.confidence[:, 0], 0.5 + sum(nose) / 200)
    if toe is not None:
        np.testing.assert_allclose(joints.positions[0, joints.names.index("toe_l")], [100.5 + 10 * toe, 200])
    assert joints.seen.all()
    assert joints.relative_to_head().shape == (6, 2 * (len(joints.names) - 1))
    np.testing.assert_allclose(
        joints.relative_to_head()[0, 0], (joints.positions[0, 1, 0] - joints.positions[0, 0, 0]) / 480
    )


def test_joints_with_names_of_their_own_may_have_a_confidence(tmp_path):
    joints = pixels(2)
    joints[1:3, 1] = np.nan
    joints[4] = [[5, 5, 0], [0, 0, 0]]  # as tools mark what they did not see
    found = read_joints(write(tmp_path, joints, names=["head", "hand"]), "a", None)
    assert found.names == ("head", "hand") and found.size is None
    np.testing.assert_array_equal(found.confidence[:, 1] > 0, [1, 0, 0, 1, 0, 1])
    assert np.isnan(found.positions[4]).all() and found.seen.tolist() == [True, False, False, True, False, True]


def test_a_joint_that_a_seen_frame_lacks_is_filled_and_frames_without_the_body_are_left_out():
    """The hand moves 8 a frame. Frame 4 is left out, so from frame 1 to 5 it goes in three equal steps."""
    positions = np.zeros((7, 4, 2))
    positions[:, 1, 0], positions[:, 2, 1], positions[:, 3] = 8 * np.arange(7), 100, np.nan
    positions[[2, 3], 1] = positions[4] = np.nan
    positions[[2, 3], 3] = 1000  # more than half of the joints are there
    found = Joints(positions, ("head", "hand", "toe", "knee"), "drawn", size=(200, 300)).relative_to_head()
    assert found.shape == (6, 6)
    np.testing.assert_allclose(found[:, 0] * 200, [0, 8, 8 + 32 / 3, 8 + 64 / 3, 40, 48], rtol=1e-6)
    np.testing.assert_allclose(found[:, 3] * 200, 100)
    np.testing.assert_allclose(found[:, 4:] * 200, 1000)
    never = Joints(positions[:2], ("head", "hand", "toe", "knee"), "drawn").relative_to_head()
    assert not never[:, 4:].any()  # no frame shows it: it stays at the head


def test_joints_in_heights_of_the_picture_need_no_size(tmp_path):
    heights = pixels(17) / [480, 480, 1]
    joints = read_joints(write(tmp_path, heights, format="ours", unit="heights"), "a", 6)
    np.testing.assert_allclose(joints.relative_to_head()[0, :2], [10 / 480, 0], atol=1e-6)


def changed(**places):
    joints = pixels(17)
    for axis, value in places.items():
        joints[2, 3, "xyc".index(axis)] = value
    return joints


RIGHT, TALL = {"format": "coco-17", "size": [480, 640]}, {"format": "coco-17", "size": [640, 480]}
MOVED = pixels(17) + np.array([380, -100, 0])
OUTSIDE = pixels(17) * [3, 3, 1]


@pytest.mark.parametrize(
    ("joints", "index", "code", "named"),
    [
        (pixels(17) / [640, 480, 1], RIGHT, "wrong_scale", "a.npy"),
        (pixels(17), {"format": "coco-17", "unit": "heights"}, "wrong_scale", "a.npy"),
        (pixels(16), RIGHT, "wrong_shape", "16"),
        (pixels(33), RIGHT, "wrong_shape", "coco-17"),
        (pixels(17, length=5), RIGHT, "wrong_shape", "5"),
        (pixels(17)[..., :1], RIGHT, "wrong_shape", "(6, 17, 1)"),
        (pixels(17)[0], RIGHT, "wrong_shape", "(17, 3)"),
        (MOVED[..., [1, 0, 2]], RIGHT, "wrong_value", "exchanged"),
        (OUTSIDE, RIGHT, "wrong_scale", "480×640"),
        (changed(c=1.5), RIGHT, "out_of_range", 1.5),
        (changed(c=-0.1), RIGHT, "out_of_range", -0.1),
        (changed(c=np.nan), RIGHT, "out_of_range", "nan"),
        (changed(x=np.nan), RIGHT, "wrong_value", "frame 2, joint 3"),
        (changed(y=np.inf), RIGHT, "wrong_shape", "a.npy"),
        (pixels(17), {"format": "coco"}, "unknown_name", "coco-17"),
        (pixels(17), {"format": 17}, "unknown_name", "coco-17"),
        (pixels(17), {"fromat": "coco-17"}, "missing_key", "coco-17"),
        (pixels(17), {"format": "coco-17", "source": 1}, "wrong_value", "joints.json"),
        (pixels(17), {**RIGHT, "unit": "metres"}, "unknown_name", "heights"),
        (pixels(17), {**RIGHT, "unit": "heights"}, "wrong_value", "size"),
        *((pixels(17), {**RIGHT, "size": size}, "wrong_value", "size") for size in (480, [480], [0, 9], [4.5, 6], "x")),
    ],
)
def test_joints_that_are_nearly_right_are_refused(joints, index, code, named, tmp_path):
    with refused(code, named):
        read_joints(write(tmp_path, joints, **index), "a", 6)


def test_joints_that_are_partly_out_of_the_picture_are_right(tmp_path):
    """An estimator guesses feet below the picture's edge; a picture may be upright."""
    joints = pixels(17)
    joints[:, -4:, 1] += 400
    assert read_joints(write(tmp_path, joints, **RIGHT), "a", 6).seen.all()
    assert read_joints(write(tmp_path, joints, **TALL), "a", 6).seen.all()
