"""Joints of records and of video files, followed by a stand-in that knows where the athlete is."""

import functools
import shutil
import types
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.body.track import Track
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.joints import joints_folder, read_index, read_joints
from scoringnet_tf.data.video import VideoError
from scoringnet_tf.inference.feature_folder import extract_videos, videos_of_records
from scoringnet_tf.inference.flights import joints_of
from scoringnet_tf.inference.joint_files import (
    FileFollower,
    file_name,
    index_of,
    joints_of_record,
    origin_of,
    prepare,
    videos_of_files,
)
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import Remark

MODELS = [
    types.SimpleNamespace(name="Pose one", sha256="ab" * 32),
    types.SimpleNamespace(name="Pose two", sha256="cd" * 32),
]


def track(first, length, confidence=0.5, value=0.25, pan=0.0):
    """A body that stands still, by a camera that moves to the right."""
    still, moved = np.full((length, 17, 2), value, np.float32), pan * np.arange(length)
    camera = np.tile(np.eye(2, 3), (length, 1, 1))
    camera[:, 0, 2] = moved
    return Track(
        first_frame=first,
        times=(first + np.arange(length)) / 25,
        positions=still - np.array((1, 0), np.float32) * moved[:, None, None],
        confidence=np.full((length, 17), confidence, np.float32),
        camera=camera,
    )


class Follow:
    """Follows from a frame before the flight to one after it, and remembers what it was shown."""

    def __init__(self):
        self.calls = []

    def __call__(self, pictures, times, start, stop):
        self.calls.append((np.stack(pictures).shape, np.round(np.diff(times), 3).max(), start, stop))
        return [track(start - 1, stop - start + 2, pan=0.01)]


@pytest.fixture
def records(diving_records, tmp_path):
    return DatasetInfo.load(shutil.copytree(diving_records, tmp_path / "records"))


def extracted(info, follow):
    folder = joints_folder(info)
    prepare(folder, index_of(MODELS), origin_of(info.frame_rate, info))
    return extract_videos(videos_of_records(info), functools.partial(joints_of_record, info, follow), folder, file_name)


def test_joints_of_records_are_followed_in_the_flight_and_resumed(records):
    follow = Follow()
    assert extracted(records, follow) == (0, 0) and extracted(records, follow) == (10, 0)
    assert len(follow.calls) == 10
    index = read_index(joints_folder(records))
    assert (index.source, index.format, index.unit) == ("Pose one and Pose two", "ours", "heights")
    for (video_id, video), (shape, step, start, stop) in zip(
        sorted(records.videos.items()), sorted(follow.calls, key=lambda call: call[0]), strict=True
    ):
        joints = read_joints(joints_folder(records), video_id, video["num_frames"])
        assert shape == (video["num_frames"], 36, 48, 3) and step == pytest.approx(1 / 25, abs=1e-3)
        np.testing.assert_array_equal(np.flatnonzero(joints.seen), np.arange(start - 1, stop + 1))
        assert joints.confidence.max() == 0.5
        np.testing.assert_allclose(joints.positions[joints.seen], 0.25, atol=1e-6)
    origin = origin_of(records.frame_rate, records)
    with refused("other_settings", "joints.json", "estimators"):
        prepare(joints_folder(records), index_of(MODELS[:1]), origin)
    (joints_folder(records) / "joints.json").write_text('{"source": "mine", "names": ["head"]}')
    with refused("other_settings", "joints.json", "names"):
        extracted(records, follow)


def test_stored_frames_are_followed_in_the_shape_of_the_picture(records):
    """A picture of 16:9 is squeezed into a frame of 4:3; a squeezed body has other angles."""
    records.aspect, follow = 16 / 9, Follow()
    name, read = videos_of_records(records)[0][0], videos_of_records(records)[0].frames
    assert joints_of_record(records, follow, read()).shape[1:] == (17, 3) and name
    assert follow.calls[0][0][1:] == (36, 64, 3)


def test_the_flight_is_the_stage_that_difficulty_needs(records):
    follow, record = Follow(), videos_of_records(records)[0].frames()
    record["stage/index"] = np.repeat([1, 2, 3, 0], [4, 9, 5, len(record["stage/index"]) - 18])
    joints_of_record(records, follow, record)
    assert follow.calls[0][2:] == (4, 13)
    record["stage/index"][:] = -1
    with refused("no_stages", record["example/id"].decode()):
        joints_of_record(records, follow, record)


