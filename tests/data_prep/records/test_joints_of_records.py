"""Joints lie beside the records of their own video, and of no other with the same name."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from refusals import codes, refused

from data_prep.datasets.sample import Sample, Source
from data_prep.records.beside import SourceJoints
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import SampleChecks, check
from scoringnet_tf.data.joints import read_joints
from scoringnet_tf.support.messages import InputError

SMALL = BuildSettings((36, 48))


def write_joints(folder, length=5, **values):
    """Arrays of so many frames, each of one value."""
    (folder / "joints").mkdir()
    (folder / "joints/joints.json").write_text(json.dumps({"source": "mine", "names": ["head", "hand"]}))
    for name, value in values.items():
        path = folder / f"joints/{name}.npy"
        path.parent.mkdir(exist_ok=True)
        np.save(path, np.full((length, 2, 2), value, np.float16))


def samples(folder, *paths, **named):
    entries = {path: path for path in paths} | named
    return [Sample(name, folder / path, "train", "labels.csv: row 1") for name, path in entries.items()]


def kept(folder, of):
    """The value of each video's joints among the records."""
    shutil.rmtree(folder / "records", ignore_errors=True)
    (folder / "records").mkdir()
    ids = [sample.video_id for sample in of]
    SourceJoints(folder, of).copy(folder / "records", ids)
    return [read_joints(folder / "records/joints", video_id, 5).positions[0, 0, 0] for video_id in ids]


def problems(folder, of):
    joints = SourceJoints(folder, of)
    return [problem for sample in of for problem in joints.problems(sample, 5)]


def test_names_of_joints(tmp_path):
    """The name of a file is enough if it belongs to one video; else the id."""
    write_joints(tmp_path, **{"001": 1, "dive #1": 2, "a/002.avi": 3, "b/002.avi": 4, "f.mp4#1": 5, "f.mp4#2": 6})
    assert kept(tmp_path, samples(tmp_path, **{"001": "samples/001.avi", "b": "dive #1.avi"})) == [1, 2]
    stretches = {f"f.mp4#{number}": "f.mp4" for number in (1, 2)}
    assert kept(tmp_path, samples(tmp_path, "a/002.avi", "b/002.avi", **stretches)) == [3, 4, 5, 6]
    found = problems(tmp_path, samples(tmp_path, "a/001.avi", "b/001.avi"))
    assert codes(found) == ["not_found"] * 2
    assert "a/001.avi.npy" in str(found[0]) and "b/001.avi.npy" in str(found[1])
    for video_id in ("/elsewhere/x", "../../x"):
        (problem,) = problems(tmp_path, samples(tmp_path, **{video_id: "001.avi"}))
        assert problem.code == "outside_folder" and problem.where == "labels.csv: row 1"


def test_missing_joints_are_known_before_anything_is_decoded(tmp_path):
    write_joints(tmp_path, **{"001": 1})
    of = samples(tmp_path, "001.avi", "002.avi")
    for sample in of:
        sample.path.touch()
    ((sample, (problem,)),) = SampleChecks(Source(None, of), tmp_path).known()
    assert sample.video_id == "002.avi" and str(tmp_path / "joints/002.npy") in str(problem)


def write_joints_of_diving(folder, wrong=()):
    """Of every video of `diving_dir`; {id: other number of frames}."""
    write_joints(folder)
    for number in range(1, 11):
        length = dict(wrong).get(f"{number:03d}", 24 + number)
        np.save(folder / f"joints/{number:03d}.npy", np.full((length, 2, 2), 24.0, np.float32))


@pytest.mark.parametrize(("armstands", "warned"), [(10, True), (6, True), (5, False), (0, False)])
def test_joints_whose_y_points_up_are_warned_of(armstands, warned, diving_dir, tmp_path):
    """What the first frames show tells: who has fallen may be upside down."""
    write_joints(diving_dir)
    for number in range(1, 11):
        joints = np.full((24 + number, 2, 2), 24.0, np.float32)
        joints[:, 0, 1] = 14  # the head
        joints[5:, 0, 1] = 34
        joints[:, :, 1] = 48 - joints[:, :, 1] if number <= armstands else joints[:, :, 1]
        np.save(diving_dir / f"joints/{number:03d}.npy", joints)
    of_check, _ = check("unlv_diving", diving_dir, workers=1)
    _, of_build = build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)
    for remarks in (of_check, of_build):
        told = [line.code for line in remarks if f"{armstands} of 10 videos begin with the head below" in line]
        assert told == ["upside_down"] * warned


def test_joints_of_other_frames_are_found_by_check_and_refused_by_build(diving_dir, tmp_path):
    write_joints_of_diving(diving_dir, {"002": 25, "005": 30})
    lines, number = check("unlv_diving", diving_dir, workers=1)
    assert number == 2
    for line, video_id, right, wrong in zip(lines, ("002", "005"), (26, 29), (25, 30), strict=False):
        assert all(text in line for text in (f"joints/{video_id}.npy", f"{right}, 2, 2", f"{wrong}, 2, 2"))
    with refused("bad_rows", "002.npy", "005.npy"):
        build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)
    skipping = dataclasses.replace(SMALL, on_error="skip")
    info, _ = build_records("unlv_diving", diving_dir, tmp_path / "records", skipping, workers=1)
    right = sorted(info.videos)
    assert len(right) == 8 and sorted(path.stem for path in (tmp_path / "records/joints").glob("*.npy")) == right


def test_a_size_that_is_upright_where_videos_are_not_is_refused(diving_dir, tmp_path):
    write_joints_of_diving(diving_dir)
    for size, number in (([360, 480], 0), ([480, 360], 10)):
        index = {"source": "mine", "names": ["head", "hand"], "size": size}
        (diving_dir / "joints/joints.json").write_text(json.dumps(index))
        assert check("unlv_diving", diving_dir, workers=1)[1] == number
    with refused("bad_rows", "joints.json: size is (height, width), but the video is 1.33:1"):
        build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)


def test_a_wrong_index_of_joints_is_named(diving_dir, tmp_path):
    write_joints_of_diving(diving_dir)
    (diving_dir / "joints/joints.json").write_text('{"names": ["hand"]}')
    with pytest.raises(InputError) as error:
        check("unlv_diving", diving_dir, workers=1)
    with refused(error.value.code, "joints.json"):
        build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)


def test_joints_beside_records_that_are_not_those_of_the_source_are_not_lost(diving_dir, tmp_path):
    records, again = tmp_path / "records", {"workers": 1, "overwrite": True}
    build_records("unlv_diving", diving_dir, records, SMALL, workers=1)
    write_joints(records, **{"001": 1})
    for _ in ("without joints", "with others"):
        with refused("would_lose_joints", "records/joints", "diving/joints"):
            build_records("unlv_diving", diving_dir, records, SMALL, **again)
        assert (records / "joints/001.npy").is_file()
        if not (diving_dir / "joints").exists():
            write_joints_of_diving(diving_dir)
            (diving_dir / "joints/joints.json").write_text('{"source": "another", "names": ["head", "hand"]}')
    shutil.copyfile(records / "joints/joints.json", diving_dir / "joints/joints.json")
    build_records("unlv_diving", diving_dir, records, SMALL, **again)
    assert len(list((records / "joints").glob("*.npy"))) == 10
