"""The datasets of the field: official layouts become samples and records; what is wrong with a copy is named."""

import csv
import dataclasses
import os
import pickle
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from command_forks import forked
from conftest import read_index, write_bars, write_images, write_motion, write_split, write_unlv_diving
from layouts import (
    MANIFEST_HEADER,
    write_aqa7,
    write_finediving,
    write_gymnastics,
    write_manifest,
    write_mtl_aqa,
    write_pickle,
    write_table,
    write_ucf101,
)

from data_prep.datasets import (
    DATASETS,
    aqa7,
    finediving,
    manifest,
    mit_diving,
    motion,
    mtl_aqa,
    read_source,
    rhythmic_gymnastics,
    ucf101,
    unlv_diving,
)
from data_prep.datasets.published import ALL, Published, count_note
from data_prep.datasets.readers.layout import find_video, index_videos
from data_prep.datasets.readers.matlab import read_vector
from data_prep.datasets.readers.restricted_pickle import load_pickle
from data_prep.datasets.scores import complete_scores
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import id_problems, score_problems
from data_prep.records.dry_run import check
from data_prep.records.psnr import compare_with_source, psnr
from data_prep.records.summary import summary
from data_prep.records.verifying import decode_frames, read_records, verify_records
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.data.video import read_video
from scoringnet_tf.sports import as_points, get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

SMALL = BuildSettings((36, 48))
needs_real_data = pytest.mark.skipif(
    "SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder"
)


def _build(dataset, source_dir, output_dir, settings=SMALL, **options):
    info, notes = build_records(dataset, source_dir, output_dir, settings, workers=1, **options)
    assert verify_records(DatasetInfo.load(output_dir)) == []
    return info, notes


def _frame_indices(info):
    """{id: frame indices that the stored pixels show}."""
    records = [record for split in info.splits for _, record in read_records(info, split)]
    return {
        record["example/id"].decode(): [read_index(frame) for frame in decode_frames(record["image/encoded"])]
        for record in records
    }


def _problems(source):
    """Everything that labels alone show."""
    found = [problem for sample in source.samples for problem in sample.problems]
    found += [problem for sample in source.samples for problem in score_problems(sample, get_sport(source.sport))]
    return [str(problem) for problem in [*found, *id_problems(source.samples).values()]]


# === MTL-AQA ===


@pytest.mark.parametrize("first_image", [0, 1])
def test_mtl_aqa_cuts_clips_from_broadcasts(tmp_path, first_image):
    """Frames of the annotation count from 0, images of FFmpeg from 1, those of some copies from 0."""
    source = write_mtl_aqa(tmp_path / "mtl", first_image=first_image)
    info, notes = _build("mtl_aqa", source, tmp_path / "records")
    assert info.splits["train"]["ids"] == ["01_001", "01_002", "02_005"] and info.splits["test"]["ids"] == ["02_001"]
    assert _frame_indices(info)["01_002"] == list(range(12, 18))
    assert info.videos["02_005"]["final"] == 65.0 and info.videos["02_005"]["execution"] == pytest.approx(65 / 3)
    assert info.videos["01_002"]["path"] == "whole_videos_frames/01#12-18"
    assert "There are no stage labels." in notes
    assert any(note.endswith("Images state no frame rate: 25 frames per second assumed.") for note in notes)
    assert "Can be trained on these records: the Difficulty tower, the Execution tower." in summary(info)
    assert "24 of 24 frames have no stage label: KFS cannot be trained on those." in summary(info)
    assert "difficulty is known" not in summary(info)
    comparison = compare_with_source(info, source)
    assert len(comparison.psnr) == 4 and min(comparison.psnr.values()) > 30


def test_mtl_aqa_keys_of_numpy_and_marks(tmp_path):
    plain = mtl_aqa.read(write_mtl_aqa(tmp_path / "mtl"))
    assert [sample.group for sample in plain.samples] == ["01", "01", "02", "02"], "the broadcasts"
    moved = write_mtl_aqa(tmp_path / "mtl2", key=lambda pair: tuple(np.int64(number) for number in pair))
    shutil.move(moved, tmp_path / "other")
    shutil.rmtree(tmp_path / "mtl")
    shutil.move(tmp_path / "other", tmp_path / "mtl")
    assert mtl_aqa.read(tmp_path / "mtl") == plain
    path = tmp_path / "mtl" / "final_annotations_dict.pkl"
    annotations = pickle.loads(path.read_bytes())
    annotations[1, 1].update(final_score=61.5, judge_scores=[6.5, 7.0, 7.0, 6.5, 9.0, 5.0, 7.5])  # 3.0 × (6.5 + 7 + 7)
    annotations[1, 2].update(judge_scores=[7.0] * 7)
    annotations[2, 1].update(judge_scores=[7.0] * 5)
    write_pickle(path, annotations)
    assert _problems(mtl_aqa.read(tmp_path / "mtl")) == [
        "final_annotations_dict.pkl, (1, 2): expected final_score 63.00 of judge_scores. Received: 62.00",
        f"final_annotations_dict.pkl, (2, 1): expected 7 judge_scores. Received: {[7.0] * 5}",
    ]


