"""A user's own folder of videos: its table and stages become records; what is wrong is named."""

import pytest
from command_forks import forked
from conftest import write_bars, write_motion, write_unlv_diving
from layouts import (
    MANIFEST_HEADER,
    notes_of,
    problem_codes,
    write_manifest,
    write_mtl_aqa,
    write_table,
)
from refusals import code_printed, refused
from test_published import build, frame_indices

from data_prep.datasets import DATASETS, manifest, read_source
from data_prep.records.checks import check
from data_prep.records.summary import summary
from scoringnet_tf.data.corrections import COLUMNS
from scoringnet_tf.data.splits import write_split
from scoringnet_tf.data.video import Clip

STAGE_COLUMNS = ("video_id", "stage", "start_frame", "end_frame")


def test_videos_and_folders_with_boundaries(tmp_path):
    source = write_manifest(tmp_path / "own")
    info = build("manifest", source, tmp_path / "records", sport="diving")
    indices = frame_indices(info)
    assert set(indices) == {"dive #1, 100%!!.mp4", "dive 2", "2024 (final)/dive.avi"}
    assert all(numbers == list(range(20)) for numbers in indices.values())
    assert info.stage_frames["train"] == {"noise": 6, "pre-starting": 9, "take-flight": 12, "entry": 13}
    assert info.stage_frames["test"] == {"unlabelled": 20}
    assert info.videos["dive 2"]["execution"] == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("final", "split", "trainable"),
    [(56.0, "train", "final score"), ("", "train", "nothing"), (56.0, "test", "nothing")],
)
def test_what_can_be_trained_is_what_the_training_split_has_labels_for(tmp_path, final, split, trainable):
    """Stages and difficulty of test videos alone are counted, but nothing learns from them."""
    labelled = ("dive #1, 100%!!.mp4", 3.0, "", 66.0, "test", 0, 5, 11, 20)
    source = write_manifest(tmp_path / "own", [labelled, ("dive 2", "", "", final, split, "", "", "", "")])
    text = summary(build("manifest", source, tmp_path / "records", sport="diving"))
    (line,) = [line for line in text.splitlines() if "These records can train" in line]
    assert trainable in line and "20 of 40" in text and "1 of 2" in text


def test_stage_labels_beside_the_table(tmp_path):
    rows = [("dive 2", "train", "Ann"), ("2024 (final)/dive.avi", "test", "Eve")]
    source = write_manifest(tmp_path / "own", rows, ("video", "split", "athlete"))
    (source / "manifest.csv").rename(tmp_path / "mine.csv")
    labels = [("dive 2", "take-flight", 3, 9), ("dive 2", "entry", 9, 12), ("2024 (final)/dive.avi", "entry", 0, 20)]
    write_table(tmp_path / "stage_labels.csv", STAGE_COLUMNS, labels)
    options = {"sport": "diving", "manifest_csv": str(tmp_path / "mine.csv")}
    info = build("manifest", source, tmp_path / "records", **options)
    assert info.stage_frames["train"] == {"take-flight": 6, "entry": 3, "unlabelled": 11}
    assert "athlete" in notes_of(manifest.read(source, **options))["unused_columns"]
    # A stage without frames leaves a video unlabelled; an unknown one is named though it has no frames.
    for stage, codes in (("noise", []), ("crowd", ["unknown_name"])):
        unlabelled = ("2024 (final)/dive.avi", stage, 0, 0)
        write_table(tmp_path / "stage_labels.csv", STAGE_COLUMNS, [*labels[:2], unlabelled])
        assert [code for _, code in problem_codes(manifest.read(source, **options))] == codes
    write_table(tmp_path / "stage_labels.csv", STAGE_COLUMNS, [labels[0], ("dive 2", "entry", 8, 12)])
    first, second = manifest.read(source, **options).samples
    assert [(problem.kind, problem.code) for problem in first.problems] == [("nonmonotone", "not_in_order")]
    assert not second.problems and second.segments is None


def test_rows_are_checked(tmp_path):
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
    source = write_manifest(tmp_path / "own", rows)
    found = [(where.rpartition(" ")[2], code) for where, code in problem_codes(manifest.read(source, sport="diving"))]
    assert sorted(found) == [
        ("4", "not_a_number"),
        ("4", "not_in_order"),
        ("5", "not_a_number"),
        ("5", "not_an_integer"),
    ]
    lines, num_problems = check("manifest", source, workers=1, sport="diving")
    assert num_problems == 12
    named = {line.partition(":")[0].rpartition(" ")[2] for line in lines if line.startswith("manifest.csv, row ")}
    assert named == {"2", "3", "4", "5", "6", "7", "8"}


