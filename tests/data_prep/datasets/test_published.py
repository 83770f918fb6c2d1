"""The published datasets: official layouts become samples and records; what is wrong with a copy is named."""

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from conftest import read_index, write_bars, write_images, write_motion, write_split, write_unlv_diving
from layouts import (
    notes_of,
    problem_codes,
    write_aqa7,
    write_finediving,
    write_gymnastics,
    write_mtl_aqa,
    write_pickle,
    write_ucf101,
)
from refusals import refused

from data_prep.datasets import (
    DATASETS,
    aqa7,
    finediving,
    motion,
    mtl_aqa,
    read_source,
    rhythmic_gymnastics,
    ucf101,
    unlv,
)
from data_prep.datasets.readers.layout import find_video, index_videos
from data_prep.datasets.sample import ALL, Published, count_note
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import score_problems
from data_prep.records.dry_run import check
from data_prep.records.psnr import compare_with_source
from data_prep.records.verifying import decode_frames, read_records, verify_records
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.sports import get_sport

SMALL = BuildSettings((36, 48))


def build(dataset, source_dir, output_dir, settings=SMALL, **options):
    build_records(dataset, source_dir, output_dir, settings, workers=1, **options)
    info = DatasetInfo.load(output_dir)
    assert verify_records(info) == []
    return info


def frame_indices(info):
    """{id: frame indices that the stored pixels show}."""
    records = [record for split in info.splits for _, record in read_records(info, split)]
    return {
        record["example/id"].decode(): [read_index(frame) for frame in decode_frames(record["image/encoded"])]
        for record in records
    }


def change(path, **updates):
    """Changes a pickle of annotations: `updates` are fields of entries, by key; None deletes one."""
    annotations = pickle.loads(path.read_bytes())
    for key, fields in updates["entries"].items():
        if fields is None:
            del annotations[key]
        else:
            annotations.setdefault(key, {}).update(fields)
    write_pickle(path, annotations)


# === MTL-AQA ===

ANNOTATIONS = "final_annotations_dict.pkl"
MARKS = [6.5, 7.0, 7.0, 6.5, 9.0, 5.0, 7.5]  # 3.0 × (6.5 + 7 + 7) = 61.5


@pytest.mark.parametrize("first_image", [0, 1])
def test_mtl_aqa_cuts_clips_from_broadcasts(tmp_path, first_image):
    """Frames of the annotation count from 0, images of FFmpeg from 1, those of some copies from 0."""
    source = write_mtl_aqa(tmp_path / "mtl", first_image=first_image)
    info = build("mtl_aqa", source, tmp_path / "records")
    assert info.splits["train"]["ids"] == ["01_001", "01_002", "02_005"] and info.splits["test"]["ids"] == ["02_001"]
    assert frame_indices(info)["01_002"] == list(range(12, 18))
    assert info.videos["02_005"]["final"] == 65.0 and info.videos["02_005"]["execution"] == pytest.approx(65 / 3)
    assert info.videos["01_002"]["path"] == "whole_videos_frames/01#12-18"
    comparison = compare_with_source(info, source)
    assert len(comparison.psnr) == 4 and min(comparison.psnr.values()) > 30
    read = mtl_aqa.read(source)
    assert [sample.group for sample in read.samples] == ["01", "01", "02", "02"], "the broadcasts"
    assert {"no_stage_labels", "no_marks"} <= notes_of(read).keys()


def test_keys_of_numpy_are_plain_ones(tmp_path):
    samples = [mtl_aqa.read(write_mtl_aqa(tmp_path / "plain")).samples]
    numbers = write_mtl_aqa(tmp_path / "numpy", key=lambda pair: tuple(np.int64(number) for number in pair))
    samples.append(mtl_aqa.read(numbers).samples)
    plain, other = ([(s.video_id, s.frames, s.final, s.split) for s in each] for each in samples)
    assert plain == other