def test_mtl_aqa_annotations_with_marks_are_preferred_and_what_has_none_is_counted(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    missing = "Of 4 clips {} have no judge_scores to hold the score against."
    assert missing.format(4) in mtl_aqa.read(source).notes
    annotations = pickle.loads((source / "final_annotations_dict.pkl").read_bytes())
    annotations[1, 2].update(judge_scores=[7.0] * 7)  # 63 points, not the 62 that it has
    write_pickle(source / "final_annotations_dict_with_dive_number.pkl", annotations)
    found = mtl_aqa.read(source)
    assert [problem.partition(":")[0] for problem in _problems(found)] == [
        "final_annotations_dict_with_dive_number.pkl, (1, 2)"
    ]
    assert missing.format(3) in found.notes
    read = "final_annotations_dict_with_dive_number.pkl, not from final_annotations_dict.pkl."
    assert f"Annotations are read from {read}" in found.notes
    for entry in annotations.values():
        entry.update(final_score=63.0, judge_scores=[7.0] * 7)
    write_pickle(source / "final_annotations_dict_with_dive_number.pkl", annotations)
    assert not any("judge_scores" in note for note in mtl_aqa.read(source).notes)


def _with_marks(folder, name="final_annotations_dict.pkl"):
    """The layout with seven marks a clip, of which those of (1, 2) and (2, 1) give other scores than stated."""
    source = write_mtl_aqa(folder)
    annotations = pickle.loads((source / "final_annotations_dict.pkl").read_bytes())
    for key, entry in annotations.items():
        entry["judge_scores"] = [6.5, 7.0, 7.0, 6.5, 9.0, 5.0, 7.5]
        entry["final_score"] = 61.5 if key in ((1, 1), (2, 5)) else 62.0
    (source / "final_annotations_dict.pkl").unlink()
    write_pickle(source / name, annotations)
    return source


@pytest.mark.parametrize(
    ("choice", "ids"),
    [("drop", ["01_001", "02_005"]), ("keep", ["01_001", "01_002", "02_001", "02_005"])],
)
def test_scores_that_contradict_each_other_are_refused_dropped_or_kept(tmp_path, choice, ids):
    """The official test split stays whole where its rows are kept, and each of them is marked in the index."""
    source, records = _with_marks(tmp_path / "mtl"), tmp_path / "records"
    with pytest.raises(InputError, match=r"2 problems\n.*\n.*\n.*--on_inconsistent=drop \(or =keep, marked"):
        _build("mtl_aqa", source, records)
    with pytest.raises(InputError, match="--on_inconsistent=drop"):
        _build("mtl_aqa", source, records, BuildSettings((36, 48), on_error="skip"))
    _build("mtl_aqa", source, records, BuildSettings((36, 48), on_inconsistent=choice))
    info = DatasetInfo.load(records)
    marked = {name: video["inconsistent"] for name, video in info.videos.items() if "inconsistent" in video}
    found = {
        f"{video:02d}_{clip:03d}": f"final_annotations_dict.pkl, ({video}, {clip}): expected final_score 61.50 of "
        "judge_scores. Received: 62.00"
        for video, clip in ((1, 2), (2, 1))
    }
    assert sorted(info.videos) == ids
    assert marked == ({name: [problem] for name, problem in found.items()} if choice == "keep" else {})
    assert {video["id"] for video in info.skipped} == (set() if choice == "keep" else found.keys())
    shown = summary(info)
    assert ("videos kept though their scores contradict each other: 2\n" in shown) == (choice == "keep")
    assert all(problem in shown for problem in found.values())
    lines, num_problems = check("mtl_aqa", source, workers=1)
    assert (
        num_problems == 2
        and "Of 2 videos the scores alone contradict each other: see build --on_inconsistent." in lines
    )


def test_a_row_with_an_error_is_not_kept_for_its_scores(tmp_path):
    """A contradiction beside a missing frame is an error; a final score that the rule does not give is none."""
    source = _with_marks(tmp_path / "mtl")
    (source / "whole_videos_frames/01/000010.jpg").unlink()
    with pytest.raises(InputError, match=r"Nothing was written\. --on_error=skip leaves"):
        _build("mtl_aqa", source, tmp_path / "records", BuildSettings((36, 48), on_inconsistent="keep"))
    header = ("video", "split", "difficulty", "execution", "final")
    write_table(
        tmp_path / "manifest.csv", header, [("a.avi", "train", 3.0, 21.0, 60.0), ("b.avi", "test", 9, 21.0, 60.0)]
    )
    a, b = manifest.read(tmp_path, sport="diving").samples
    assert [problem.kind for problem in score_problems(a, get_sport("diving"))] == ["inconsistent"]
    assert [problem.kind for problem in score_problems(b, get_sport("diving"))] == ["error"]
    rows = [  # nothing but the rows themselves is wrong
        ("dive #1, 100%!!.mp4", 9, 21.0, 60.0, "train", 2, 6, 12, 16),
        ("dive 2", 2.8, 21.0, 60.0, "train", 0, 5, 11, 20),
    ]
    videos, keep = write_manifest(tmp_path / "videos", rows), BuildSettings((36, 48), on_inconsistent="keep")
    with pytest.raises(InputError, match=r"difficulty .*Received: 9"):
        _build("manifest", videos, tmp_path / "refused", keep, sport="diving")
    info, _ = _build("manifest", videos, tmp_path / "kept", dataclasses.replace(keep, on_error="skip"), sport="diving")
    assert list(info.videos) == ["dive 2"] and [entry["id"] for entry in info.skipped] == ["dive #1, 100%!!.mp4"]


@pytest.mark.parametrize("name", ["augmented_final_annotations_dict.pkl", "info/anything.pkl"])
def test_annotations_of_mtl_aqa_are_recognised_by_content(tmp_path, name):
    """Beside captions, which are keyed alike, and the splits."""
    source = _with_marks(tmp_path / "mtl", name)
    write_pickle(source / "final_captions_dict.pkl", {(1, 1): {"caption": "a dive"}})
    write_pickle(source / "info/vocabulary.pkl", ["a", "dive"])
    read = mtl_aqa.read(source)
    assert read.settings["annotations"] == Path(name).name and len(read.samples) == 4
    assert all(sample.where.startswith(Path(name).name) for sample in read.samples)
    shutil.copyfile(source / name, source / "copy.pkl")
    with pytest.raises(InputError, match=r"one other \*\.pkl of the same content\. Received: .*copy\.pkl"):
        mtl_aqa.read(source)


def test_mtl_aqa_reports_what_is_wrong_with_a_clip(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    path = source / "final_annotations_dict.pkl"
    annotations = pickle.loads(path.read_bytes())
    del annotations[1, 1]
    annotations[1, 2].update(start_frame=20, end_frame=19, difficulty="hard")
    annotations[2, 5].update(end_frame=90)
    annotations[7, 7] = annotations[2, 1]
    write_pickle(path, annotations)
    lines, num_problems = check("mtl_aqa", source, workers=1)
    report = "\n".join(lines)
    for expected in (
        "(1, 1): expected an annotation of this clip of the train split",
        "(1, 2): expected a number as difficulty. Received: 'hard'",
        "(1, 2): expected 0 ≤ start_frame ≤ end_frame. Received: 20, 19",
        "(2, 5): ",
        "expected images 31 to 91 without a gap. Received: none of number 41 (40 images, 1 to 40)",
        "Not built, as in neither split: 1 annotated clip.",
    ):
        assert expected in report
    assert num_problems >= 4


# === AQA-7 ===


@pytest.mark.parametrize("scale", [0.01, 0.1, 10])
@pytest.mark.parametrize("first", [np.nan, 0.0, 14.0])
def test_aqa7_lists_of_no_known_scale_are_refused(tmp_path, first, scale):
    """Nothing in them looks wrong but that nothing fits; a score that is none, or 0, says nothing."""
    train = [[2, number, score * scale] for number, score in enumerate((first, 15.1, 12.3), start=1)]
    folder = _write_aqa7_lists(tmp_path, train, [[2, 9, 15.1]], action="gym_vault")
    expected = r"train_list\.mat: expected scores of gym_vault, 12\.3 to 16\.87 points, or a hundred times that"
    with pytest.raises(InputError, match=expected):
        aqa7.read(folder, action="gym_vault")


def test_aqa7_scores_that_are_none_are_problems_of_their_rows(tmp_path):
    """Of a list without any other they say nothing of its scale."""
    folder = _write_aqa7_lists(tmp_path, [[1, 1, np.nan], [1, 2, 0.0]], [[1, 3, 50.0]])
    assert _aqa7_problems(folder) == {
        "001": ["split_4_train_list.mat, row 1: expected final of diving from 0 to 144. Received: nan"]
    }


def test_aqa7_copies_give_the_same_samples(tmp_path):
    source = tmp_path / "aqa7"
    write_aqa7(source)
    plain = {action: aqa7.read(source, action=action).samples for action in ("diving", "gym_vault")}
    assert [(sample.video_id, sample.split, sample.final) for sample in plain["diving"]] == [
        ("001", "train", 84.15),
        ("002", "train", 51.0),
        ("004", "train", 30.5),
        ("003", "test", 21.6),
    ]
    for copy in ({"scale": 100}, {"scale": 100, "dtype": np.uint16}, {"transposed": True}):
        shutil.rmtree(source)
        write_aqa7(source, **copy)
        for action, expected in plain.items():
            found = aqa7.read(source, action=action)
            scales = {found.settings["score_scale_train"], found.settings["score_scale_test"]}
            assert found.samples == expected and scales == {str(copy.get("scale", 1))}


def _write_aqa7_lists(folder, train, test, action="diving"):
    """The two lists with these rows; without a frame."""
    (folder / f"{action}-out").mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", train), ("test", test)):
        scipy.io.savemat(folder / f"split_4_{split}_list.mat", {f"consolidated_{split}_list": np.array(rows, float)})
    return folder


def _aqa7_problems(folder, action="diving"):
    """{id: problems} of the samples that have some."""
    found = {}
    for sample in aqa7.read(folder, action=action).samples:
        problems = [*sample.problems, *score_problems(sample, get_sport("diving"))]
        if problems:
            found[sample.video_id] = [str(problem) for problem in problems]
    return found


@pytest.mark.parametrize("scales", [(1, 1), (1, 100), (100, 1), (100, 100)])
def test_each_list_of_aqa7_says_by_itself_how_it_stores_scores(tmp_path, scales):
    """A failed dive scores 0 by either; a row of another action does not vote."""
    scores = [84.15, 0, 21.6], [102.6, 50.0]
    rows = [
        [[1, number + 10 * split, score * scale] for number, score in enumerate(scores[split], start=1)]
        for split, scale in enumerate(scales)
    ]
    found = aqa7.read(_write_aqa7_lists(tmp_path, [*rows[0], [2, 1, 15.1]], [[2, 2, 1510], *rows[1]]), action="diving")
    assert [sample.final for sample in found.samples] == pytest.approx([*scores[0], *scores[1]])
    assert (found.settings["score_scale_train"], found.settings["score_scale_test"]) == tuple(map(str, scales))
    assert [f"split_4_{split}_list.mat stores the scores ×100." in found.notes for split in ("train", "test")] == [
        scale == 100 for scale in scales
    ]
    assert "The published scores of diving are 21.6 to 102.6; others: 002 (0)." in found.notes


def test_a_row_of_aqa7_on_another_scale_is_a_problem_of_that_row(tmp_path):
    train = [[1, 1, 84.15], [1, 2, 5100], [1, 3, 30.5], [1, 4, np.nan], [1, 5, 40.0]]
    test = [[1, 6, 50.0], [1, 7, 8415], [1, 8, 5000]]
    assert _aqa7_problems(_write_aqa7_lists(tmp_path, train, test)) == {
        "002": ["split_4_train_list.mat, row 2: expected a score ×1, like most of the list. Received: 5100, one ×100"],
        "004": ["split_4_train_list.mat, row 4: expected final of diving from 0 to 144. Received: nan"],
        "006": ["split_4_test_list.mat, row 1: expected a score ×100, like most of the list. Received: 50, one ×1"],
    }


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (
            [[1, 1, 84.15], [7, 2, 50]],
            r"train_list\.mat: expected the number of an action, 1 to 6.*Received: 7 in row 2",
        ),
        ([[1, 1, 84.15], [0, 2, 50]], "Received: 0 in row 2"),
        ([[12, 1, 84.15], [13, 1, 50]], r"\(action, sample, score\)\. Received: 12 in row 1, 13 in row 2"),
        ([[1, 84.15, 12], [1, 50.5, 13]], "expected integers"),
        ([[2, 1, 15.1]], r"train_list\.mat: expected rows of action 1 \(diving\)\. Received: none"),
    ],
)
def test_lists_of_aqa7_that_are_refused_as_a_whole(tmp_path, train, message):
    """Unknown actions, columns that changed places, a split without a row."""
    with pytest.raises(InputError, match=message):
        aqa7.read(_write_aqa7_lists(tmp_path, train, [[1, 3, 21.6]]), action="diving")


