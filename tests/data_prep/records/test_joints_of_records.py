"""Joints lie beside the records of their own video, and of no other that is called alike."""

import json

import numpy as np
import pytest

from data_prep.records.joints import copy_joints
from scoringnet_tf.data.joints import read_joints
from scoringnet_tf.support.errors import InputError


@pytest.fixture
def source(tmp_path):
    """A function that writes arrays of 5 frames, each of one value, into a dataset; returns its folder."""

    def write(**values):
        (tmp_path / "joints").mkdir()
        (tmp_path / "joints/joints.json").write_text(json.dumps({"source": "mine", "names": ["head", "hand"]}))
        for name, value in values.items():
            path = tmp_path / f"joints/{name.replace('__', '/')}.npy"
            path.parent.mkdir(exist_ok=True)
            np.save(path, np.full((5, 2, 2), value, np.float16))
        (tmp_path / "records").mkdir()
        return tmp_path

    return write


def videos(*paths, **named):
    entries = {path: path for path in paths} | named
    return {video_id: {"path": path, "num_frames": 5} for video_id, path in entries.items()}


def kept(folder, video_id):
    return read_joints(folder / "records/joints", video_id, 5).positions[0, 0, 0]


def test_the_name_of_a_file_is_enough_where_it_is_one_videos(source):
    folder = source(**{"001": 1, "dive #1": 2})
    copy_joints(folder, folder / "records", videos(**{"001": "samples/001.avi", "b": "dive #1.avi"}))
    assert (kept(folder, "001"), kept(folder, "b")) == (1, 2)


def test_videos_that_are_called_alike_have_joints_by_their_ids(source):
    folder = source(**{"a__001.avi": 1, "b__001.avi": 2, "final.mp4#1": 3, "final.mp4#2": 4})
    stretches = {f"final.mp4#{number}": f"final.mp4#{5 * number}-{5 * number + 5}" for number in (1, 2)}
    copy_joints(folder, folder / "records", videos("a/001.avi", "b/001.avi", **stretches))
    assert [kept(folder, name) for name in ("a/001.avi", "b/001.avi", *stretches)] == [1, 2, 3, 4]


def test_joints_of_one_are_not_taken_for_those_of_another(source):
    folder = source(**{"001": 1})
    with pytest.raises(InputError, match=r"expected joints in a/001\.avi\.npy, as 2 videos would have 001\.npy"):
        copy_joints(folder, folder / "records", videos("a/001.avi", "b/001.avi"))


@pytest.mark.parametrize("video_id", ["/elsewhere/x", "../../x"])
def test_an_id_that_leaves_the_folder_is_refused(source, video_id):
    folder = source(**{"001": 1})
    with pytest.raises(InputError, match="expected ids that name files in a folder"):
        copy_joints(folder, folder / "records", videos(**{video_id: "001.avi"}))