def test_scores_are_held_against_marks(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    entries = {
        (1, 1): {"final_score": 61.5, "judge_scores": MARKS},
        (1, 2): {"judge_scores": [7.0] * 7},
        (2, 1): {"judge_scores": [7.0] * 5},
    }
    change(source / ANNOTATIONS, entries=entries)
    read = mtl_aqa.read(source)
    assert problem_codes(read) == [(f"{ANNOTATIONS}, ({key})", "inconsistent_scores") for key in ("1, 2", "2, 1")]
    assert "1 of 4" in notes_of(read)["no_marks"]


def test_annotations_with_marks_come_first(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    marked = "final_annotations_dict_with_dive_number.pkl"
    shutil.copyfile(source / ANNOTATIONS, source / marked)
    change(source / marked, entries={(1, 2): {"judge_scores": [7.0] * 7}})  # 63 points, not the 62 that it has
    read = mtl_aqa.read(source)
    assert problem_codes(read) == [(f"{marked}, (1, 2)", "inconsistent_scores")]
    assert marked in notes_of(read)["several_annotations"]


def with_marks(folder, name=ANNOTATIONS):
    """The layout with seven marks a clip, of which those of (1, 2) and (2, 1) give other scores than stated."""
    source = write_mtl_aqa(folder)
    (source / name).parent.mkdir(exist_ok=True)
    (source / ANNOTATIONS).rename(source / name)
    scores = {(1, 1): 61.5, (1, 2): 62.0, (2, 1): 62.0, (2, 5): 61.5}
    change(source / name, entries={key: {"judge_scores": MARKS, "final_score": score} for key, score in scores.items()})
    return source


@pytest.mark.parametrize("choice", ["drop", "keep"])
def test_scores_that_contradict_each_other_are_refused_dropped_or_kept(tmp_path, choice):
    """The official test split stays whole if its rows are kept, and each of them is marked in the index."""
    source, records = with_marks(tmp_path / "mtl"), tmp_path / "records"
    for settings in (SMALL, BuildSettings((36, 48), on_error="skip")):
        with refused("bad_rows", "--on_inconsistent=drop", "(1, 2)", "(2, 1)"):
            build("mtl_aqa", source, records, settings)
    info = build("mtl_aqa", source, records, BuildSettings((36, 48), on_inconsistent=choice))
    odd, sound = {"01_002", "02_001"}, {"01_001", "02_005"}
    marked = {name for name, video in info.videos.items() if "inconsistent" in video}
    skipped = {video["id"] for video in info.skipped}
    assert (info.videos.keys(), marked, skipped) == (
        (sound | odd, odd, set()) if choice == "keep" else (sound, set(), odd)
    )
    assert check("mtl_aqa", source, workers=1)[1] == 2


@pytest.mark.parametrize("name", ["augmented_final_annotations_dict.pkl", "info/anything.pkl"])
def test_annotations_of_mtl_aqa_are_recognised_by_content(tmp_path, name):
    """Beside captions, which are keyed alike, and the splits."""
    source = with_marks(tmp_path / "mtl", name)
    write_pickle(source / "final_captions_dict.pkl", {(1, 1): {"caption": "a dive"}})
    write_pickle(source / "info/vocabulary.pkl", ["a", "dive"])
    read = mtl_aqa.read(source)
    assert read.settings["annotations"] == Path(name).name and len(read.samples) == 4
    shutil.copyfile(source / name, source / "copy.pkl")
    with refused("ambiguous", "copy.pkl", name):
        mtl_aqa.read(source)


def test_mtl_aqa_reports_what_is_wrong_with_a_clip(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    entries = {
        (1, 1): None,
        (1, 2): {"start_frame": 20, "end_frame": 19, "difficulty": "hard"},
        (2, 5): {"end_frame": 90},
        (7, 7): {"start_frame": 1, "end_frame": 2, "difficulty": 3.0, "final_score": 60.0},
    }
    change(source / ANNOTATIONS, entries=entries)
    read = mtl_aqa.read(source)
    found = [(where.partition(", ")[2], code) for where, code in problem_codes(read)]
    assert found == [("(1, 1)", "missing_key"), ("(1, 2)", "not_a_number"), ("(1, 2)", "out_of_range")]
    assert "1 annotated clip" in notes_of(read)["in_no_split"]
    lines, num_problems = check("mtl_aqa", source, workers=1)
    assert num_problems >= 4 and any("(2, 5)" in line and "91" in line for line in lines)


# === AQA-7 ===


def write_lists(folder, train, test, action="diving"):
    """The two lists with these rows, without a frame."""
    (folder / f"{action}-out").mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", train), ("test", test)):
        scipy.io.savemat(folder / f"split_4_{split}_list.mat", {f"consolidated_{split}_list": np.array(rows, float)})
    return folder


@pytest.mark.parametrize("scale", [0.01, 0.1, 10])
@pytest.mark.parametrize("first", [np.nan, 0.0, 14.0])
def test_aqa7_lists_of_no_known_scale_are_refused(tmp_path, first, scale):
    """Only the scale looks wrong; a score that is NaN, or 0, says nothing."""
    train = [[2, number, score * scale] for number, score in enumerate((first, 15.1, 12.3), start=1)]
    folder = write_lists(tmp_path, train, [[2, 9, 15.1]], action="gym_vault")
    with refused("wrong_scale", "train_list.mat", "gym_vault"):
        aqa7.read(folder, action="gym_vault")


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


def test_a_list_of_aqa7_without_scores_has_no_scale(tmp_path):
    read = aqa7.read(write_lists(tmp_path, [[1, 1, np.nan], [1, 2, 0.0]], [[1, 3, 50.0]]), action="diving")
    assert problem_codes(read) == [] and len(read.samples) == 3


@pytest.mark.parametrize(
    ("train", "code", "named"),
    [
        ([[1, 1, 84.15], [7, 2, 50]], "out_of_range", "7 in row 2"),
        ([[1, 1, 84.15], [0, 2, 50]], "out_of_range", "0 in row 2"),
        ([[12, 1, 84.15], [13, 1, 50]], "out_of_range", "12 in row 1, 13 in row 2"),
        ([[1, 84.15, 12], [1, 50.5, 13]], "not_an_integer", "84.15"),
        ([[2, 1, 15.1]], "no_rows", "diving"),
    ],
)
def test_lists_of_aqa7_that_are_refused_as_a_whole(tmp_path, train, code, named):
    """Unknown actions, columns that changed places, a split without a row."""
    with refused(code, "split_4_train_list.mat", named):
        aqa7.read(write_lists(tmp_path, train, [[1, 3, 21.6]]), action="diving")


def test_samples_of_aqa7_are_numbered_from_1_to_the_last(tmp_path):
    """8415: with the score ×100 in the place of the sample both are integers."""
    folder = write_lists(tmp_path, [[1, 1, 50.0], [1, 370, 50.0]], [[1, 0, 50.0], [1, 371, 50.0], [1, 8415, 30]])
    assert problem_codes(aqa7.read(folder, action="diving")) == [
        (f"split_4_test_list.mat, row {row}", "out_of_range") for row in (1, 2, 3)
    ]


def test_lists_of_aqa7_may_have_their_older_name(tmp_path):
    source = write_aqa7(tmp_path / "aqa7", num_frames=1)
    plain = aqa7.read(source, action="diving").samples
    for split in ("train", "test"):
        (source / f"Split_4/split_4_{split}_list.mat").rename(source / f"consolidated_{split}_list.mat")
    (source / "diving").mkdir()
    (source / "diving-out").rename(source / "diving/frames")
    moved = aqa7.read(source, action="diving").samples
    assert [(s.video_id, s.split, s.final) for s in moved] == [(s.video_id, s.split, s.final) for s in plain]
    assert moved[0].path == source / "diving/frames/001" and "consolidated_train_list.mat" in moved[0].where


def test_aqa7_records(tmp_path):
    source = write_aqa7(tmp_path / "aqa7")
    info = build("aqa7", source, tmp_path / "diving", action="diving")
    assert info.sport == "diving" and frame_indices(info)["003"] == list(range(103))
    vaults = aqa7.read(source, action="gym_vault")  # videos instead of images
    assert vaults.sport == "vault" and vaults.samples[0].path == source / "gym_vault/001.avi"


@pytest.mark.parametrize("action", aqa7.ACTIONS)
def test_all_six_actions_of_aqa7(tmp_path, action):
    number, sport = aqa7.ACTIONS[action].number, aqa7.ACTIONS[action].sport
    score = aqa7.ACTIONS[action].scores[1]
    read = aqa7.read(write_lists(tmp_path, [[number, 7, score]], [[number, 8, score]], action), action=action)
    assert read.sport == sport and {sample.final for sample in read.samples} == {score}


def test_aqa7_finds_frames_missing(tmp_path):
    source = write_aqa7(tmp_path / "aqa7", num_frames=102)
    (source / "diving-out/002/img_00050.jpg").unlink()
    lines, num_problems = check("aqa7", source, workers=1, action="diving")
    assert num_problems == 4 and "row 1" in lines[0] and "102" in lines[0] and "50" in lines[1]


@pytest.mark.parametrize(("action", "code"), [(None, "missing_flag"), ("golf", "unknown_name")])
def test_aqa7_needs_an_action(tmp_path, action, code):
    with refused(code, "--action", "ski_big_air"):
        aqa7.read(tmp_path, action=action)


# === FineDiving ===

FINE, COARSE = (f"Annotations/FineDiving_{kind}_annotation.pkl" for kind in ("fine-grained", "coarse"))


def test_finediving_steps_are_stages(tmp_path):
    source = write_finediving(tmp_path / "fine", key=lambda pair: (np.str_(pair[0]), np.int32(pair[1])))
    info = build("finediving", source, tmp_path / "records")
    assert info.splits["train"]["ids"] == ["Final1_1", "Final1_2", "Final2_5"]
    assert info.stage_frames["test"] == {"take-flight": 9, "entry": 3}
    assert info.videos["Final2_1"]["execution"] == 21.0 and frame_indices(info)["Final2_1"] == list(range(12))
    assert [info.videos[name]["group"] for name in ("Final1_2", "Final2_1")] == ["Final1", "Final2"]
    notes = notes_of(read_source("finediving", source))
    assert "odd_marks" not in notes and "Final2" in notes["torn_groups"] and "Final1" not in notes["torn_groups"]


@pytest.mark.parametrize("types", [{2: "Back", 36: "2.5 Soms.Pike", 7: "Entry"}, {"Back": 2, "Pike": 36, "Entry": 7}])
def test_the_entry_of_finediving_has_the_label_that_its_copy_gives_it(tmp_path, types):
    source = write_finediving(tmp_path / "fine")
    labels = {"frames_labels": np.repeat([2, 36, 7], [5, 4, 3]), "sub-action_types": types}
    change(source / FINE, entries={("Final1", 1): labels})
    first = finediving.read(source).samples[0]
    assert [segment[:3] for segment in first.segments] == [("take-flight", 0, 9), ("entry", 9, 12)]
    assert not first.problems


@pytest.mark.parametrize(
    ("file", "fields", "codes"),
    [
        (COARSE, {"start_frame": "first"}, ["not_a_number"]),
        (COARSE, {"end_frame": 110.5}, ["not_an_integer"]),
        (COARSE, {"difficulty": 2.0}, ["inconsistent_scores"]),
        (COARSE, {"dive_score": 99.0}, ["inconsistent_scores"]),
        (FINE, {"steps_transit_frames": np.array([109, 105])}, ["not_in_order"]),
        (FINE, {"steps_transit_frames": "none"}, ["not_a_number"]),
        (FINE, {"frames_labels": "none"}, ["not_an_integer"]),
        (FINE, {"frames_labels": np.repeat([2, 36], [5, 5])}, ["count_mismatch"]),
        (FINE, {"frames_labels": np.repeat([2, 36, 15], [5, 3, 4])}, ["not_in_order"]),
        (FINE, None, ["missing_key"]),
    ],
)
def test_what_is_wrong_with_a_clip_of_finediving(tmp_path, file, fields, codes):
    source = write_finediving(tmp_path / "fine")
    change(source / file, entries={("Final1", 1): fields})
    where = "FineDiving_fine-grained_annotation.pkl, (Final1, 1)"
    assert problem_codes(finediving.read(source)) == [(where, code) for code in codes]


def test_finediving_reports_images_without_a_label(tmp_path):
    source = write_finediving(tmp_path / "fine", extra_images=1)
    change(source / FINE, entries={("Final1", 1): {"steps_transit_frames": np.array([109, 105])}})
    with refused("bad_rows", "(Final2, 1)", "13", "--nonmonotone=drop --on_error=skip"):
        build("finediving", source, tmp_path / "records")


def test_finediving_names_marks_that_give_another_score(tmp_path):
    source = write_finediving(tmp_path / "fine")
    marks = {("Final1", 1): {"judge_scores": [8.0, 8.0, 8.0]}, ("Final1", 2): {"judge_scores": [7.0, 7.0]}}
    change(source / COARSE, entries=marks)
    assert "Final1_1, Final1_2" in notes_of(finediving.read(source))["odd_marks"]
    (source / COARSE).unlink()
    assert "odd_marks" not in notes_of(finediving.read(source))


# === Rhythmic gymnastics ===


def test_rhythmic_gymnastics_scores_have_penalties(tmp_path):
    """15.03 for 8.40 + 6.62 is in the published list: each was rounded by itself."""
    source = write_gymnastics(tmp_path / "gymnastics")
    info = build("rhythmic_gymnastics", source, tmp_path / "records")
    assert info.sport == "rhythmic_gymnastics" and info.videos["Hoop_002"]["final"] == 10.8
    assert info.videos["Ball_077"]["final"] == 15.03 and info.stage_frames["test"] == {"unlabelled": 9}
    ball = read_source("rhythmic_gymnastics", source, action="Ball")
    assert [sample.video_id for sample in ball.samples] == ["Ball_001", "Ball_077"]
    assert "test 0. Published: train 200, test 50" in notes_of(ball)["count_mismatch"], "of each apparatus"
    assert "in_no_row" not in notes_of(ball), "videos of others are in rows of theirs"
    with refused("unknown_name", "--action=Rope", "Ball, Hoop"):
        rhythmic_gymnastics.read(source, action="Rope")
    (source / "test.txt").write_text("header\nHoop_002 7.20 4.20 11.40 0.60 9\n")
    (sample,) = rhythmic_gymnastics.read(source, action="Hoop").samples
    assert [problem.where for problem in score_problems(sample, get_sport(info.sport))] == ["test.txt, row 2"]


def test_rhythmic_gymnastics_without_a_header_loses_no_row(tmp_path):
    """A first line of numbers is a routine; so is one with a typo, which is named; blank lines are counted."""
    source = write_gymnastics(tmp_path / "gymnastics")
    _, *rows = (source / "train.txt").read_text().splitlines()
    for header in ([], ["Routine Difficulty Execution Sum Deduction Seconds"]):
        (source / "train.txt").write_text("\n".join([*header, *rows]) + "\n")
        ids = [sample.video_id for sample in rhythmic_gymnastics.read(source).samples]
        assert ids == ["Ball_001", "Ball_077", "Hoop_002"]
    (source / "train.txt").write_text("\n".join(["", rows[0].replace("8.30", "8,3O"), "", rows[1]]))
    read = rhythmic_gymnastics.read(source)
    assert problem_codes(read) == [("train.txt, row 2", "not_a_number")] and read.samples[1].where == "train.txt, row 4"


HEADER = "Video_Name Execution_Score Difficulty_Score Total_Score Penalty Video_length"


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("header\nHop_002 7.20 4.20 10.80 0.60 9\n", "malformed_rows", "row 2"),
        ("header\nHoop_002 7.20\n", "malformed_rows", "row 2"),
        (f"{HEADER}\nBall_001 10.50 8.30 18.80 0.00 9\n", "wrong_columns", "row 1"),
        (HEADER.replace("Total", "Final"), "wrong_columns", "row 1"),
    ],
)
def test_lists_of_rhythmic_gymnastics_that_are_refused(tmp_path, text, code, named):
    source = write_gymnastics(tmp_path / "gymnastics")
    (source / "train.txt").write_text(text)
    with refused(code, "train.txt", named):
        rhythmic_gymnastics.read(source)


@pytest.mark.parametrize(
    ("length", "is_wrong"),
    [("92", True), ("11.5", True), ("0", True), ("long", True), ("8", False), ("10.9", False)],
)
def test_rhythmic_gymnastics_lengths_are_those_of_the_videos(tmp_path, length, is_wrong):
    """Seconds, rounded: a broadcast that was cut off is no routine of 92 s."""
    source = write_gymnastics(tmp_path / "gymnastics")
    (source / "train.txt").write_text(f"Ball_001 10.50 8.30 18.80 0.00 {length}\n")
    lines, num_problems = check("rhythmic_gymnastics", source, workers=1)
    assert num_problems == is_wrong and lines[0].startswith("train.txt, row 1: ") == is_wrong


# === UCF-101, UNLV, MIT-Diving ===

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


def test_ucf101_clips_of_one_group_are_held_out_together(tmp_path):
    """Groups of one, two and three clips; the folder's name and the clip's may differ, as those of HandstandPushups."""
    source = write_ucf101(tmp_path / "ucf")
    rows = (source / TRAIN).read_text().splitlines()
    for number, clip in enumerate(("Apply g08_c02", "Boxing g20_c01", "Boxing g20_c02")):
        name = {"Apply": "ApplyEyeMakeup/v_ApplyEyeMakeup", "Boxing": "BoxingPunchingBag/v_boxingPunchingbag"}
        path = f"{name[clip.split()[0]]}_{clip.split()[1]}.avi"
        write_bars(source / "UCF-101" / path, 6, 40 + number)
        rows.insert(number % 2 and len(rows), f"{path} {1 + clip.startswith('Boxing')}")
    (source / TRAIN).write_text("\n".join(rows))
    info = build("ucf101", source, tmp_path / "records")
    assert info.splits["train"]["ids"] != sorted(info.splits["train"]["ids"])
    assert len({info.videos[video_id]["group"] for video_id in info.splits["train"]["ids"]}) == 5
    for fraction, count in ((0.2, 1), (0.4, 2), (0.6, 3)):
        parts = [split_ids(info, split, fraction) for split in ("train", "validation")]
        groups = [{info.videos[video_id]["group"] for video_id in part} for part in parts]
        assert len(groups[1]) == count and not groups[0] & groups[1]
        assert sorted(parts[0] + parts[1]) == sorted(info.splits["train"]["ids"])


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


def test_mit_diving_takes_its_own_split(tmp_path):
    source = write_unlv_diving(tmp_path / "diving", 6, 2)
    with refused("not_found", "split_100_59*", "random_splits_100_59/split_*"):
        unlv.read_mit_diving(source)
    (source / "random_splits_100_59/split_1").mkdir(parents=True)
    write_split(source / "random_splits_100_59/split_1", [1, 2, 3], [5])
    info = build("mit_diving", source, tmp_path / "records")
    assert sorted(info.videos) == ["001", "002", "003", "005"] and info.stage_frames["test"]["entry"] == 6


def test_unlv_videos_may_be_folders_of_images(tmp_path):
    source = write_unlv_diving(tmp_path / "diving", 3, 1)
    (source / "diving_samples_len_ori/002.avi").unlink()
    write_images(source / "diving_samples_len_ori/002", 26, 2)
    assert frame_indices(build("unlv_diving", source, tmp_path / "records"))["002"] == list(range(26))
    write_bars(source / "diving_samples_len_ori/2.avi", 26, 2)
    with refused("duplicate", "002", "2.avi"):
        unlv.read_diving(source)


# === How many there are ===

SMALL_COPIES = {  # dataset: (writer, options, its numbers and the published ones)
    "unlv_diving": (lambda folder: write_unlv_diving(folder, 3, 1), {}, "train 2, test 1", "train 300, test 70"),
    "mit_diving": (
        lambda folder: write_unlv_diving(folder, 3, 1),
        {"split_dir": "split_2_1"},
        "train 2, test 1",
        "train 100, test 59",
    ),
    "mtl_aqa": (write_mtl_aqa, {}, "train 3, test 1", "train 1,059, test 353"),
    "finediving": (write_finediving, {}, "train 3, test 1", "train 2,251, test 749"),
    "aqa7": (
        lambda folder: write_aqa7(folder, num_frames=1),
        {"action": "gym_vault"},
        "train 1, test 1",
        "in all 176",
    ),
    "rhythmic_gymnastics": (write_gymnastics, {}, "train 2, test 1", "train 800, test 200"),
    "ucf101": (write_ucf101, {}, "train 4, test 2", "train 9,537, test 3,783"),
}


@pytest.mark.parametrize("dataset", SMALL_COPIES)
def test_numbers_of_videos_are_shown_beside_the_published_ones(tmp_path, dataset):
    write, options, labelled, published = SMALL_COPIES[dataset]
    note = notes_of(read_source(dataset, write(tmp_path / "source"), **options))["count_mismatch"]
    assert labelled in note and published in note


@pytest.mark.parametrize(("number", "published"), [(2, "train 9,586, test 3,734"), (3, "train 9,624, test 3,696")])
def test_each_official_split_of_ucf101_is_held_against_its_own_numbers(tmp_path, number, published):
    source = write_ucf101(tmp_path / "ucf", num_frames=1)
    for split in ("train", "test"):
        path = source / f"ucfTrainTestlist/{split}list01.txt"
        path.rename(path.with_name(f"{split}list0{number}.txt"))
    assert published in notes_of(read_source("ucf101", source, official_split=number))["count_mismatch"]


def test_the_lists_of_aqa7_are_counted_as_a_whole(tmp_path):
    """All six actions, whichever is read: that is how many rows were published."""
    notes = aqa7.read(write_aqa7(tmp_path / "aqa7", num_frames=1), action="gym_vault").notes
    assert any("train 4, test 2" in note and "train 803, test 303" in note for note in notes)
    assert sum(action.num_samples for action in aqa7.ACTIONS.values()) == sum(aqa7.ALL_ACTIONS.videos.values()) == 1106


def test_a_copy_with_all_videos_is_whole():
    published = Published({"train": 2, "test": 1}, "Ann 2020")
    assert count_note(["train", "test", "train"], published).code == "as_published"
    assert count_note(["train"] * 2, published).code == "count_mismatch"
    assert count_note(["train"], Published({ALL: 1}, "Ann 2020")).code == "as_published"


# === Where videos lie ===


@pytest.mark.parametrize("name", ["001.avi", "001.AVI", "001.Mp4", "001"])
def test_every_reader_finds_a_video_whatever_the_case_of_its_suffix(tmp_path, name):
    Path(tmp_path, name).mkdir()
    assert find_video(tmp_path, "001") == index_videos(tmp_path)[1] == tmp_path / name
    assert find_video(tmp_path, "1") == tmp_path / "1" and find_video(tmp_path / "none", "1") == tmp_path / "none/1"
    assert find_video(tmp_path, "x" * 300 + "\0") == tmp_path / ("x" * 300 + "\0")


def test_one_of_several_videos_of_one_name_is_not_chosen(tmp_path):
    for name in ("001.avi", "001.AVI", "001.txt"):
        (tmp_path / name).touch()
    with refused("ambiguous", "001.AVI, 001.avi"):
        find_video(tmp_path, "001")


def test_videos_that_count_from_0_are_refused(tmp_path):
    """Each would have the labels of its neighbour; a split of MIT-Diving would not even miss one."""
    diving = write_unlv_diving(tmp_path / "diving", 6, 2)
    actions = write_aqa7(tmp_path / "aqa7", num_frames=1)
    reads = {
        diving / "diving_samples_len_ori": lambda: unlv.read_mit_diving(diving, "split_4_2"),
        actions / "diving-out": lambda: aqa7.read(actions, action="diving"),
        actions / "gym_vault": lambda: aqa7.read(actions, action="gym_vault"),
    }
    for folder, read in reads.items():
        for path in sorted(folder.iterdir()):
            path.rename(path.with_name(f"{int(path.stem) - 1:03d}{path.suffix}"))
        with refused("counted_from_0", "000", folder):
            read()


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
    source = write_motion(tmp_path / "motion", 3)
    table = source / "motion_classes.csv"
    text = table.read_text().replace(",diving,1,", f",diving,{one},").replace(",diving,2,", f",diving,{other},")
    table.write_text(text, encoding="utf-8")
    with refused("two_spellings", table, one, other):
        motion.read(source)


# === Files that are no such files ===


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


class _Command:
    """Pickles as a call of a shell command."""

    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.mark.parametrize(
    ("dataset", "write", "name", "options"),
    [
        ("mtl_aqa", write_mtl_aqa, "final_annotations_dict.pkl", {}),
        ("mtl_aqa", write_mtl_aqa, "test_split_0.pkl", {}),
        ("finediving", write_finediving, FINE, {}),
        ("finediving", write_finediving, COARSE, {}),
        ("finediving", write_finediving, "train_test_split/train_split.pkl", {}),
        ("aqa7", write_aqa7, "Split_4/split_4_train_list.mat", {"action": "diving"}),
    ],
)
def test_truncated_and_malicious_label_files(tmp_path, monkeypatch, dataset, write, name, options):
    source = write(tmp_path / "source")
    monkeypatch.chdir(tmp_path)
    truncate(source / name)
    with refused("damaged", Path(name).name):
        DATASETS[dataset](source, **options)
    write_pickle(source / name, {(1, 1): _Command()})
    with refused("damaged" if dataset == "aqa7" else "forbidden_pickle", Path(name).name):
        DATASETS[dataset](source, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize(("content", "named"), [({1: {}}, "1: {}"), ({(1, 1): [3.0]}, "(1, 1): [3.0]"), ([], "list")])
def test_annotations_of_another_form(tmp_path, content, named):
    source = write_mtl_aqa(tmp_path / "mtl")
    write_pickle(source / ANNOTATIONS, content)
    with refused("wrong_format", ANNOTATIONS, named):
        mtl_aqa.read(source)


@pytest.mark.parametrize("dataset", sorted(DATASETS.keys() - {"manifest"}))
def test_an_empty_folder_is_no_layout(tmp_path, dataset):
    with refused("not_found", tmp_path):
        DATASETS[dataset](tmp_path, **({"action": "diving"} if dataset == "aqa7" else {}))
