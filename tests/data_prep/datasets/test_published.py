"""The published datasets: official layouts become samples and records; what is wrong with a copy is named."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from conftest import read_index, write_split, write_unlv_diving
from layouts import (
    notes_of,
    problem_codes,
    write_aqa7,
    write_finediving,
    write_mtl_aqa,
    write_pickle,
    write_ucf101,
)
from refusals import refused

from data_prep.datasets import DATASETS, aqa7, finediving, mtl_aqa, read_source, unlv
from data_prep.datasets.readers.layout import index_videos
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import check
from data_prep.records.verifying import decode_frames, read_records, verify_records
from scoringnet_tf.data.dataset_info import DatasetInfo

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
    read = mtl_aqa.read(source)
    assert [sample.group for sample in read.samples] == ["01", "01", "02", "02"], "the broadcasts"
    assert "no_stage_labels" in notes_of(read)


def with_marks(folder):
    """The layout with marks; those of (1, 2) give another score than stated, and of (2, 1) there are five."""
    source = write_mtl_aqa(folder)
    scores = {(1, 1): 61.5, (1, 2): 62.0, (2, 1): 62.0, (2, 5): 61.5}
    entries = {key: {"judge_scores": MARKS, "final_score": score} for key, score in scores.items()}
    change(source / ANNOTATIONS, entries=entries | {(2, 1): {"judge_scores": [7.0] * 5}})
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
    assert num_problems >= 4 and any("(2, 5)" in line and "41" in line for line in lines)


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
    assert "Final2" in notes["torn_groups"] and "Final1" not in notes["torn_groups"]


def test_the_entry_of_finediving_has_the_label_that_its_copy_gives_it(tmp_path):
    types = {2: "Back", 36: "2.5 Soms.Pike", 7: "Entry"}
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


# === UNLV, MIT-Diving ===


def test_mit_diving_takes_its_own_split(tmp_path, monkeypatch):
    source = write_unlv_diving(tmp_path / "diving", 6, 2)
    with refused("not_found", "split_100_59*", "random_splits_100_59/split_*"):
        unlv.read_mit_diving(source)
    (source / "random_splits_100_59/split_1").mkdir(parents=True)
    write_split(source / "random_splits_100_59/split_1", [1, 2, 3], [5])
    monkeypatch.chdir(source / "split_4_2")
    for given in ("split_4_2", "../split_4_2"):  # in the source, or from here
        assert len(unlv.read_mit_diving(source, given).samples) == 6
    info = build("mit_diving", source, tmp_path / "records")
    assert sorted(info.videos) == ["001", "002", "003", "005"] and info.stage_frames["test"]["entry"] == 6


# === How many there are ===


@pytest.mark.parametrize(
    ("dataset", "write", "options", "labelled", "published"),
    [
        ("unlv_diving", write_unlv_diving, {}, "train 7, test 3", "train 300, test 70"),
        ("mit_diving", write_unlv_diving, {"split_dir": "split_7_3"}, "train 7, test 3", "train 100, test 59"),
        ("mtl_aqa", write_mtl_aqa, {}, "train 3, test 1", "train 1,059, test 353"),
        ("finediving", write_finediving, {}, "train 3, test 1", "train 2,251, test 749"),
        ("aqa7", write_aqa7, {"action": "gym_vault"}, "train 1, test 1", "in all 176"),
        ("ucf101", write_ucf101, {}, "train 4, test 2", "train 9,537, test 3,783"),
    ],
)
def test_numbers_of_videos_are_shown_beside_the_published_ones(tmp_path, dataset, write, options, labelled, published):
    note = notes_of(read_source(dataset, write(tmp_path / "source"), **options))["count_mismatch"]
    assert labelled in note and published in note


# === Where videos lie ===


@pytest.mark.parametrize("name", ["001.avi", "001.AVI", "001.Mp4", "001"])
def test_videos_are_found_whatever_the_case_of_their_suffix(tmp_path, name):
    Path(tmp_path, name).mkdir()
    assert index_videos(tmp_path)[1] == tmp_path / name


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


# === Files that are no such files ===


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
