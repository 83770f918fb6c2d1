"""Whole simulated datasets, small: layout, labels, reproducibility, refusals."""

import csv
import dataclasses
import hashlib
import json

import av
import numpy as np
import pytest
import scipy.io
from refusals import refused

from data_prep.datasets import motion
from data_prep.simulator.dataset import simulate
from data_prep.simulator.diving.simulator import read_labels, unusable_rows
from data_prep.simulator.files import CODECS, write_vector
from data_prep.simulator.joints import simulate_joints
from data_prep.simulator.plan import get_simulator, plan_videos
from data_prep.simulator.settings import CLIP_LEAD, CLIP_TAIL, Settings
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.factors import read_factors

SMALL = Settings("diving", "scoring", 4, 0, None, False, 0.25, 48, 64)
DIVING, VAULT = get_simulator("diving"), get_simulator("vault")
NAMES = {"diving": "diving", "vault": "gym_vault"}  # of the official files
SPORTS = pytest.mark.parametrize("sport", NAMES)


def settings_of(sport, **changes):
    return dataclasses.replace(SMALL, sport=sport, **changes)


def digests(folder):
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def rows_of(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def num_frames_of(file):
    with av.open(str(file)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.fixture(scope="module")
def both_drawn(tmp_path_factory):
    """Four videos of each sport, {sport: folder}."""
    folders = {sport: tmp_path_factory.mktemp("simulated") / sport for sport in NAMES}
    for sport, folder in folders.items():
        simulate(settings_of(sport), folder, workers=1)
    return folders


@pytest.fixture(scope="module")
def drawn(both_drawn):
    return both_drawn["diving"]


# === What is written ===


@SPORTS
def test_layout_is_the_official_one(both_drawn, sport):
    folder, name = both_drawn[sport], NAMES[sport]
    assert set(digests(folder)) == {
        *(f"{name}_samples_len_ori/00{video}.avi" for video in range(1, 5)),
        *(f"{name}_overall_scores.mat", f"{name}_difficulty_level.mat", "stage_labels.csv", "factors.csv"),
        *(["jump_drop_water_label.txt"] if sport == "diving" else []),
        *("split_3_1/training_idx.mat", "split_3_1/testing_idx.mat", "README.md", "simulation.json"),
        *("joints/joints.json", *(f"joints/00{video}.npy" for video in range(1, 5))),
    }
    for variable in ("difficulty_level", "overall_scores"):
        values = scipy.io.loadmat(folder / f"{name}_{variable}.mat")[variable]
        assert values.shape == (1, 4) and values.dtype == np.float64
    assert scipy.io.loadmat(folder / "split_3_1/training_idx.mat")["training_idx"].shape == (3, 1)
    description = json.loads((folder / "simulation.json").read_text())
    assert description["simulated"] is True and description["settings"]["easy"] is False
    libraries = {"scoringnet_tf", "simulator", "python", "numpy", "opencv", "av"}
    assert description["versions"].keys() == libraries, "another one may render other pixels"
    assert "rendering" not in description["settings"]  # older datasets, which had none, can be resumed


@SPORTS
def test_labels_agree_with_each_other_and_with_the_videos(both_drawn, sport):
    folder, name = both_drawn[sport], NAMES[sport]
    overall, difficulty = (
        scipy.io.loadmat(folder / f"{name}_{variable}.mat")[variable].ravel()
        for variable in ("overall_scores", "difficulty_level")
    )
    stages = rows_of(folder / "stage_labels.csv")
    for video, row in enumerate(rows_of(folder / "factors.csv"), start=1):
        marks = sorted(float(mark) for mark in row["marks"].split())
        dive, vault = difficulty[video - 1] * sum(marks[2:5]), difficulty[video - 1] + sum(marks[1:4]) / 3
        assert overall[video - 1] == pytest.approx(dive if sport == "diving" else vault, abs=0.0011)
        segments = [segment for segment in stages if segment["video_id"] == f"{video:03d}"]
        starts, ends = ([int(segment[key]) for segment in segments] for key in ("start_frame", "end_frame"))
        assert starts == [0, *ends[:-1]]
        assert ends[-1] == num_frames_of(folder / f"{name}_samples_len_ori/{video:03d}.avi")
        found = [segment["stage"] for segment in segments]
        if sport == "vault":
            assert found[-4:] == ["pre-flight", "posting-flight", "landing", "noise"] and len(found) <= 5


def test_videos_and_faults_are_as_planned(drawn):
    plans, found = plan_videos(DIVING, SMALL), []
    for row, plan in zip(rows_of(drawn / "factors.csv"), plans, strict=True):
        with av.open(str(drawn / plan.path)) as container:
            found.append(container.streams.video[0].codec_context.name)
        severities = {name: float(row[name]) for name in plan.trait.severities}
        assert severities == pytest.approx(plan.trait.severities, abs=1e-4)
        assert abs(float(row["deserved"]) - float(row["execution"])) < 4 and float(row["deserved"]) % 0.5  # they err
    planned = [plan.codec.replace("libx264", "h264") for plan in plans]
    assert found == planned and len(set(found)) > 1
    assert len({severity for plan in plans for severity in plan.trait.severities.values()}) > 8


@pytest.mark.parametrize("sport", ["diving", pytest.param("vault", marks=pytest.mark.slow)])
def test_same_seed_same_bytes_whatever_the_number_of_workers(both_drawn, tmp_path, sport):
    simulate(settings_of(sport), tmp_path / "again", workers=2)
    assert digests(tmp_path / "again") == digests(both_drawn[sport])


@SPORTS
def test_motion_clips_have_their_element_as_class(tmp_path, sport):
    settings = settings_of(sport, task="motion", num_videos=5)
    simulate(settings, tmp_path / "motion", workers=1)
    source, plans = motion.read(tmp_path / "motion"), plan_videos(get_simulator(sport), settings)
    assert source.sport == sport and {sample.split for sample in source.samples} == {"train", "validation"}
    heads = ["family" if sport == "vault" else "group", "half_somersaults", "position", "half_twists"]
    for sample, plan in zip(source.samples, plans, strict=True):
        names = [source.classes[head][sample.classes[head]] for head in heads]
        assert names == [str(getattr(plan.element, head)) for head in heads]
        assert num_frames_of(sample.path) == plan.num_frames == plan.boundaries[2] + CLIP_TAIL
        assert sport == "diving" or plan.boundaries[1] == CLIP_LEAD


@SPORTS
def test_easy_preset_has_one_element_for_each_difficulty(sport):
    shown, settings = {}, settings_of(sport, easy=True, num_videos=80)
    for plan in plan_videos(get_simulator(sport), settings):
        assert shown.setdefault(plan.difficulty, plan.element) == plan.element
    assert len(shown) > 8 and settings.to_json()["easy"] is True
    codecs = {
        easy: {p.codec for p in plan_videos(get_simulator(sport), settings_of(sport, easy=easy, num_videos=80))}
        for easy in (True, False)
    }
    assert codecs == {True: {"mpeg4"}, False: set(CODECS)}


# === Other renderings ===


@SPORTS
def test_another_rendering_is_the_same_performances_in_other_pixels(both_drawn, tmp_path, sport):
    simulate(settings_of(sport, rendering=1), tmp_path, workers=1)
    one, other = map(digests, (both_drawn[sport], tmp_path))
    pixels = {name for name in one if name.endswith((".avi", ".npy"))}
    assert {name for name in one if one[name] != other[name]} == pixels | {"README.md", "simulation.json"}
    assert "--seed=0 --rendering=1" in (tmp_path / "README.md").read_text()
    with refused("other_simulation", "settings rendering"):
        simulate(settings_of(sport), tmp_path, workers=1)


def test_of_one_split_alone_there_are_its_videos_and_all_labels(both_drawn, tmp_path):
    simulate(settings_of("diving", split="test"), tmp_path / "dives", workers=1)
    whole, part = digests(both_drawn["diving"]), digests(tmp_path / "dives")
    (name,) = (plan.path.stem for plan in plan_videos(DIVING, SMALL) if plan.split == "test")
    others = {file for file in whole if file.endswith((".avi", ".npy")) and name not in file}
    assert len(others) == 6 and whole.keys() - part.keys() == others
    assert {file for file in part if part[file] != whole[file]} == {"simulation.json"}
    with refused("flags_conflict", "--split and --task=motion"):
        settings_of("diving", task="motion", split="test")


# === Real labels ===


@pytest.fixture
def labels_dir(tmp_path):
    folder = tmp_path / "real"
    (folder / "split_3_2").mkdir(parents=True)
    write_vector(folder / "diving_overall_scores.mat", "overall_scores", [80.0, 81.0, 75.0, 49.2, 74.25])
    write_vector(folder / "diving_difficulty_level.mat", "difficulty_level", [3.2, 3.6, 3.0, 4.1, 2.7])
    for part, ids in (("training", [1, 3, 5]), ("testing", [2, 4])):
        write_vector(folder / "split_3_2" / f"{part}_idx.mat", f"{part}_idx", np.array(ids, np.uint16), column=True)
    rows = ["20,30,50,60", "5,14,38,44", "9,8,30,40", "30,41,64,75", "3,9,30,33"]
    (folder / "jump_drop_water_label.txt").write_text("\n".join(rows) + "\n")
    return folder


def test_real_labels_are_kept_as_they_are(labels_dir, tmp_path):
    folder = tmp_path / "sim"
    simulate(dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=None), folder, workers=1)
    videos = sorted(file.name for file in (folder / "diving_samples_len_ori").iterdir())
    assert videos == ["001.avi", "002.avi", "004.avi", "005.avi"]
    before, after = read_labels(labels_dir), read_labels(folder)
    for name in ("overall", "difficulty", "boundaries"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert (after.split_name, after.training, after.testing) == ("split_3_2", [1, 5], [2, 4])
    assert "row 3: 9,8,30,40" in unusable_rows(before, labels_dir)
    factors = {int(row["video_id"]): row for row in rows_of(folder / "factors.csv")}
    assert float(factors[4]["execution"]) == pytest.approx(49.2 / 4.1)
    assert factors[5]["dive"] in ("107C", "205C", "305C", "6241B")
    for row in rows_of(folder / "stage_labels.csv"):
        if row["stage"] == "noise" and row["start_frame"] == "0":
            assert int(row["end_frame"]) <= 0.4 * before.boundaries[int(row["video_id"]) - 1, 0]


def test_real_labels_become_joints(labels_dir, tmp_path):
    """With their scores, their split, and dives of their difficulty; row 3 is unusable."""
    settings = dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=None, joints=True)
    simulate_joints(settings, tmp_path / "joints", workers=1)
    info = DatasetInfo.load(tmp_path / "joints")
    assert {split: entry["ids"] for split, entry in info.splits.items()} == {
        "train": ["001", "005"],
        "test": ["002", "004"],
    }
    assert info.videos["004"]["final"] == pytest.approx(49.2) and info.videos["004"]["difficulty"] == 4.1
    assert read_factors(info, ["001", "004"]).values.shape == (2, 12)
    assert info.simulation["labels"] == "real label files"
    assert "--joints" in (tmp_path / "joints/README.md").read_text()


def test_fewer_videos_of_real_labels_represent_both_splits(labels_dir):
    plans = plan_videos(DIVING, dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=2))
    assert [(plan.video_id, plan.split) for plan in plans] == [(1, "train"), (2, "test")]
    with refused("out_of_range", "--num_videos=9"):
        plan_videos(DIVING, dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=9))