def corrections_of(path, performance, *frames):
    """The rows that a page saves for a dive in three stages; an empty frame is unknown."""
    names = ("start of pre-starting", "start of take-flight", "start of entry", "end")
    sha256 = Clip(path).sha256()
    return [
        (path.name, sha256, performance, name, "", frame, "2026-12-01T22:24:02Z")
        for name, frame in zip(names, frames, strict=True)
    ]


def test_corrections_from_a_page_are_stage_labels(tmp_path):
    """Two dives in one file; in another the first stage is not known, and so is nothing before its second."""
    for number, name in enumerate(("two.avi", "one.avi", "none.avi")):
        write_bars(tmp_path / name, 30, number)
    write_table(tmp_path / "manifest.csv", ("video",), [("two.avi",), ("one.avi",), ("none.avi",)])
    dives = {2: (16, 18, 22, 25), 1: (2, 5, 9, 12)}
    two = [row for number, frames in dives.items() for row in corrections_of(tmp_path / "two.avi", number, *frames)]
    write_table(tmp_path / "two.avi.corrections.csv", COLUMNS, two)
    one = corrections_of(tmp_path / "one.avi", 1, "", 5, 20, 28)
    write_table(tmp_path / "one.avi.corrections.csv", COLUMNS, one)
    info = build("manifest", tmp_path, tmp_path / "records", sport="diving")
    counts = {"noise": 11 + 2, "pre-starting": 5, "take-flight": 8 + 15, "entry": 6 + 8, "unlabelled": 35}
    assert info.stage_frames["train"] == counts
    write_table(tmp_path / "one.avi.corrections.csv", COLUMNS, one[:-1])
    with refused("missing_rows", "end"):
        manifest.read(tmp_path, sport="diving")
    with refused("unknown_name", "pre-starting"):
        manifest.read(tmp_path, sport="diving_phases")
    write_table(tmp_path / "one.avi.corrections.csv", COLUMNS, one)
    write_bars(tmp_path / "one.avi", 29, 1)
    with refused("other_video", "one.avi"):
        manifest.read(tmp_path, sport="diving")
    write_table(tmp_path / "stage_labels.csv", STAGE_COLUMNS, [("one.avi", "entry", 1, 5)])
    with refused("labelled_twice", "stage_labels.csv"):
        manifest.read(tmp_path, sport="diving")


def test_corrections_lie_beside_videos_and_tell_nothing_of_performances_that_lack(tmp_path):
    (tmp_path / "monday").mkdir()
    for number, name in enumerate(("second.avi", "end.avi")):
        write_bars(tmp_path / "monday" / name, 30, number)
    second = corrections_of(tmp_path / "monday/second.avi", 2, 16, 18, 22, 25)
    end = corrections_of(tmp_path / "monday/end.avi", 1, "", "", "", 28)
    write_table(tmp_path / "monday/corrections.csv", COLUMNS, [*second, *end, *(("gone.avi", *row[1:]) for row in end)])
    write_table(tmp_path / "manifest.csv", ("video",), [("monday/second.avi",), ("monday/end.avi",)])
    info = build("manifest", tmp_path, tmp_path / "records", sport="diving")
    counts = {"noise": 5 + 2, "pre-starting": 2, "take-flight": 4, "entry": 3, "unlabelled": 16 + 28}
    assert info.stage_frames["train"] == counts
    notes = {note.code: note for note in manifest.read(tmp_path, sport="diving").notes}
    assert "gone.avi" in notes["corrections_unused"]


@pytest.mark.parametrize(
    ("header", "options", "code", "named"),
    [
        (MANIFEST_HEADER, {}, "missing_flag", "--sport"),
        (MANIFEST_HEADER, {"sport": "golf"}, "unknown_name", "golf"),
        (("video", "entry", "split"), {"sport": "diving"}, "columns_of_stages", "entry"),
        (("clip", "split"), {"sport": "diving"}, "missing_column", "clip, split"),
        (MANIFEST_HEADER, {"sport": "diving", "manifest_csv": "nowhere.csv"}, "not_found", "nowhere.csv"),
    ],
)
def test_a_manifest_that_cannot_be_read(tmp_path, header, options, code, named):
    write_table(tmp_path / "manifest.csv", header, [("dive 2",) + ("",) * (len(header) - 1)])
    with refused(code, named):
        manifest.read(tmp_path, **options)


