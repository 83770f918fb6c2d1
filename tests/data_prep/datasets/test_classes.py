"""UCF-101 and clips of motion: clips with classes, to pretrain on."""

import shutil

import pytest
from conftest import write_motion
from layouts import (
    problem_codes,
    write_ucf101,
)
from refusals import refused
from test_published import build

from data_prep.datasets import (
    motion,
    ucf101,
)
from data_prep.records.verifying import read_records

# === UCF-101 ===

TRAIN = "ucfTrainTestlist/trainlist01.txt"


def test_ucf101_clips_with_classes(tmp_path):
    source = write_ucf101(tmp_path / "ucf")
    plain = ucf101.read(source)
    info = build("ucf101", source, tmp_path / "records")
    assert info.classes == {"action": ["ApplyEyeMakeup", "BoxingPunchingBag"]} and info.stages == []
    labels = {
        record["example/id"].decode(): int(record["class/action"])
        for split in info.splits
        for _, record in read_records(info, split)
    }
    assert labels["v_ApplyEyeMakeup_g01_c01"] == 0 and labels["v_BoxingPunchingBag_g09_c01"] == 1 and len(labels) == 6
    for video_id, label in labels.items():
        assert info.videos[video_id]["group"] == video_id[:-4] and info.videos[video_id]["classes"] == {"action": label}
    shutil.rmtree(source)
    assert ucf101.read(write_ucf101(source, test_labels=True, newline="\r\n")) == plain


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ApplyEyeMakeup/v_BoxingPunchingBag_g09_c01.avi 1", "wrong_class"),
        ("ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 2", "wrong_class"),
        ("ApplyEyeMakeup/v_ApplyEyeMakeup_c03.avi 1", "no_group"),
        ("ApplyEyeMakeup/makeup.avi 1", "no_group"),
        ("Golf/v_Golf_g01_c01.avi 3", "unknown_name"),
        ("../v.avi 1", "unknown_name"),
    ],
)
def test_what_is_wrong_with_a_clip_of_ucf101(tmp_path, line, code):
    source = write_ucf101(tmp_path / "ucf", num_frames=1)
    with (source / TRAIN).open("a") as file:
        file.write(f"{line}\n")
    assert problem_codes(ucf101.read(source)) == [("trainlist01.txt, row 5", code)]


def test_classes_of_ucf101_are_numbered_and_splits_are_there(tmp_path):
    source = write_ucf101(tmp_path / "ucf", num_frames=1)
    with refused("not_found", "trainlist02.txt"):
        ucf101.read(source, official_split=2)
    (source / "ucfTrainTestlist/classInd.txt").write_text("1 ApplyEyeMakeup\n3 BoxingPunchingBag\n")
    with refused("malformed_rows", "classInd.txt", "row 2"):
        ucf101.read(source)


# === Clips of motion ===


def test_a_clip_without_a_class_is_a_problem(tmp_path):
    """Row numbers count the blank line."""
    source = write_motion(tmp_path / "motion", 3)
    header, *rows = (source / "motion_classes.csv").read_text().splitlines()
    rows[1] = rows[1].replace(",diving,2,", ",diving,,")
    (source / "motion_classes.csv").write_text("\n".join([header, rows[0], "", *rows[1:]]))
    read = motion.read(source)
    assert read.classes["group"] == ["1", "3"]
    assert [sample.classes.get("group") for sample in read.samples] == [0, None, 1]
    assert problem_codes(read) == [("motion_classes.csv, row 4", "missing_value")]


@pytest.mark.parametrize(("one", "other"), [("1", "01"), ("1", "1.0"), ("tuck", "Tuck"), ("tué", "tue\u0301")])
def test_two_spellings_of_a_class_are_refused(tmp_path, one, other):
    table = write_motion(tmp_path / "motion", 3) / "motion_classes.csv"
    text = table.read_text().replace(",diving,1,", f",diving,{one},").replace(",diving,2,", f",diving,{other},")
    table.write_text(text, encoding="utf-8")
    with refused("two_spellings", table, one, other):
        motion.read(table.parent)