def test_the_lists_of_aqa7_are_counted_as_a_whole(tmp_path):
    """Of all six actions, whichever is read: that is how many rows were published."""
    notes = aqa7.read(write_aqa7(tmp_path / "aqa7", num_frames=1), action="gym_vault").notes
    published = "Published: train 803, test 303 (Parmar and Morris 2019, all six actions)."
    assert f"Labelled: train 4, test 2. {published}" in notes


def test_samples_of_aqa7_are_numbered_from_1_to_the_last(tmp_path):
    folder = _write_aqa7_lists(tmp_path, [[1, 1, 50.0], [1, 370, 50.0]], [[1, 0, 50.0], [1, 371, 50.0]])
    assert _aqa7_problems(folder) == {
        f"{number:03d}": [
            f"split_4_test_list.mat, row {row}: expected a sample of diving, 1 to 370. Received: {number}"
        ]
        for row, number in ((1, 0), (2, 371))
    }


def test_columns_of_aqa7_that_changed_places_give_no_samples(tmp_path):
    """With the score ×100 in the place of the sample both are integers."""
    found = _aqa7_problems(_write_aqa7_lists(tmp_path, [[1, 8415, 12], [1, 5000, 30]], [[1, 3, 21.6]]))
    assert "row 1: expected a sample of diving, 1 to 370. Received: 8415" in found["8415"][0] and "5000" in found


def test_lists_of_aqa7_may_have_their_older_name(tmp_path):
    source = write_aqa7(tmp_path / "aqa7", num_frames=1)
    plain = aqa7.read(source, action="diving").samples
    for split in ("train", "test"):
        (source / f"Split_4/split_4_{split}_list.mat").rename(source / f"consolidated_{split}_list.mat")
    (source / "diving").mkdir()
    (source / "diving-out").rename(source / "diving/frames")
    moved = aqa7.read(source, action="diving").samples
    assert [(sample.video_id, sample.split, sample.final) for sample in moved] == [
        (sample.video_id, sample.split, sample.final) for sample in plain
    ]
    assert moved[0].path == source / "diving/frames/001" and "consolidated_train_list.mat" in moved[0].where


def test_aqa7_records(tmp_path):
    source = write_aqa7(tmp_path / "aqa7")
    info, _ = _build("aqa7", source, tmp_path / "diving", action="diving")
    assert info.sport == "diving" and _frame_indices(info)["003"] == list(range(103))
    assert "Can be trained on these records: one tower for the final score." in summary(info)
    assert "execution is known for 0 of 4 videos: the Execution tower cannot be trained" in summary(info)
    info, _ = _build("aqa7", source, tmp_path / "vault", action="gym_vault")  # videos instead of images
    assert info.sport == "vault" and info.videos["001"]["path"] == "gym_vault/001.avi"


@pytest.mark.parametrize("action", aqa7.ACTIONS)
def test_all_six_actions_of_aqa7(tmp_path, action):
    number, sport = aqa7.ACTIONS[action].number, aqa7.ACTIONS[action].sport
    score = aqa7.ACTIONS[action].scores[1]
    (tmp_path / f"{action}-out").mkdir()
    for split in ("train", "test"):
        scipy.io.savemat(tmp_path / f"split_4_{split}_list.mat", {f"consolidated_{split}_list": [[number, 7, score]]})
    source = aqa7.read(tmp_path, action=action)
    assert source.sport == sport and {sample.final for sample in source.samples} == {score}
    assert "in train and test" in _problems(source)[0]


def test_aqa7_finds_frames_missing(tmp_path):
    source = write_aqa7(tmp_path / "aqa7", num_frames=102)
    (source / "diving-out/002/img_00050.jpg").unlink()
    lines, num_problems = check("aqa7", source, workers=1, action="diving")
    assert num_problems == 4
    assert "split_4_train_list.mat, row 1: expected 103 frames in " in lines[0] and "Received: 102" in lines[0]
    assert "expected images 1 to 102 without a gap. Received: none of number 50" in lines[1]


@pytest.mark.parametrize("action", [None, "golf"])
def test_aqa7_needs_an_action(tmp_path, action):
    with pytest.raises(
        InputError, match=r"--action: expected an action of AQA-7, one of diving, gym_vault, ski_big_air"
    ):
        aqa7.read(write_aqa7(tmp_path / "aqa7", num_frames=1), action=action)


# === FineDiving ===


def test_finediving_steps_are_stages(tmp_path):
    source = write_finediving(tmp_path / "fine", key=lambda pair: (np.str_(pair[0]), np.int32(pair[1])))
    info, notes = _build("finediving", source, tmp_path / "records")
    assert info.splits["train"]["ids"] == ["Final1_1", "Final1_2", "Final2_5"]
    assert info.stage_frames["test"] == {"take-flight": 9, "entry": 3}
    assert info.videos["Final2_1"]["execution"] == 21.0 and _frame_indices(info)["Final2_1"] == list(range(12))
    assert not any("marks" in note for note in notes)
    assert [info.videos[name]["group"] for name in ("Final1_2", "Final2_1", "Final2_5")] == [
        "Final1",
        "Final2",
        "Final2",
    ]
    assert "Groups that are in more than one split: Final2." in notes


@pytest.mark.parametrize("types", [{2: "Back", 36: "2.5 Soms.Pike", 7: "Entry"}, {"Back": 2, "Pike": 36, "Entry": 7}])
def test_the_entry_of_finediving_has_the_label_that_its_copy_gives_it(tmp_path, types):
    source = write_finediving(tmp_path / "fine")
    path = source / "Annotations/FineDiving_fine-grained_annotation.pkl"
    annotations = pickle.loads(path.read_bytes())
    annotations["Final1", 1] |= {"frames_labels": np.repeat([2, 36, 7], [5, 4, 3]), "sub-action_types": types}
    write_pickle(path, annotations)
    first = finediving.read(source).samples[0]
    assert [segment[:3] for segment in first.segments] == [("take-flight", 0, 9), ("entry", 9, 12)]
    assert not first.problems


def test_frames_of_finediving_that_are_no_numbers_are_named(tmp_path):
    source = write_finediving(tmp_path / "fine")
    path = source / "Annotations/FineDiving_coarse_annotation.pkl"
    annotations = pickle.loads(path.read_bytes())
    annotations["Final1", 1]["start_frame"] = "first"
    annotations["Final1", 2]["end_frame"] = 110.5
    write_pickle(path, annotations)
    found = [str(problem) for sample in finediving.read(source).samples for problem in sample.problems]
    where = "FineDiving_fine-grained_annotation.pkl, (Final1, "
    assert found == [
        f"{where}1): expected a number as start_frame. Received: 'first'",
        f"{where}2): expected an integer as end_frame. Received: 110.5",
    ]


def test_finediving_reports_images_without_a_label_and_backward_steps(tmp_path):
    source = write_finediving(tmp_path / "fine", extra_images=1)
    path = source / "Annotations/FineDiving_fine-grained_annotation.pkl"
    annotations = pickle.loads(path.read_bytes())
    annotations["Final1", 1]["steps_transit_frames"] = np.array([109, 105])
    annotations["Final1", 2]["frames_labels"] = "none"
    annotations["Final2", 5]["frames_labels"] = np.repeat([2, 36], [5, 5])
    annotations["Final2", 1]["frames_labels"] = np.repeat([2, 36, 15], [5, 3, 4])
    write_pickle(path, annotations)
    with pytest.raises(InputError) as error:
        build_records("finediving", source, tmp_path / "records", SMALL, workers=1)
    for expected in (
        "(Final1, 1): expected steps_transit_frames that increase. Received: [109.0, 105.0]",
        "(Final1, 2): expected frames_labels",
        "(Final2, 5): expected 12 frames_labels, for frames 100 to 111. Received: 10",
        "(Final2, 1): expected the step Entry once, at the end. Received: take-flight [0, 5), entry [5, 8)",
        "(Final2, 1): expected 12 frames in",
        "as labelled. Received: 13",
        "--nonmonotone=drop --on_error=skip",
    ):
        assert expected in str(error.value)