def test_stages_are_in_one_place(tmp_path):
    source = write_manifest(tmp_path / "own")
    write_table(source / "stage_labels.csv", STAGE_COLUMNS, [("dive 2", "entry", 1, 5)])
    with refused("labelled_twice", "stage_labels.csv"):
        manifest.read(source, sport="diving")


# === Splits ===


def test_a_split_file_takes_the_place_of_the_datasets_own_split(tmp_path):
    source_dir, path = write_unlv_diving(tmp_path / "diving", 4, 1), tmp_path / "mine.csv"
    write_split(path, {"001": "train", "002": "validation", "003": "test", "004": "test"})
    info = build("unlv_diving", source_dir, tmp_path / "records", split_csv=str(path))
    ids = {name: split["ids"] for name, split in info.splits.items()}
    assert ids == {"train": ["001"], "validation": ["002"], "test": ["003", "004"]}
    assert info.settings["split_csv"] == "mine.csv"
    note = notes_of(read_source("unlv_diving", source_dir, split_csv=path))["count_mismatch"]
    assert "train 1, validation 1, test 2" in note and "in all 370" in note
    write_split(path, {"001": "train", "005": "test"})
    with refused("other_records", "mine.csv", "002", "005"):
        read_source("unlv_diving", source_dir, split_csv=path)


def test_a_table_needs_no_split_if_a_file_has_it(tmp_path):
    write_table(tmp_path / "manifest.csv", ("video", "final"), [("a.avi", 60), ("b.avi", 70)])
    source = read_source("manifest", tmp_path, sport="diving")
    assert [sample.split for sample in source.samples] == ["train"] * 2
    assert [note.code for note in source.notes].count("no_split") == 1
    write_split(tmp_path / "split.csv", {"a.avi": "train", "b.avi": "test"})
    for width in (2, 3):
        rows = [("video", "final", "split"), ("a.avi", 60, "dev"), ("b.avi", 70, "dev")]
        write_table(tmp_path / "manifest.csv", rows[0][:width], [row[:width] for row in rows[1:]])
        source = read_source("manifest", tmp_path, split_csv=tmp_path / "split.csv", sport="diving")
        assert [(sample.split, sample.problems) for sample in source.samples] == [("train", ()), ("test", ())]
    unknown = read_source("manifest", tmp_path, sport="diving")
    assert [code for _, code in problem_codes(unknown)] == ["unknown_name"] * 2


# === Videos of no row ===


@pytest.mark.parametrize(
    ("dataset", "write", "table", "options", "videos"),
    [
        ("manifest", write_manifest, "manifest.csv", {"sport": "diving"}, "."),
        ("motion", write_motion, "motion_classes.csv", {}, "videos"),
    ],
)
def test_a_video_that_no_row_names_is_told(dataset, write, table, options, videos, tmp_path):
    """A row may have been lost."""
    source = write(tmp_path / "source")
    read = DATASETS[dataset](source, **options)
    assert "in_no_row" not in notes_of(read)
    (path,) = source.rglob(table)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    fewer = DATASETS[dataset](source, **options)
    (gone,) = {sample.path for sample in read.samples} - {sample.path for sample in fewer.samples}
    assert f"1 file, {gone.relative_to(source / videos)}" in notes_of(fewer)["in_no_row"]


# === Without writing ===


def test_a_dry_run_tells_what_is_wrong_by_its_exit_status(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    arguments = ("data_prep", "build", "--dry_run", "--dataset=mtl_aqa", f"--source_dir={source}", "--workers=1")
    sound = forked(*arguments)
    assert sound.returncode == 0 and "4 samples, 24 frames decoded, problems: 0." in sound.stdout
    (source / "whole_videos_frames/01/000008.jpg").write_bytes(b"")
    damaged = forked(*arguments)
    assert damaged.returncode == 1 and "problems: " in damaged.stdout
    (source / "train_split_0.pkl").unlink()
    incomplete = forked(*arguments)
    assert (incomplete.returncode, code_printed(incomplete.stderr)) == (1, "not_found")
