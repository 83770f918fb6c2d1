"""Layouts of UNLV-Diving and UNLV-Vault, and classes of motion: what is incomplete is refused."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from conftest import write_bars, write_split
from layouts import write_table

from data_prep.datasets import motion, unlv
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.verifying import read_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.errors import InputError

SMALL = BuildSettings((36, 48))
STAGES = ("video_id", "stage", "start_frame", "end_frame")
VIDEOS = "diving_samples_len_ori"


def build(source, output, dataset="unlv_diving", settings=SMALL, **kwargs):
    return build_records(dataset, source, output, settings, workers=1, **kwargs)[0]


def _change_times(folder, row, line):
    path = folder / "jump_drop_water_label.txt"
    lines = path.read_text().splitlines()
    lines[row - 1 : row] = [line] if line else []
    path.write_text("\n".join(lines))


def _other_variable(folder):
    scipy.io.savemat(folder / "diving_overall_scores.mat", {"scores": np.ones(10)})


def _fewer_difficulties(folder):
    scipy.io.savemat(folder / "diving_difficulty_level.mat", {"difficulty_level": np.full(9, 3.0)})


def _stages_that_count_from_0(folder):
    write_table(folder / "stage_labels.csv", STAGES, [(f"{number:03d}", "entry", 5, 9) for number in range(10)])


def _a_number_in_two_ways(folder):
    write_table(folder / "stage_labels.csv", STAGES, [("001", "noise", 0, 2), ("1", "entry", 2, 4)])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: (folder / "diving_overall_scores.mat").unlink(), "diving_overall_scores.mat"),
        (lambda folder: (folder / "jump_drop_water_label.txt").unlink(), "jump_drop_water_label.txt"),
        (lambda folder: (folder / "split_7_3/testing_idx.mat").unlink(), "testing_idx.mat"),
        (_other_variable, "overall_scores"),
        (lambda folder: (folder / "diving_difficulty_level.mat").write_text("3"), "diving_difficulty_level.mat"),
        (_fewer_difficulties, "diving_difficulty_level.mat"),
        (lambda folder: shutil.copytree(folder / "split_7_3", folder / "split_6_4"), "split_6_4"),
        (lambda folder: shutil.rmtree(folder / VIDEOS), VIDEOS),
        (shutil.rmtree, "diving"),
        (_stages_that_count_from_0, "stage_labels.csv"),  # each video would have the stages of the one before
        (_a_number_in_two_ways, "001"),
        # Row i is video i: one that is lost, or there twice, moves all that follow.
        (lambda folder: _change_times(folder, 4, ""), "jump_drop_water_label.txt"),
        (lambda folder: _change_times(folder, 4, "4,8,16,22\n4,8,16,22"), "jump_drop_water_label.txt"),
    ],
)
def test_an_incomplete_layout_is_refused(diving_dir, tmp_path, damage, named):
    damage(diving_dir)
    with pytest.raises(InputError) as error:
        build(diving_dir, tmp_path / "records")
    assert named in str(error.value) and not (tmp_path / "records").exists()


def test_the_folder_of_a_split_may_lie_elsewhere(diving_dir, tmp_path, monkeypatch):
    """Below the source, or below the working folder."""
    for folder in (diving_dir / "random_splits/split_1", tmp_path / "mine/split_1"):
        folder.mkdir(parents=True)
        write_split(folder, [1, 2], [5])
    monkeypatch.chdir(tmp_path)
    for split_dir in ("mine/split_1", "random_splits/split_1"):
        splits = {sample.video_id: sample.split for sample in unlv.read_diving(diving_dir, split_dir).samples}
        assert splits == {"001": "train", "002": "train", "005": "test"}
    with pytest.raises(InputError) as error:
        unlv.read_diving(diving_dir, "nowhere")
    assert "--split_dir" in str(error.value)


@pytest.fixture
def vault_dir(tmp_path):
    folder = tmp_path / "vault"
    for name in ("gym_vault_samples_len_ori", "split_2_1"):
        (folder / name).mkdir(parents=True)
    write_split(folder / "split_2_1", [1, 3], [2])
    for number in (1, 2, 3):
        write_bars(folder / f"gym_vault_samples_len_ori/{number:03d}.avi", 10, number)
    scipy.io.savemat(folder / "gym_vault_overall_scores.mat", {"overall_scores": [[15.9], [14.5], [15.0]]})
    return folder


def test_vault_with_difficulties_from_a_matlab_file(vault_dir, tmp_path):
    with pytest.raises(InputError) as error:
        build(vault_dir, tmp_path / "records", "unlv_vault")
    assert "gym_vault_difficulty_level.mat" in str(error.value) and "--difficulty_csv" in str(error.value)
    (vault_dir / "gym_vault_samples_len_ori").rename(vault_dir / "gym_vault_samples_len_100_lstm")
    scipy.io.savemat(vault_dir / "gym_vault_difficulty_level.mat", {"difficulty_level": [6.5, 5.2, 6.0]})
    write_table(vault_dir / "stage_labels.csv", STAGES, [(name, "landing", 4, 10) for name in ("1", "2", "003")])
    info = build(vault_dir, tmp_path / "records", "unlv_vault")
    assert info.sport == "vault" and info.stage_frames["train"] == {"landing": 12, "unlabelled": 8}
    assert info.videos["002"]["execution"] == pytest.approx(9.3)


def test_vault_with_difficulties_from_a_csv_and_no_stages(vault_dir, tmp_path):
    table = tmp_path / "difficulty.csv"
    for rows, named in (
        ("001.avi,6.5\n3,6.0\n", ["002.avi (row 2)"]),
        ("one,6.5\n3,6.0\n3,5.0\n", ["row 2", "row 4"]),
        ("1.5,6.5\n", ["row 2", "1.5,6.5"]),
        ("1,6_5\n", ["row 2", "1,6_5"]),  # Python alone reads 65
    ):
        table.write_text(f"video,difficulty\n{rows}")
        with pytest.raises(InputError) as error:
            build(vault_dir, tmp_path / "records", "unlv_vault", difficulty_csv=table)
        assert all(name in str(error.value) for name in named)
    table.write_text("video,difficulty\n001.avi,6.5\n3,6.0\n2,5.2\n")
    info = build(vault_dir, tmp_path / "records", "unlv_vault", difficulty_csv=table)
    assert info.videos["001"]["execution"] == pytest.approx(9.4) and info.settings["difficulty"] == "difficulty.csv"
    assert info.stage_frames["train"] == {"unlabelled": 20}
    with pytest.raises(InputError) as error:
        build(vault_dir, tmp_path / "x", difficulty_csv=table)
    assert "--difficulty_csv" in str(error.value)


def test_motion_classes(motion_records):
    info = DatasetInfo.load(motion_records)
    assert info.classes == {
        "group": ["1", "2", "3"],
        "half_somersaults": ["3", "4", "5", "6", "7", "8"],
        "position": ["B", "C"],
        "half_twists": ["0"],
    }
    _, record = list(read_records(info, "train"))[3]
    labels = [record[f"class/{head}"] for head in ("group", "half_somersaults", "position")]
    assert labels == [0, 3, 1]
    assert info.splits["validation"]["ids"] == ["00004", "00005"] and info.score_statistics["train"] == {}


def test_half_somersaults_are_in_numeric_order(tmp_path):
    rows = [(number, "diving", somersaults, "train") for number, somersaults in enumerate([11, 9, 3, 9])]
    write_table(tmp_path / "motion_classes.csv", ("video", "sport", "half_somersaults", "split"), rows)
    assert motion.read(tmp_path).classes == {"half_somersaults": ["3", "9", "11"]}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("video,sport,split\n1,diving,train\n", "motion_classes.csv"),
        ("video,sport,turns,split\n1,diving,2,train\n2,vault,2,train\n", "diving, vault"),
        ("video,sport,turns,split\n1,chess,2,train\n", "chess"),
        ("video,sport,turns,split\n", "motion_classes.csv"),
        ("video,sport,turns,split\n1,diving,2,train\n2,diving,2\n", "row 3"),
    ],
)
def test_wrong_motion_classes_are_refused(tmp_path, text, named):
    (tmp_path / "motion_classes.csv").write_text(text)
    with pytest.raises(InputError) as error:
        motion.read(tmp_path)
    assert named in str(error.value)


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_real_labels(tmp_path):
    """The real label files: 370 rows, of which 32 and 95 go back in time, and the published ranges (§4.1)."""
    source = tmp_path / "unlv"
    shutil.copytree(Path(os.environ["SCORINGNET_REAL_DATA"], "unlv_diving"), source)
    (source / VIDEOS).mkdir()
    read = unlv.read_diving(source)
    samples = read.samples
    assert any("133 (28.050)" in note and "345 (21.031)" in note for note in read.notes)
    assert len(samples) == 370 and sum(sample.split == "test" for sample in samples) == 70
    assert [sample.video_id for sample in samples if sample.problems] == ["032", "095"]
    finals = [sample.final for sample in samples]
    assert min(finals) == pytest.approx(21.6) and max(finals) == pytest.approx(102.6)
    first = samples[0]
    assert first.difficulty == 3.0 and first.execution == pytest.approx(25.5)
    spans = [("pre-starting", 0, 31), ("take-flight", 31, 65), ("entry", 65, 75), ("noise", 75, None)]
    assert [segment[:3] for segment in first.segments] == spans
    for number in range(1, 7):
        splits = [sample.split for sample in unlv.read_diving(source, f"random_splits_100_59/split_{number}").samples]
        assert (splits.count("train"), splits.count("test")) == (100, 59)