def test_joints_lie_in_the_scene_whatever_the_camera_does():
    """Between the times of frames, too; where nobody is followed the nearest pose stays, and says that it does."""
    joints = joints_of([track(5, 5, pan=0.02, value=1), track(15, 4, value=2)], np.arange(40) / 50)
    assert joints.shape == (40, 17, 3) and joints.dtype == np.float32
    np.testing.assert_allclose(joints[:25, :, :2], 1, atol=1e-6)
    np.testing.assert_allclose(joints[25:, :, :2], 2, atol=1e-6)
    assert np.flatnonzero(joints[..., 2].all(axis=1)).tolist() == [*range(10, 19), *range(30, 37)]
    assert np.isnan(joints_of([], np.arange(3) / 25)[..., :2]).all()


def test_of_two_athletes_the_file_has_the_one_who_is_seen_more():
    joints = joints_of([track(2, 5, value=1), track(3, 8, confidence=0.0)], np.arange(9) / 25)
    assert (joints[..., :2] == 1).all() and (joints[2:7, :, 2] == 0.5).all()
    assert not joints[[0, 1, 7, 8], :, 2].any()


def test_joints_that_came_with_the_records_are_kept(tmp_path, records):
    """Those of whole pictures, which `build` copied, are better than stored frames would give."""
    of_files = index_of(MODELS, {"file": "model.keras", "sha256": "e"})
    assert not prepare(tmp_path, of_files, origin_of(25.0))
    assert prepare(tmp_path, index_of(MODELS), origin_of(records.frame_rate, records))
    with refused("other_settings", "model"):
        prepare(tmp_path, index_of(MODELS, {"file": "model.keras", "sha256": "f"}), origin_of(25.0))


def test_joints_of_files_are_those_of_their_performances(tmp_path, capsys):
    """A long video comes in parts, and its joints in one array; a video that cannot be read leaves none."""

    class Predictor:
        model = types.SimpleNamespace(recognised=(83,), sport=get_sport("diving_phases"), frame_rate=25.0)
        fps, warnings = 25.0, ()

        def read(self, path):
            if not Path(path).is_file():
                raise VideoError("unreadable", f"{path}: there is no such file.")
            return path

        def results(self, path):
            for first, tracks in ((0, [track(3, 4)]), (20, []), (40, [track(45, 6)])):
                summary = types.SimpleNamespace(
                    first_frame=first,
                    fps=self.fps,
                    times=(first + np.arange(31)) / self.fps,
                    warnings=self.warnings,
                )
                yield types.SimpleNamespace(summary=summary, performances=[types.SimpleNamespace(body=tracks)])

    prepare(tmp_path / "joints", index_of(MODELS, {"file": "model.keras", "sha256": "e"}), origin_of(25.0))
    paths = [str(tmp_path / name) for name in ("a.mp4", "gone.mp4")]
    (tmp_path / "a.mp4").write_bytes(b"video")
    assert extract_videos(videos_of_files(paths), FileFollower(Predictor()), tmp_path / "joints", file_name) == (0, 1)
    joints = np.load(tmp_path / "joints/a.npy")
    assert len(joints) == 70 and np.flatnonzero(joints[..., 2].all(axis=1)).tolist() == [3, 4, 5, 6, *range(45, 51)]
    Predictor.fps = 50.0  # they have the model's rate
    capsys.readouterr()
    Predictor.warnings = (Remark("turned", "Turned."),)
    assert len(FileFollower(Predictor())(paths[0])) == 35
    assert capsys.readouterr().err == f"extract: {paths[0]}: Turned.\n"
    Predictor.warnings = (Remark("damaged", "It ends early."),)  # as `extract` refuses it for features
    with refused("damaged_video", "a.mp4", "ends early"):
        FileFollower(Predictor())(paths[0])
    Predictor.model = types.SimpleNamespace(recognised=(), sport=get_sport("diving"))  # it was not trained on film
    with refused("wrong_value", "diving_film"):
        FileFollower(Predictor())
    with refused("duplicate", "a"):
        videos_of_files(["x/a.mp4", "y/a.avi"])


def test_an_id_that_leaves_the_folder_is_refused():
    assert file_name("a/b.avi") == "a/b.avi.npy"
    for name in ("../a", "/a"):
        with refused("outside_folder", name):
            file_name(name)