def test_finediving_files_that_disagree_are_named(tmp_path):
    source = write_finediving(tmp_path / "fine")
    path = source / "Annotations/FineDiving_coarse_annotation.pkl"
    annotations = pickle.loads(path.read_bytes())
    fine = finediving.read(source).samples
    annotations["Final1", 1] |= {"difficulty": 2.0, "dive_score": fine[0].final}
    annotations["Final1", 2] |= {"difficulty": fine[1].difficulty, "dive_score": 99.0}
    write_pickle(path, annotations)
    found = [problem for sample in finediving.read(source).samples for problem in sample.problems]
    assert [problem.kind for problem in found] == ["inconsistent"] * 2
    assert "(Final1, 1): expected the difficulty of FineDiving_coarse_annotation.pkl, 2. Received: " in str(found[0])
    assert "(Final1, 2): expected the dive_score of FineDiving_coarse_annotation.pkl, 99. Received: " in str(found[1])


def test_finediving_names_marks_that_give_another_score(tmp_path):
    source = write_finediving(tmp_path / "fine")
    path = source / "Annotations/FineDiving_coarse_annotation.pkl"
    annotations = pickle.loads(path.read_bytes())
    annotations["Final1", 1]["judge_scores"] = [8.0, 8.0, 8.0]
    annotations["Final1", 2]["judge_scores"] = [7.0, 7.0]
    write_pickle(path, annotations)
    assert any("in Final1_1, Final1_2." in note for note in finediving.read(source).notes)
    path.unlink()
    assert not any("marks" in note for note in finediving.read(source).notes)


# === Rhythmic gymnastics, UCF-101, MIT-Diving ===


def test_rhythmic_gymnastics_scores_have_penalties(tmp_path):
    """15.03 for 8.40 + 6.62 is in the published list: each was rounded by itself."""
    source = write_gymnastics(tmp_path / "gymnastics")
    info, _ = _build("rhythmic_gymnastics", source, tmp_path / "records")
    assert info.sport == "rhythmic_gymnastics" and info.videos["Hoop_002"]["final"] == 10.8
    assert info.videos["Ball_077"]["final"] == 15.03 and info.stage_frames["test"] == {"unlabelled": 9}
    info, _ = _build("rhythmic_gymnastics", source, tmp_path / "ball", action="Ball")
    assert sorted(info.videos) == ["Ball_001", "Ball_077"]
    with pytest.raises(InputError, match=r"--action: expected an apparatus, one of Ball, Hoop\. Received: Rope"):
        _build("rhythmic_gymnastics", source, tmp_path / "rope", action="Rope")
    (source / "test.txt").write_text("header\nHoop_002 7.20 4.20 11.40 0.60 9\n")
    lines, num_problems = check("rhythmic_gymnastics", source, workers=1)
    assert num_problems == 1 and lines[0] == (
        "test.txt, row 2: expected a final score of 10.80 (sum_minus_penalty rule). Received: 11.40"
    )
    (source / "test.txt").write_text("header\nHop_002 7.20 4.20 10.80 0.60 9\n")
    with pytest.raises(InputError, match=r"test\.txt, row 2: expected a routine with Ball, Clubs, Hoop, Ribbon"):
        _build("rhythmic_gymnastics", source, tmp_path / "hop", action="Hoop")
    (source / "test.txt").write_text("header\nHoop_002 7.20\n")
    with pytest.raises(InputError, match=r"test\.txt, row 2: expected name difficulty execution total penalty length"):
        _build("rhythmic_gymnastics", source, tmp_path / "short")


def test_routines_of_one_apparatus_are_counted_by_themselves(tmp_path):
    """Of each 200 and 50 were published; the videos of the others are no videos of no row."""
    source = write_gymnastics(tmp_path / "gymnastics")
    notes = read_source("rhythmic_gymnastics", source, action="Ball").notes
    assert "Labelled: train 2, test 0. Published: train 200, test 50 (Zeng et al. 2020)." in notes
    assert not any("in no row" in note for note in notes)


def test_rhythmic_gymnastics_without_a_header_loses_no_row(tmp_path):
    """A first line of numbers is a routine; so is one with a typo, which is named; blank lines are counted."""
    source = write_gymnastics(tmp_path / "gymnastics")
    plain = rhythmic_gymnastics.read(source).samples
    _, *rows = (source / "train.txt").read_text().splitlines()
    (source / "train.txt").write_text("\n".join(rows) + "\n")
    ids = [sample.video_id for sample in rhythmic_gymnastics.read(source).samples]
    assert ids == [sample.video_id for sample in plain] == ["Ball_001", "Ball_077", "Hoop_002"]
    (source / "train.txt").write_text("\n".join(["", rows[0].replace("8.30", "8,3O"), "", rows[1]]))
    first, second, _ = rhythmic_gymnastics.read(source).samples
    assert [str(problem) for problem in first.problems] == [
        "train.txt, row 2: expected a number as execution. Received: '8,3O'"
    ]
    assert second.where == "train.txt, row 4"
    header = "Video_Name Execution_Score Difficulty_Score Total_Score Penalty Video_length"
    for last in ("Total_Score", "Final_Score"):
        (source / "train.txt").write_text("\n".join([header.replace("Total_Score", last), *rows]))
        with pytest.raises(InputError, match=r"train\.txt, row 1: expected the columns name difficulty execution"):
            rhythmic_gymnastics.read(source)
    header = "Routine Difficulty Execution Sum Deduction Seconds"
    (source / "train.txt").write_text("\n".join([header, *rows]))
    assert len(rhythmic_gymnastics.read(source).samples) == 3


@pytest.mark.parametrize(
    ("length", "message"),
    [
        ("92", "Ball_001.mp4, as labelled. Received: 9.0 s (9 frames at 1 frames/s)"),
        ("11.5", "expected 11.5 s in"),
        ("0", "expected seconds above 0 as length. Received: 0"),
        ("long", "expected a number as length. Received: 'long'"),
        ("8", None),
        ("10.9", None),
    ],
)
def test_rhythmic_gymnastics_lengths_are_those_of_the_videos(tmp_path, length, message):
    """Seconds, rounded: a broadcast that was cut off is no routine of 92 s."""
    source = write_gymnastics(tmp_path / "gymnastics")
    (source / "train.txt").write_text(f"Ball_001 10.50 8.30 18.80 0.00 {length}\n")
    lines, num_problems = check("rhythmic_gymnastics", source, workers=1)
    assert num_problems == (message is not None)
    assert message is None or (lines[0].startswith("train.txt, row 1: expected ") and message in lines[0])


def test_ucf101_clips_with_classes(tmp_path):
    source = write_ucf101(tmp_path / "ucf")
    plain = ucf101.read(source)
    info, _ = _build("ucf101", source, tmp_path / "records")
    assert info.classes == {"action": ["ApplyEyeMakeup", "BoxingPunchingBag"]} and info.stages == []
    labels = {
        record["example/id"].decode(): int(record["class/action"])
        for split in info.splits
        for _, record in read_records(info, split)
    }
    assert labels["v_ApplyEyeMakeup_g01_c01"] == 0 and labels["v_BoxingPunchingBag_g09_c01"] == 1 and len(labels) == 6
    assert "Can be trained" not in summary(info)
    for video_id, label in labels.items():
        assert info.videos[video_id]["group"] == video_id[:-4] and info.videos[video_id]["classes"] == {"action": label}
    shutil.rmtree(source)
    assert ucf101.read(write_ucf101(source, test_labels=True, newline="\r\n")) == plain


@pytest.mark.parametrize(("number", "published"), [(2, "train 9,586, test 3,734"), (3, "train 9,624, test 3,696")])
def test_each_official_split_of_ucf101_is_held_against_its_own_numbers(tmp_path, number, published):
    source = write_ucf101(tmp_path / "ucf")
    for split in ("train", "test"):
        lists = source / "ucfTrainTestlist"
        (lists / f"{split}list01.txt").rename(lists / f"{split}list0{number}.txt")
    notes = read_source("ucf101", source, official_split=number).notes
    assert f"Labelled: train 4, test 2. Published: {published} (Soomro et al. 2012, split {number})." in notes


