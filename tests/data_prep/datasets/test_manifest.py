"""A user's own folder of videos: its table and stages become records; what is wrong is named."""

import pytest
from command_forks import forked
from conftest import write_bars, write_motion, write_unlv_diving
from layouts import (
    MANIFEST_HEADER,
    notes_of,
    problem_codes,
    write_gymnastics,
    write_manifest,
    write_mtl_aqa,
    write_table,
)
from refusals import code_printed, refused
from test_published import build, frame_indices, truncate

from data_prep.datasets import DATASETS, manifest
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import score_problems
from data_prep.records.dry_run import check
from data_prep.records.summary import summary
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError

STAGE_COLUMNS = ("video_id", "stage", "start_frame", "end_frame")
SMALL = BuildSettings((36, 48))


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


@pytest.mark.parametrize("starts", [(-1, 5, 11, 20), (-3, -2, -1, 20), (-4, -3, -2, -1)])
def test_boundaries_are_not_negative(tmp_path, starts):
    write_table(tmp_path / "manifest.csv", MANIFEST_HEADER, [("a", 3.0, 21.0, 63.0, "train", *starts)])
    (sample,) = manifest.read(tmp_path, sport="diving").samples
    assert [(problem.kind, problem.code) for problem in sample.problems] == [("nonmonotone", "not_in_order")]
    assert sample.segments is None


def test_scores_have_penalties(tmp_path):
    """Final = difficulty + execution − penalty: two of the three give the third, and all three must agree."""
    header = ("video", "split", "difficulty", "execution", "final", "penalty")
    rows = [
        ("a.mp4", "train", 6.5, 9.4, "", 0.3),
        ("b.mp4", "train", 6.5, "", 15.6, 0.3),
        ("c.mp4", "train", 6.5, "", 15.6, ""),
        ("d.mp4", "test", 6.5, 9.4, 15.6, 0.3),
        ("e.mp4", "test", 6.5, 9.4, 15.9, 0.3),
    ]
    write_table(tmp_path / "manifest.csv", header, rows)
    samples = manifest.read(tmp_path, sport="vault").samples
    a, b, c, *_ = samples
    assert (a.final, b.execution, c.execution) == pytest.approx((15.6, 9.4, 9.1))
    assert [sample.penalty for sample in samples] == [0.3, 0.3, None, 0.3, 0.3]
    odd = [sample.video_id for sample in samples if score_problems(sample, get_sport("vault"))]
    assert odd == ["e.mp4"] and all(not sample.problems for sample in samples)


def test_a_row_with_an_error_is_not_kept_for_its_scores(tmp_path):
    """A contradiction beside an impossible score is an error; a final score that the rule does not give is none."""
    rows = [
        ("dive #1, 100%!!.mp4", 9, 21.0, 60.0, "train", 2, 6, 12, 16),
        ("dive 2", 2.8, 21.0, 60.0, "train", 0, 5, 11, 20),
    ]
    source, keep = write_manifest(tmp_path / "own", rows), BuildSettings((36, 48), on_inconsistent="keep")
    kinds = [
        [problem.kind for problem in score_problems(sample, get_sport("diving"))]
        for sample in manifest.read(source, sport="diving").samples
    ]
    assert kinds == [["error"], ["inconsistent"]]
    with refused("bad_rows", "row 2", "--on_error=skip"):
        build("manifest", source, tmp_path / "refused", keep, sport="diving")
    skip = BuildSettings((36, 48), on_inconsistent="keep", on_error="skip")
    info = build("manifest", source, tmp_path / "kept", skip, sport="diving")
    assert list(info.videos) == ["dive 2"] and [entry["id"] for entry in info.skipped] == ["dive #1, 100%!!.mp4"]


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


# === Videos of no row ===


def small_manifest(folder):
    folder.mkdir()
    for number in range(3):
        write_bars(folder / f"{number}.avi", 6, number)
    (folder / "manifest.csv").write_text("video,split,final\n0.avi,train,60\n1.avi,train,70\n2.avi,test,65\n")
    return folder


def test_names_that_no_file_system_takes_end_no_reading(tmp_path):
    source = small_manifest(tmp_path / "source")
    with (source / "manifest.csv").open("a") as file:
        file.write("b\0.mp4,test,60\n")
    assert len(manifest.read(source, sport="diving").samples) == 4


@pytest.mark.parametrize(
    ("dataset", "write", "table", "options", "videos"),
    [
        ("manifest", small_manifest, "manifest.csv", {"sport": "diving"}, "."),
        ("motion", write_motion, "motion_classes.csv", {}, "videos"),
        ("rhythmic_gymnastics", write_gymnastics, "train.txt", {}, "videos"),
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


# === The check command ===


def test_exit_status_of_check(tmp_path):
    source = write_mtl_aqa(tmp_path / "mtl")
    arguments = ("data_prep", "check", "--dataset=mtl_aqa", f"--source_dir={source}", "--workers=1")
    sound = forked(*arguments)
    assert sound.returncode == 0 and "4 samples, 24 frames decoded, problems: 0." in sound.stdout
    truncate(source / "whole_videos_frames/02/000008.jpg")
    damaged = forked(*arguments)
    assert damaged.returncode == 1 and "problems: 1." in damaged.stdout
    (source / "train_split_0.pkl").unlink()
    incomplete = forked(*arguments)
    assert incomplete.returncode == 1 and "train_split_0.pkl" in incomplete.stdout
    for wrong, code in (
        ("--datset=x", None),
        ("extra", None),
        ("--dataset=golf", None),
        ("--sport=diving", "flag_unused"),
        (f"--source_dir={tmp_path / 'none'}", "not_found"),
        ("--dataset=aqa7", "missing_flag"),
    ):
        result = forked(*arguments, wrong)
        assert result.returncode == 2 and "Traceback" not in result.stderr, wrong
        assert code is None or code_printed(result.stderr) == code
    assert forked("data_prep", "check").returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mtl"]


def test_check_reports_what_build_refuses(tmp_path):
    """Both run the same checks: what one reports the other refuses, first what it need not decode for."""
    source = write_unlv_diving(tmp_path / "diving", 4, 1)
    (source / "jump_drop_water_label.txt").write_text("4,8,13,19\n9,8,14,20\n4,8,15,99\n4,8,16,22\n")
    (source / "diving_samples_len_ori/004.avi").unlink()
    lines, num_problems = check("unlv_diving", source, workers=1)
    found = []
    for damage in (None, "4,8,13,19\n4,8,14,20\n4,8,15,99\n4,8,16,22\n"):
        if damage:
            (source / "jump_drop_water_label.txt").write_text(damage)
            write_bars(source / "diving_samples_len_ori/004.avi", 28, 4)
        with pytest.raises(InputError) as error:
            build_records("unlv_diving", source, tmp_path / "records", SMALL, workers=1)
        found += [line.strip() for line in str(error.value).splitlines()]
    assert num_problems == 3 and all(any(line in text for text in found) for line in lines[:3])