def test_unusable_label_files_are_named(labels_dir):
    testing = labels_dir / "split_3_2/testing_idx.mat"
    for ids, code in (([2, 0], "out_of_range"), ([2, 6], "out_of_range"), ([1], "duplicate")):
        scipy.io.savemat(testing, {"testing_idx": np.array(ids)})
        with refused(code, "split_3_2", ids[-1]):
            read_labels(labels_dir)
    scipy.io.savemat(testing, {"testing_idx": np.array([2, 4])})
    path = labels_dir / "diving_overall_scores.mat"
    scipy.io.savemat(path, {"overall_scores": 100 * scipy.io.loadmat(path)["overall_scores"]})
    with refused("wrong_scale", path.name, "row 1 and 4 more rows"):
        read_labels(labels_dir)
    (labels_dir / "jump_drop_water_label.txt").write_text("1,2,3,4\n1,2,x,4\n")
    for damage, code, named in (
        (lambda: None, "malformed_rows", "jump_drop_water_label.txt, row 2"),
        (lambda: path.write_bytes(path.read_bytes()[:160]), "damaged", path.name),
        (path.unlink, "not_found", path.name),
    ):
        damage()
        with refused(code, named):
            read_labels(labels_dir)


# === Refusals ===


def test_a_folder_with_other_settings_or_other_files_is_refused(drawn, tmp_path):
    with refused("other_simulation", "settings seed"):
        simulate(dataclasses.replace(SMALL, seed=9), drawn, workers=1)
    (tmp_path / "notes.txt").write_text("mine")
    with refused("exists", tmp_path):
        simulate(SMALL, tmp_path, workers=1)
    with refused("unknown_name", "curling"):
        get_simulator("curling")