def test_ucf101_clips_of_one_group_are_held_out_together(tmp_path):
    """Groups of one, two and three clips; the folder's name and the clip's may differ, as those of HandstandPushups."""
    source = write_ucf101(tmp_path / "ucf")
    path = source / "ucfTrainTestlist/trainlist01.txt"
    for clip in ("ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c02", "BoxingPunchingBag/v_boxingPunchingbag_g20_c01"):
        write_bars(source / f"UCF-101/{clip}.avi", 6, len(clip))
    write_bars(source / "UCF-101/BoxingPunchingBag/v_boxingPunchingbag_g20_c02.avi", 6, 7)
    rows = ["ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c02.avi 1", "BoxingPunchingBag/v_boxingPunchingbag_g20_c01.avi 2"]
    path.write_text("\n".join([rows[1], *path.read_text().split("\n")[:-1], rows[0], rows[1].replace("c01", "c02")]))
    _build("ucf101", source, tmp_path / "records")
    info = DatasetInfo.load(tmp_path / "records")
    assert info.splits["train"]["ids"] != sorted(info.splits["train"]["ids"])
    assert len({info.videos[video_id]["group"] for video_id in info.splits["train"]["ids"]}) == 5
    for fraction, count in ((0.2, 1), (0.4, 2), (0.6, 3)):
        parts = [split_ids(info, split, fraction) for split in ("train", "validation")]
        groups = [{info.videos[video_id]["group"] for video_id in part} for part in parts]
        assert len(groups[1]) == count and not groups[0] & groups[1]
        assert sorted(parts[0] + parts[1]) == sorted(info.splits["train"]["ids"])


def test_ucf101_clips_of_another_class_are_named(tmp_path):
    source = write_ucf101(tmp_path / "ucf")
    with (source / "ucfTrainTestlist/trainlist01.txt").open("a") as file:
        file.write("ApplyEyeMakeup/v_BoxingPunchingBag_g09_c01.avi 1\n")
    (problem,) = [problem for sample in ucf101.read(source).samples for problem in sample.problems]
    assert "expected a clip of ApplyEyeMakeup, as its folder. Received: v_BoxingPunchingBag_g09_c01" in str(problem)


def test_ucf101_clips_without_a_group_are_named(tmp_path):
    source = write_ucf101(tmp_path / "ucf")
    with (source / "ucfTrainTestlist/trainlist01.txt").open("a") as file:
        file.write("ApplyEyeMakeup/v_ApplyEyeMakeup_c03.avi 1\nApplyEyeMakeup/makeup.avi 1\n")
    problems = [str(problem) for sample in ucf101.read(source).samples for problem in sample.problems]
    assert problems == [
        f"trainlist01.txt, row {row}: expected a clip v_Class_gNN_cNN of a group gNN. Received: {name}"
        for row, name in ((5, "v_ApplyEyeMakeup_c03"), (6, "makeup"))
    ]


def test_ucf101_labels_are_held_against_the_folders(tmp_path):
    source = write_ucf101(tmp_path / "ucf")
    path = source / "ucfTrainTestlist/trainlist01.txt"
    path.write_text(path.read_text().replace("c01.avi 1", "c01.avi 2", 1) + "Golf/v_Golf_g01_c01.avi 3\n../v.avi 1\n")
    lines, num_problems = check("ucf101", source, workers=1)
    assert "trainlist01.txt, row 1: expected the label 1 of ApplyEyeMakeup. Received: 2" in lines
    assert any("row 5: expected Class/video.avi of a class of classInd.txt" in line for line in lines)
    assert num_problems == 6  # rows 5 and 6 are no files either, and row 6 lies outside
    (source / "ucfTrainTestlist/classInd.txt").write_text("1 ApplyEyeMakeup\n3 BoxingPunchingBag\n")
    with pytest.raises(InputError, match=r"classInd\.txt, row 2: expected `2 ClassName`\. Received: '3 Boxing"):
        ucf101.read(source)
    with pytest.raises(InputError, match=r"trainlist02\.txt"):
        _build("ucf101", write_ucf101(tmp_path / "other"), tmp_path / "records", official_split=2)


def test_mit_diving_takes_its_own_split(tmp_path):
    source = write_unlv_diving(tmp_path / "diving", 6, 2)
    with pytest.raises(InputError, match=r"expected one folder split_100_59\* or random_splits_100_59/split_\*"):
        mit_diving.read(source)
    (source / "random_splits_100_59/split_1").mkdir(parents=True)
    write_split(source / "random_splits_100_59/split_1", [1, 2, 3], [5])
    info, notes = _build("mit_diving", source, tmp_path / "records")
    assert sorted(info.videos) == ["001", "002", "003", "005"] and info.stage_frames["test"]["entry"] == 6
    published = "Published: train 100, test 59 (Pirsiavash et al. 2014, §4.1)."
    assert f"Labelled: train 3, test 1. {published}" in notes


def test_unlv_videos_may_be_folders_of_images(tmp_path):
    source = write_unlv_diving(tmp_path / "diving", 3, 1)
    (source / "diving_samples_len_ori/002.avi").unlink()
    write_images(source / "diving_samples_len_ori/002", 26, 2)
    info, _ = _build("unlv_diving", source, tmp_path / "records")
    assert _frame_indices(info)["002"] == list(range(26))
    write_bars(source / "diving_samples_len_ori/2.avi", 26, 2)
    with pytest.raises(InputError, match="expected one video of each number"):
        unlv_diving.read(source)


# === How many there are ===

SMALL_COPIES = {  # dataset: (writer, options, the note on its numbers)
    "unlv_diving": (
        lambda folder: write_unlv_diving(folder, 3, 1),
        {},
        "train 2, test 1. Published: train 300, test 70",
    ),
    "mtl_aqa": (write_mtl_aqa, {}, "train 3, test 1. Published: train 1,059, test 353"),
    "finediving": (write_finediving, {}, "train 3, test 1. Published: train 2,251, test 749"),
    "aqa7": (
        lambda folder: write_aqa7(folder, num_frames=1),
        {"action": "gym_vault"},
        "train 1, test 1. Published: in all 176 (Parmar and Morris 2019)",
    ),
    "rhythmic_gymnastics": (write_gymnastics, {}, "train 2, test 1. Published: train 800, test 200"),
    "ucf101": (write_ucf101, {}, "train 4, test 2. Published: train 9,537, test 3,783"),
}


@pytest.mark.parametrize("dataset", SMALL_COPIES)
def test_numbers_of_videos_are_shown_beside_the_published_ones(tmp_path, dataset):
    write, options, note = SMALL_COPIES[dataset]
    notes = read_source(dataset, write(tmp_path / "source"), **options).notes
    assert any(found.startswith(f"Labelled: {note}") for found in notes), notes


def test_a_copy_with_all_videos_is_said_to_be_whole():
    published = Published({"train": 2, "test": 1}, "Ann 2020")
    whole = "Labelled: train 2, test 1, as published (Ann 2020)."
    assert count_note(["train", "test", "train"], published) == whole
    assert count_note(["train"] * 2, published).startswith("Labelled: train 2, test 0. Published: train 2, test 1")
    assert count_note(["train"], Published({ALL: 1}, "Ann 2020")) == "Labelled: train 1, as published (Ann 2020)."


def test_the_published_numbers_of_aqa7_add_up():
    assert sum(action.num_samples for action in aqa7.ACTIONS.values()) == sum(aqa7.ALL_ACTIONS.videos.values()) == 1106


# === Where videos lie ===


@pytest.mark.parametrize("name", ["001.avi", "001.AVI", "001.Mp4", "001"])
def test_every_reader_finds_a_video_whatever_the_case_of_its_suffix(tmp_path, name):
    Path(tmp_path, name).mkdir()
    assert find_video(tmp_path, "001") == index_videos(tmp_path)[1] == tmp_path / name
    assert find_video(tmp_path, "1") == tmp_path / "1" and find_video(tmp_path / "none", "1") == tmp_path / "none/1"
    assert find_video(tmp_path, "x" * 300 + "\0") == tmp_path / ("x" * 300 + "\0")


def _numbered_from_0(folder):
    """Renames the videos or folders of images 001, 002, … to 000, 001, …, as `enumerate` counts."""
    for path in sorted(folder.iterdir()):
        path.rename(path.with_name(f"{int(path.stem) - 1:03d}{path.suffix}"))


def test_videos_that_count_from_0_are_refused(tmp_path):
    """Each would have the labels of its neighbour; of a split of MIT-Diving not even one would be missing."""
    message = r"expected videos numbered from 1, as the labels count\. Received: 000"
    diving = write_unlv_diving(tmp_path / "diving", 6, 2)
    (diving / "split_100_59").mkdir()
    write_split(diving / "split_100_59", [1, 2, 3], [5])
    _numbered_from_0(diving / "diving_samples_len_ori")
    with pytest.raises(InputError, match=message):
        mit_diving.read(diving)
    actions = write_aqa7(tmp_path / "aqa7", num_frames=1)
    for folder, name in (("diving-out", "diving"), ("gym_vault", "gym_vault")):
        _numbered_from_0(actions / folder)
        with pytest.raises(InputError, match=message):
            aqa7.read(actions, action=name)


