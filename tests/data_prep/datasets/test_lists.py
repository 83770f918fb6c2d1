"""AQA-7, UCF-101, clips of motion: lists become samples; what is wrong with a copy is named."""

import shutil

import numpy as np
import pytest
import scipy.io
from conftest import write_motion
from layouts import (
    notes_of,
    problem_codes,
    write_aqa7,
    write_ucf101,
)
from refusals import refused
from test_published import build

from data_prep.datasets import (
    aqa7,
    motion,
    ucf101,
)
from data_prep.records.checks import score_problems
from data_prep.records.verifying import read_records
from scoringnet_tf.sports import get_sport

# === AQA-7 ===


def write_lists(folder, train, test, action="diving"):
    """The two lists with these rows, without a frame."""
    (folder / f"{action}-out").mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", train), ("test", test)):
        scipy.io.savemat(folder / f"split_4_{split}_list.mat", {f"consolidated_{split}_list": np.array(rows, float)})
    return folder


@pytest.mark.parametrize("copy", [{"scale": 100}, {"scale": 100, "dtype": np.uint16}, {"transposed": True}])
def test_aqa7_copies_give_the_same_samples(tmp_path, copy):
    source = tmp_path / "aqa7"
    write_aqa7(source, num_frames=1)
    plain = {action: aqa7.read(source, action=action).samples for action in ("diving", "gym_vault")}
    assert [(sample.video_id, sample.split, sample.final) for sample in plain["diving"]] == [
        ("001", "train", 84.15),
        ("002", "train", 51.0),
        ("004", "train", 30.5),
        ("003", "test", 21.6),
    ]
    shutil.rmtree(source)
    write_aqa7(source, num_frames=1, **copy)
    for action, expected in plain.items():
        read = aqa7.read(source, action=action)
        scales = {read.settings["score_scale_train"], read.settings["score_scale_test"]}
        assert read.samples == expected and scales == {str(copy.get("scale", 1))}


@pytest.mark.parametrize("scales", [(1, 1), (1, 100), (100, 1), (100, 100)])
def test_each_list_of_aqa7_has_a_scale_of_its_own(tmp_path, scales):
    """A failed dive scores 0 by either; a row of another action does not vote."""
    scores = [84.15, 0, 21.6], [102.6, 50.0]
    rows = [
        [[1, number + 10 * split, score * scale] for number, score in enumerate(scores[split], start=1)]
        for split, scale in enumerate(scales)
    ]
    read = aqa7.read(write_lists(tmp_path, [*rows[0], [2, 1, 15.1]], [[2, 2, 1510], *rows[1]]), action="diving")
    assert [sample.final for sample in read.samples] == pytest.approx([*scores[0], *scores[1]])
    assert (read.settings["score_scale_train"], read.settings["score_scale_test"]) == tuple(map(str, scales))
    assert ("score_scale" in notes_of(read)) == (scales != (1, 1))
    assert "002 (0)" in notes_of(read)["unpublished_scores"]


def test_rows_of_aqa7_on_another_scale_or_without_a_score(tmp_path):
    train = [[1, 1, 84.15], [1, 2, 5100], [1, 3, 30.5], [1, 4, np.nan], [1, 5, 40.0]]
    read = aqa7.read(write_lists(tmp_path, train, [[1, 6, 50.0], [1, 7, 8415], [1, 8, 5000]]), action="diving")
    assert problem_codes(read) == [
        ("split_4_train_list.mat, row 2", "wrong_scale"),
        ("split_4_test_list.mat, row 1", "wrong_scale"),
    ]
    assert [s.video_id for s in read.samples if score_problems(s, get_sport("diving"))] == ["004"]


@pytest.mark.parametrize(
    ("train", "code", "named"),
    [
        ([[1, 1, 84.15], [7, 2, 50]], "out_of_range", "7 in row 2"),
        ([[1, 1, 84.15], [0, 2, 50]], "out_of_range", "0 in row 2"),
        ([[12, 1, 84.15], [13, 1, 50]], "out_of_range", "12 in row 1, 13 in row 2"),
        ([[1, 84.15, 12], [1, 50.5, 13]], "not_an_integer", "84.15"),
        ([[2, 1, 15.1]], "no_rows", "diving"),
        ([[1, 1, 0.8415], [1, 2, 0.51]], "wrong_scale", "diving"),
    ],
)
def test_lists_of_aqa7_that_are_refused_as_a_whole(tmp_path, train, code, named):
    """Unknown actions, columns that changed places, a split without a row."""
    with refused(code, "split_4_train_list.mat", named):
        aqa7.read(write_lists(tmp_path, train, [[1, 3, 21.6]]), action="diving")


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
    for name in ("train", "test"):
        (source / f"ucfTrainTestlist/{name}list02.txt").write_text((source / TRAIN).read_text())
    assert ucf101.read(source, official_split=2).published.videos == {"train": 9586, "test": 3734}
    (source / "ucfTrainTestlist/classInd.txt").write_text("1 ApplyEyeMakeup\n3 BoxingPunchingBag\n")
    with refused("malformed_rows", "classInd.txt", "row 2"):
        ucf101.read(source)


# === Clips of motion ===


def test_a_clip_without_a_class_is_a_problem(tmp_path):
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
