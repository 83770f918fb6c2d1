"""Layouts of UNLV-Diving and UNLV-Vault, and classes of motion: what is incomplete is refused."""

import shutil

import pytest
import scipy.io
from conftest import write_bars, write_split
from layouts import change_times, write_table
from refusals import refused
from test_published import build

from data_prep.datasets import motion, unlv
from data_prep.records.verifying import read_records
from scoringnet_tf.data.dataset_info import DatasetInfo

STAGES = ("video_id", "stage", "start_frame", "end_frame")


def _stages_that_count_from_0(folder):
    write_table(folder / "stage_labels.csv", STAGES, [(f"{number:03d}", "entry", 5, 9) for number in range(10)])


@pytest.mark.parametrize(
    ("damage", "code", "named"),
    [
        (lambda folder: (folder / "split_7_3/testing_idx.mat").unlink(), "not_found", "testing_idx.mat"),
        (lambda folder: shutil.copytree(folder / "split_7_3", folder / "split_6_4"), "ambiguous", "split_6_4"),
        # Each video would have the stages of the one before.
        (_stages_that_count_from_0, "out_of_range", "stage_labels.csv"),
        # Row i is video i: one that is lost, or there twice, moves all that follow.
        (lambda folder: change_times(folder, 4, ""), "count_mismatch", "jump_drop_water_label.txt"),
    ],
)
def test_an_incomplete_layout_is_refused(diving_dir, tmp_path, damage, code, named):
    damage(diving_dir)
    with refused(code, named):
        build("unlv_diving", diving_dir, tmp_path / "records")
    assert not (tmp_path / "records").exists()


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
    with refused("not_found", "gym_vault_difficulty_level.mat", "--difficulty_csv"):
        build("unlv_vault", vault_dir, tmp_path / "records")
    (vault_dir / "gym_vault_samples_len_ori").rename(vault_dir / "gym_vault_samples_len_100_lstm")
    scipy.io.savemat(vault_dir / "gym_vault_difficulty_level.mat", {"difficulty_level": [6.5, 5.2, 6.0]})
    write_table(vault_dir / "stage_labels.csv", STAGES, [(name, "landing", 4, 10) for name in ("1", "02", "003")])
    info = build("unlv_vault", vault_dir, tmp_path / "records")
    assert info.sport == "vault" and info.stage_frames["train"] == {"landing": 12, "unlabelled": 8}
    assert info.videos["002"]["execution"] == pytest.approx(9.3)


def test_vault_with_difficulties_from_a_csv_and_no_stages(vault_dir, tmp_path):
    table = tmp_path / "difficulty.csv"
    for rows, code, *named in (
        ("1,6.5\n3,6.0\n", "bad_rows", "002.avi (row 2)"),
        ("one,6.5\n3,6.0\n3,5.0\n", "malformed_rows", "row 2", "row 4"),
        ("1.5,6.5\n", "malformed_rows", "row 2", "1.5,6.5"),
        ("1,6_5\n", "malformed_rows", "row 2", "1,6_5"),  # Python alone reads 65
    ):
        table.write_text(f"video,difficulty\n{rows}")
        with refused(code, *named):
            build("unlv_vault", vault_dir, tmp_path / "records", difficulty_csv=table)
    table.write_text("video,difficulty\n001,6.5\n3,6.0\n2,5.2\n")
    info = build("unlv_vault", vault_dir, tmp_path / "records", difficulty_csv=table)
    assert info.videos["001"]["execution"] == pytest.approx(9.4) and info.settings["difficulty"] == "difficulty.csv"
    assert info.stage_frames["train"] == {"unlabelled": 20}
    with refused("flag_unused", "--difficulty_csv"):
        build("unlv_diving", vault_dir, tmp_path / "x", difficulty_csv=table)


def test_tables_of_vaults_that_count_otherwise_are_refused(vault_dir, tmp_path):
    """From 0, or with a difficulty too many: each vault would have what is its neighbour's."""
    path = vault_dir / "gym_vault_difficulty_level.mat"
    scipy.io.savemat(path, {"difficulty_level": [5.0, 6.5, 5.2, 6.0]})
    with refused("count_mismatch", path, "4", "3"):
        unlv.read_vault(vault_dir)
    (tmp_path / "d.csv").write_text("video,difficulty\n0,6.5\n1,5.2\n2,6.0\n")
    with refused("out_of_range", "d.csv", "1 to 3"):
        unlv.read_vault(vault_dir, difficulty_csv=tmp_path / "d.csv")
    scipy.io.savemat(path, {"difficulty_level": [6.5, 5.2, 6.0]})
    for name, code in (("0", "out_of_range"), ("1.avi", "not_an_integer")):
        write_table(vault_dir / "stage_labels.csv", STAGES, [(name, "landing", 0, 3)])
        with refused(code, "stage_labels.csv", name):
            unlv.read_vault(vault_dir)


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


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("video,sport,split\n1,diving,train\n", "missing_column", "motion_classes.csv"),
        ("video,sport,turns,split\n1,diving,2,train\n2,vault,2,train\n", "unknown_name", "diving, vault"),
        ("video,sport,turns,split\n1,chess,2,train\n", "unknown_name", "chess"),
        ("video,sport,turns,split\n", "no_rows", "motion_classes.csv"),
        ("video,sport,turns,split\n1,diving,2,train\n2,diving,2\n", "count_mismatch", "row 3"),
    ],
)
def test_wrong_motion_classes_are_refused(tmp_path, text, code, named):
    (tmp_path / "motion_classes.csv").write_text(text)
    with refused(code, named):
        motion.read(tmp_path)


def test_dives_in_phases(diving_dir, tmp_path):
    """The times give either sport; a table of stages gives its own alone."""
    assert unlv.read_diving(diving_dir).label_rate == 25, "the official times count those of the official videos"
    first = (diving_dir / "jump_drop_water_label.txt").read_text().split()[0]
    t0, t1, t2, t3 = map(int, first.split(","))
    segments = unlv.read_diving(diving_dir, sport="diving_phases").samples[0].segments
    spans = [(segment.stage, segment.start, segment.end) for segment in segments]
    assert spans == [
        *(("approach", 0, t0), ("jump", t0, t1), ("flight", t1, t2), ("entry", t2, t3), ("noise", t3, None))
    ]
    info = build("unlv_diving", diving_dir, tmp_path / "records", sport="diving_phases")
    assert info.sport == "diving_phases" and "jump" in info.stages
    for used, asked, stage in (("diving", "diving_phases", "take-flight"), ("diving_phases", "diving", "flight")):
        write_table(diving_dir / "stage_labels.csv", STAGES, [("1", stage, 4, 10)])
        own = unlv.read_diving(diving_dir, sport=used)
        assert (own.sport, own.label_rate) == (used, None), "a table counts the frames of these videos"
        with refused("other_sport", "stage_labels.csv", f"--sport={used}"):
            unlv.read_diving(diving_dir, sport=asked)
    with refused("unknown_name", "--sport=vault"):
        unlv.read_diving(diving_dir, sport="vault")