def test_of_several_videos_of_one_name_none_is_chosen(tmp_path):
    for name in ("001.avi", "001.AVI", "001.txt"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"expected one video called 001\. Received: 001\.AVI, 001\.avi"):
        find_video(tmp_path, "001")


def test_a_clip_without_a_class_is_a_problem_and_no_class(tmp_path):
    """Row numbers count the blank line."""
    source = write_motion(tmp_path / "motion", 3)
    header, *rows = (source / "motion_classes.csv").read_text().splitlines()
    rows[1] = rows[1].replace(",diving,2,", ",diving,,")
    (source / "motion_classes.csv").write_text("\n".join([header, rows[0], "", *rows[1:]]))
    read = motion.read(source)
    assert read.classes["group"] == ["1", "3"] and [sample.classes.get("group") for sample in read.samples] == [
        0,
        None,
        1,
    ]
    assert [problem for sample in read.samples for problem in map(str, sample.problems)] == [
        "motion_classes.csv, row 4: expected a class of group. Received: none"
    ]


@pytest.mark.parametrize(("one", "other"), [("1", "01"), ("1", "1.0"), ("tuck", "Tuck"), ("tué", "tue\u0301")])
def test_two_spellings_of_a_class_are_refused(tmp_path, one, other):
    source = write_motion(tmp_path / "motion", 3)
    table = source / "motion_classes.csv"
    text = table.read_text().replace(",diving,1,", f",diving,{one},").replace(",diving,2,", f",diving,{other},")
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"expected one spelling of a class of group\. Received: ") as error:
        motion.read(source)
    assert set(str(error.value).removesuffix(".").rpartition("Received: ")[2].split(" and ")) == {one, other}


# === Manifest ===


def test_manifest_of_videos_and_folders_with_boundaries(tmp_path):
    source = write_manifest(tmp_path / "own")
    info, notes = _build("manifest", source, tmp_path / "records", sport="diving")
    assert set(_frame_indices(info)) == {"dive #1, 100%!!.mp4", "dive 2", "2024 (final)/dive.avi"}
    assert all(indices == list(range(20)) for indices in _frame_indices(info).values())
    assert info.stage_frames["train"] == {"noise": 6, "pre-starting": 9, "take-flight": 12, "entry": 13}
    assert info.stage_frames["test"] == {"unlabelled": 20}
    assert info.videos["dive 2"]["execution"] == pytest.approx(20.0)
    assert "Stage labels: columns of manifest.csv (pre-starting, take-flight, entry, end)." in notes
    assert "difficulty is known for 2 of 3 videos" in summary(info)
    assert "Can be trained on these records: KFS, the Difficulty tower, the Execution tower." in summary(info)
    assert "20 of 60 frames have no stage label" in summary(info)
    comparison = compare_with_source(info, source)
    assert len(comparison.psnr) == 3 and not comparison.problems


def test_what_can_be_trained_is_what_the_training_split_has_labels_for(tmp_path):
    """Stages and difficulty of test videos alone are counted, but nothing learns from them."""
    labelled, plain = (3.0, "", 66.0, "test", 0, 5, 11, 20), ("", "", 56.0, "train", "", "", "", "")
    for number, (first, second, trainable) in enumerate(
        (
            (labelled, plain, "one tower for the final score"),
            (labelled, (*plain[:2], "", *plain[3:]), "nothing"),
            (labelled, (*plain[:3], "test", *plain[4:]), "nothing, for there is no training split"),
        )
    ):
        source = write_manifest(tmp_path / f"{number}", [("dive #1, 100%!!.mp4", *first), ("dive 2", *second)])
        info, _ = _build("manifest", source, tmp_path / f"records{number}", sport="diving")
        assert f"Can be trained on these records: {trainable}." in summary(info)
        assert "20 of 40 frames have no stage label" in summary(info)
        assert "difficulty is known for 1 of 2 videos" in summary(info)


def test_manifest_with_stage_labels_beside_it(tmp_path):
    rows = [("dive 2", "train", "Ann"), ("2024 (final)/dive.avi", "test", "Eve")]
    source = write_manifest(tmp_path / "own", rows, ("video", "split", "athlete"))
    (source / "manifest.csv").rename(tmp_path / "mine.csv")
    labels = [("dive 2", "take-flight", 3, 9), ("dive 2", "entry", 9, 12), ("2024 (final)/dive.avi", "entry", 0, 20)]
    write_table(tmp_path / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)
    options = {"sport": "diving", "manifest_csv": str(tmp_path / "mine.csv")}
    info, notes = _build("manifest", source, tmp_path / "records", **options)
    assert info.stage_frames["train"] == {"take-flight": 6, "entry": 3, "unlabelled": 11}
    assert "Columns that are not used: athlete." in notes
    # A video without stages is one of no frame of them; a stage that is none is named though it has no frames.
    for stage, number in (("noise", 0), ("crowd", 1)):
        unlabelled = ("2024 (final)/dive.avi", stage, 0, 0)
        columns = ("video_id", "stage", "start_frame", "end_frame")
        write_table(tmp_path / "stage_labels.csv", columns, [*labels[:2], unlabelled])
        assert sum(len(sample.problems) for sample in manifest.read(source, **options).samples) == number
    labels[1:] = [("dive 2", "entry", 8, 12)]
    write_table(tmp_path / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)
    first, second = manifest.read(source, **options).samples
    assert [problem.kind for problem in first.problems] == ["nonmonotone"]
    assert not second.problems and second.segments is None


@pytest.mark.parametrize("starts", [(-1, 5, 11, 20), (-3, -2, -1, 20), (-4, -3, -2, -1)])
def test_manifest_boundaries_are_not_negative(tmp_path, starts):
    source = write_manifest(tmp_path / "own", [("dive 2", 3.0, 21.0, 63.0, "train", *starts)])
    (sample,) = manifest.read(source, sport="diving").samples
    (problem,) = sample.problems
    assert problem.kind == "nonmonotone" and sample.segments is None
    received = ",".join(map(str, starts))
    assert f"row 2: expected 0 ≤ pre-starting ≤ take-flight ≤ entry ≤ end. Received: {received}" in str(problem)


def test_manifest_scores_have_penalties(tmp_path):
    """Final = difficulty + execution − penalty: two of the three give the third, and all three must agree."""
    header = ("video", "split", "difficulty", "execution", "final", "penalty")
    rows = [
        ("a.mp4", "train", 6.5, 9.4, "", 0.3),
        ("b.mp4", "train", 6.5, "", 15.6, 0.3),
        ("c.mp4", "train", 6.5, "", 15.6, ""),
        ("d.mp4", "test", 6.5, 9.4, 15.6, 0.3),
        ("e.mp4", "test", 6.5, 9.4, 15.9, 0.3),
    ]
    (tmp_path / "own").mkdir()
    write_table(tmp_path / "own/manifest.csv", header, rows)
    source = manifest.read(tmp_path / "own", sport="vault")
    a, b, c, *_ = source.samples
    assert (a.final, b.execution, c.execution) == pytest.approx((15.6, 9.4, 9.1))
    assert [sample.penalty for sample in source.samples] == [0.3, 0.3, None, 0.3, 0.3]
    assert _problems(source) == [
        "manifest.csv, row 6: expected a final score of 15.60 (sum_minus_penalty rule). Received: 15.90"
    ]


def test_manifest_rows_are_checked(tmp_path):
    rows = [
        ("dive 2", 3.0, 21.0, 24.0, "train", 0, 5, 11, 20),
        ("../dive.avi", 3.0, "", "", "dev", 0, 5, 11, 20),
        ("dive #1, 100%!!.mp4", "3 2", "", "", "train", 0, 5, 4, 20),
        ("2024 (final)/dive.avi", 3.0, "", "", "test", 0, "?", "", 20.5),
        ("missing.mp4", "", "", "", "test", "", "", "", ""),
        ("", "", "", "", "test", "", "", "", ""),
        (str(tmp_path / "elsewhere.mp4"), "", "", "", "test", "", "", "", ""),
    ]
    write_bars(tmp_path / "elsewhere.mp4", 3)
    lines, num_problems = check("manifest", write_manifest(tmp_path / "own", rows), workers=1, sport="diving")
    report = "\n".join(lines)
    for expected in (
        "manifest.csv, row 2: expected a final score of 63.00 (product rule). Received: 24.00",
        "row 3: expected a split, one of train, validation, test. Received: 'dev'",
        "row 3: expected a video inside",
        "row 4: expected a number as difficulty. Received: '3 2'",
        "row 4: expected 0 ≤ pre-starting ≤ take-flight ≤ entry ≤ end. Received: 0,5,4,20",
        "row 5: expected a number as take-flight. Received: '?'",
        "row 5: expected an integer as end. Received: 20.5",
        "row 6: ",
        "no such file",
        "row 7: expected a video inside",
        "row 8: expected a video inside",
    ):
        assert expected in report, expected
    assert num_problems == 12


@pytest.mark.parametrize(
    ("header", "options", "message"),
    [
        (MANIFEST_HEADER, {}, r"--sport: expected a sport, one of artistic_gymnastics, .*Received: None"),
        (MANIFEST_HEADER, {"sport": "golf"}, r"Received: golf"),
        (("video", "entry", "split"), {"sport": "diving"}, r"a column for every boundary, .*Received: entry"),
        (("clip", "split"), {"sport": "diving"}, r"expected a column video .*Received: clip, split"),
        (MANIFEST_HEADER, {"sport": "diving", "manifest_csv": "nowhere.csv"}, r"nowhere\.csv: .*no such file"),
    ],
)
def test_a_manifest_that_cannot_be_read(tmp_path, header, options, message):
    source = write_manifest(tmp_path / "own", [("dive 2",) + ("",) * (len(header) - 1)], header)
    with pytest.raises(InputError, match=message):
        manifest.read(source, **options)


def test_a_manifest_in_another_encoding_or_without_rows(tmp_path):
    source = write_manifest(tmp_path / "own")
    (source / "manifest.csv").write_bytes("video,split\nTürkiye.mp4,train\n".encode("latin1"))
    with pytest.raises(InputError, match=r"manifest\.csv: expected text in UTF-8"):
        manifest.read(source, sport="diving")
    (source / "manifest.csv").write_text("video,split\n")
    with pytest.raises(InputError, match="expected a row for every video"):
        manifest.read(source, sport="diving")
    write_table(source / "manifest.csv", MANIFEST_HEADER, [("dive 2",) + ("",) * 8])
    write_table(source / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), [])
    with pytest.raises(InputError, match=r"expected stages in its columns or in .* Received: both"):
        manifest.read(source, sport="diving")


# === Layouts that cannot be read ===


def _truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


class _Command:
    def __reduce__(self):
        return (os.system, ("touch executed",))


def _malicious(path):
    write_pickle(path, {(1, 1): _Command()})


@pytest.mark.parametrize(
    ("dataset", "write", "name", "options"),
    [
        ("mtl_aqa", write_mtl_aqa, "final_annotations_dict.pkl", {}),
        ("mtl_aqa", write_mtl_aqa, "test_split_0.pkl", {}),
        ("finediving", write_finediving, "Annotations/FineDiving_fine-grained_annotation.pkl", {}),
        ("finediving", write_finediving, "Annotations/FineDiving_coarse_annotation.pkl", {}),
        ("finediving", write_finediving, "train_test_split/train_split.pkl", {}),
        ("aqa7", write_aqa7, "Split_4/split_4_train_list.mat", {"action": "diving"}),
    ],
)
def test_truncated_and_malicious_label_files(tmp_path, monkeypatch, dataset, write, name, options):
    source = write(tmp_path / "source")
    monkeypatch.chdir(tmp_path)
    for damage in (_truncate, _malicious):
        damage(source / name)
        with pytest.raises(InputError, match=rf"{Path(name).name}: expected .* Received: "):
            DATASETS[dataset].read(source, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    if dataset != "aqa7":
        with pytest.raises(InputError, match=r"Received: \w+\.system, which is not loaded"):
            DATASETS[dataset].read(source, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({1: {}}, r"expected \{\(video, clip\): \{field: value\}\}\. Received: 1: \{\}"),
        ({(1, 1): [3.0]}, r"Received: \(1, 1\): \[3\.0\]"),
        ([], "expected a pickled dict. Received: list"),
    ],
)
def test_annotations_of_another_form(tmp_path, content, message):
    source = write_mtl_aqa(tmp_path / "mtl")
    write_pickle(source / "final_annotations_dict.pkl", content)
    with pytest.raises(InputError, match=message):
        mtl_aqa.read(source)


@pytest.mark.parametrize("dataset", sorted(DATASETS.keys() - {"manifest"}))
def test_an_empty_folder_is_no_layout(tmp_path, dataset):
    options = {"action": "diving"} if dataset == "aqa7" else {}
    with pytest.raises(InputError, match=rf"{tmp_path.name}.*: expected .*Received: "):
        DATASETS[dataset].read(tmp_path, **options)


# === The check and inspect commands ===


def _command(*arguments):
    return forked("data_prep", *arguments)


def test_exit_status_of_check(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    arguments = ("check", "--dataset=mtl_aqa", f"--source_dir={source}", "--workers=1")
    sound = _command(*arguments)
    assert sound.returncode == 0 and "(mtl_aqa): 4 samples, 24 frames decoded, problems: 0." in sound.stdout
    assert "Scores known of 4 videos: difficulty 4, execution 4, final 4." in sound.stdout
    _truncate(source / "whole_videos_frames/02/000008.jpg")
    damaged = _command(*arguments)
    assert damaged.returncode == 1 and "no whole image" in damaged.stdout and "problems: 1." in damaged.stdout
    (source / "train_split_0.pkl").unlink()
    incomplete = _command(*arguments)
    assert incomplete.returncode == 1 and "train_split_0.pkl" in incomplete.stdout
    for wrong in ("--datset=x", "--sport=diving", f"--source_dir={tmp_path / 'none'}", "extra", "--dataset=golf"):
        result = _command(*arguments, wrong)
        assert result.returncode == 2 and "Traceback" not in result.stderr, wrong
    assert _command("check").returncode == 2
    assert _command("check", "--dataset=aqa7", f"--source_dir={source}").returncode == 2  # --action is missing
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mtl"]


def test_check_writes_what_build_refuses(tmp_path):
    """Both run the same checks: what one reports the other refuses, first what it need not decode for."""
    source = write_unlv_diving(tmp_path / "diving", 4, 1)
    (source / "jump_drop_water_label.txt").write_text("4,8,13,19\n9,8,14,20\n4,8,15,99\n4,8,16,22\n")
    (source / "diving_samples_len_ori/004.avi").unlink()
    lines, num_problems = check("unlv_diving", source, workers=1)
    found = []
    for damage, number in ((None, 2), ("4,8,13,19\n4,8,14,20\n4,8,15,99\n4,8,16,22\n", 1)):
        if damage:
            (source / "jump_drop_water_label.txt").write_text(damage)
            write_bars(source / "diving_samples_len_ori/004.avi", 28, 4)
        with pytest.raises(InputError, match=counted(number, "problem")) as error:
            build_records("unlv_diving", source, tmp_path / "records", SMALL, workers=1)
        found += [line.strip() for line in str(error.value).splitlines()[1:-1]]
    assert num_problems == 3 and sorted(found) == sorted(lines[:3])


def test_inspect_compares_with_the_source(tmp_path):
    source = write_manifest(tmp_path / "own")
    _build("manifest", source, tmp_path / "records", sport="diving")
    shown = _command("inspect", f"--records_dir={tmp_path / 'records'}", f"--source_dir={source}")
    assert shown.returncode == 0 and "PSNR against the decoded source, 3 of 3 records: mean " in shown.stdout
    shutil.rmtree(source / "dive 2")
    write_bars(source / "2024 (final)/dive.avi", 20, 5)
    changed = _command("inspect", f"--records_dir={tmp_path / 'records'}", f"--source_dir={source}")
    assert changed.returncode == 1 and "expected the bytes that the record was made of" in changed.stderr
    comparison = compare_with_source(DatasetInfo.load(tmp_path / "records"), source)
    assert list(comparison.psnr) == ["dive #1, 100%!!.mp4"] and comparison.missing == ["dive 2"]


def test_psnr_of_known_errors():
    """An error of 5 everywhere: 20 log₁₀(255 / 5)."""
    frames = np.full((2, 3, 4, 3), 100, np.uint8)
    assert psnr(frames, frames + np.uint8(5)) == pytest.approx(34.1514, abs=1e-4)
    assert psnr(frames, frames) == np.inf


# === Real label files and videos ===


def _real(*names):
    return Path(os.environ["SCORINGNET_REAL_DATA"], *names)


@needs_real_data
def test_real_mtl_aqa(tmp_path):
    source = tmp_path / "mtl"
    shutil.copytree(_real("mtl_aqa"), source)
    (source / "whole_videos_frames").mkdir()
    plain = read_source("mtl_aqa", source)
    splits = [sample.split for sample in plain.samples]
    assert (len(splits), splits.count("train"), splits.count("test")) == (1412, 1059, 353)
    assert _problems(plain) == []  # no clip in both splits, every score in range
    assert len({sample.group for sample in plain.samples}) == 15  # broadcasts
    assert plain.notes[3] == "Labelled: train 1,059, test 353, as published (Parmar and Morris 2019, split 0)."
    assert len(plain.notes) == 5 and plain.notes[2].endswith("18_043 (23.088) and 1 more.")
    assert plain.notes[1] == "Of 1,412 clips 1,412 have no judge_scores to hold the score against."
    assert plain.notes[4].startswith("Groups that are in more than one split: 01, 02")  # as published
    for name in ("final_annotations_dict", "train_split_0", "test_split_0"):
        path = source / f"{name}.pkl"
        labels = load_pickle(path, (dict, list))
        keys = [tuple(np.int64(number) for number in key) for key in labels]
        path.chmod(0o644)
        write_pickle(path, dict(zip(keys, labels.values(), strict=True)) if isinstance(labels, dict) else keys)
    assert read_source("mtl_aqa", source) == plain


@needs_real_data
def test_real_unlv_diving_in_other_conventions(tmp_path):
    source = tmp_path / "unlv"
    shutil.copytree(_real("unlv_diving"), source, copy_function=shutil.copyfile)
    (source / "diving_samples_len_ori").mkdir()
    plain = read_source("unlv_diving", source)
    assert sum(sample.split == "train" for sample in plain.samples) == 300
    assert "Labelled: train 300, test 70, as published (Parmar and Morris 2017, §4.1)." in plain.notes
    assert [problem.where for sample in plain.samples for problem in sample.problems] == [
        "032.avi (row 32)",
        "095.avi (row 95)",
    ]
    for path, variable in [
        (source / "diving_overall_scores.mat", "overall_scores"),
        (source / "diving_difficulty_level.mat", "difficulty_level"),
        (source / "split_300_70/training_idx.mat", "training_idx"),
        (source / "split_300_70/testing_idx.mat", "testing_idx"),
    ]:
        vector = scipy.io.loadmat(path)[variable].T
        scipy.io.savemat(path, {variable: vector.astype(np.uint16) if "idx" in variable else vector})
    assert read_source("unlv_diving", source) == plain
    lines, num_problems = check("unlv_diving", source, workers=1)
    report = "\n".join(lines)
    assert num_problems == 372 and report.count("no such file") == 1 and "370 rows" in report
    assert "row 32: expected 0 ≤ t0 ≤ t1 ≤ t2 ≤ t3. Received: 32,28,55,73" in report
    assert "row 95: expected 0 ≤ t0 ≤ t1 ≤ t2 ≤ t3. Received: 43,50,45,87" in report


@needs_real_data
@pytest.mark.parametrize("number", range(1, 7))
def test_real_mit_diving_splits(tmp_path, number):
    source = tmp_path / "unlv"
    shutil.copytree(_real("unlv_diving"), source, copy_function=shutil.copyfile)
    (source / "diving_samples_len_ori").mkdir()
    read = read_source("mit_diving", source, split_dir=f"random_splits_100_59/split_{number}")
    splits = [sample.split for sample in read.samples]
    assert (splits.count("train"), splits.count("test")) == (100, 59) and id_problems(read.samples) == {}
    assert "Labelled: train 100, test 59, as published (Pirsiavash et al. 2014, §4.1)." in read.notes
    with pytest.raises(InputError, match=r"random_splits_100_59/split_1, .*split_6"):
        mit_diving.read(source)


@needs_real_data
def test_real_vault_scores(tmp_path):
    """Final = difficulty + execution − penalty for all 710; without the penalties it fails for the 91 that have one."""
    with _real("vault/scores.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    header = ("video", "split", *rows[0])
    table = [(f"{number}.mp4", "train", *row) for number, row in enumerate(rows[1:])]
    write_table(tmp_path / "manifest.csv", header, table)
    assert len(table) == 710 and _problems(manifest.read(tmp_path, sport="vault")) == []
    write_table(tmp_path / "manifest.csv", header, [(*row[:4], "0.0", row[5]) for row in table])
    problems = _problems(manifest.read(tmp_path, sport="vault"))
    assert len(problems) == sum(float(row[4]) > 0 for row in table) == 91
    assert "(sum_minus_penalty rule)" in problems[0]


def _ties(values):
    return [values.index(value) for value in values]


@needs_real_data
def test_ties_of_real_executions_are_ties_on_paper():
    """The quotients of UNLV-Diving and the differences of vaults, as labels and as records hold them."""
    read = [
        read_vector(_real("unlv_diving", f"diving_{name}.mat"), name) for name in ("overall_scores", "difficulty_level")
    ]
    dives = [(repr(float(final)), repr(float(difficulty)), "0") for final, difficulty in zip(*read, strict=True)]
    with _real("vault/scores.csv").open(newline="") as file:
        vaults = [(row["final"], row["difficulty"], row["penalty"]) for row in csv.DictReader(file)]
    for sport, rows in (("diving", dives), ("vault", vaults)):
        exact, found = [], []
        for final, difficulty, penalty in rows:
            parts = Fraction(final), Fraction(difficulty), Fraction(penalty)
            exact.append(parts[0] / parts[1] if sport == "diving" else parts[0] - parts[1] + parts[2])
            scores = {"difficulty": float(difficulty), "final": float(final), "penalty": float(penalty)}
            found.append(complete_scores(get_sport(sport), **scores)["execution"])
        assert len(set(exact)) < len(exact) and _ties(found) == _ties(exact)
        assert _ties(as_points(found).tolist()) == _ties(exact)


@pytest.mark.slow
@needs_real_data
def test_real_videos_go_through_a_manifest_and_back(tmp_path):
    names = sorted(path.name for path in _real("videos").glob("*.*"))
    assert len(names) == 7
    rows = [(name, "", "", "", "test", "", "", "", "") for name in names]
    rows[names.index("springboard_dive.mp4")] = ("springboard_dive.mp4", "", "", "", "train", 0, 166, 197, 230)
    write_table(tmp_path / "manifest.csv", MANIFEST_HEADER, rows)
    options = {"sport": "diving", "manifest_csv": str(tmp_path / "manifest.csv")}
    info, _ = _build("manifest", _real("videos"), tmp_path / "records", BuildSettings((120, 160)), **options)
    lengths = {video_id: video["num_frames"] for video_id, video in info.videos.items()}
    assert sorted(lengths) == names and lengths["springboard_dive.mp4"] == 259
    assert info.stage_frames["train"] == {"pre-starting": 166, "take-flight": 31, "entry": 33, "noise": 29}
    comparison = compare_with_source(info, _real("videos"))
    assert len(comparison.psnr) == 7 and min(comparison.psnr.values()) > 30 and not comparison.problems
    (_, record) = next(iter(read_records(info, "train")))
    stored = decode_frames(record["image/encoded"])[180]
    source = read_video(_real("videos/springboard_dive.mp4"), size=(120, 160)).frames
    errors = [psnr(stored, frame) for frame in source]
    assert int(np.argmax(errors)) == 180


def _manifest_of(folder):
    folder.mkdir()
    for number in range(3):
        write_bars(folder / f"{number}.avi", 6, number)
    (folder / "manifest.csv").write_text("video,split,final\n0.avi,train,60\n1.avi,train,70\n2.avi,test,65\n")
    return folder


def test_what_may_not_be_read_and_names_that_none_can_be_end_no_reading(tmp_path, monkeypatch):
    source = _manifest_of(tmp_path / "source")
    with (source / "manifest.csv").open("a") as file:
        file.write("b\0.mp4,test,60\n")
    samples = manifest.read(source, sport="diving").samples
    assert len(samples) == 4

    def refused(folder):
        raise PermissionError(folder)

    monkeypatch.setattr("data_prep.datasets.readers.layout.videos_in", refused)
    assert not any("in no row" in note for note in manifest.read(source, sport="diving").notes)


@pytest.mark.parametrize(
    ("dataset", "write", "table", "options", "videos"),
    [
        ("manifest", _manifest_of, "manifest.csv", {"sport": "diving"}, "."),
        ("motion", write_motion, "motion_classes.csv", {}, "videos"),
        ("rhythmic_gymnastics", write_gymnastics, "train.txt", {}, "videos"),
    ],
)
def test_a_video_that_no_row_names_is_told(dataset, write, table, options, videos, tmp_path):
    """A row may have been lost; of another apparatus that is not asked for none was."""
    source = write(tmp_path / "source")
    read = DATASETS[dataset].read(source, **options)
    assert not any("in no row" in note for note in read.notes)
    (path,) = source.rglob(table)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    (note,) = [note for note in DATASETS[dataset].read(source, **options).notes if "in no row" in note]
    (gone,) = {str(s.path.relative_to(source / videos)) for s in read.samples} - {
        str(s.path.relative_to(source / videos)) for s in DATASETS[dataset].read(source, **options).samples
    }
    assert note == f"In the folder, but in no row: 1 video, {gone}."
