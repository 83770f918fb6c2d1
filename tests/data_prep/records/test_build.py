"""`data_prep build`: sound records from sound folders; everything that is not sound is refused or left out."""

import dataclasses
import io
import json
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import scipy.io
from conftest import bar_color, bar_frame, read_index, write_bars, write_split, write_unlv_diving, write_video
from layouts import change_times, write_table
from refusals import codes, refused, said

from data_prep.datasets.sample import Problem
from data_prep.records import checks
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import check
from data_prep.records.summary import summary
from data_prep.records.verifying import decode_frames, read_records, verify_records
from data_prep.records.writing import ShardWriter
from scoringnet_tf.data.dataset_info import DatasetInfo

SMALL = BuildSettings((36, 48))
SKIPPING = BuildSettings((36, 48), on_error="skip")
STAGES = ("video_id", "stage", "start_frame", "end_frame")
VIDEOS = "diving_samples_len_ori"


def build(source, output, dataset="unlv_diving", settings=SMALL, **kwargs):
    return build_records(dataset, source, output, settings, workers=1, **kwargs)[0]


# === What is built ===


def test_records_hold_the_videos_and_their_labels(diving_records):
    info = DatasetInfo.load(diving_records)
    assert info.splits["train"]["ids"] == [f"{number:03d}" for number in range(4, 11)]
    assert info.splits["test"]["ids"] == ["001", "002", "003"]
    for split in info.splits:
        for (_, record), video_id in zip(read_records(info, split), info.splits[split]["ids"], strict=True):
            number = int(video_id)
            assert record["example/id"].decode() == video_id
            frames = [np.asarray(PIL.Image.open(io.BytesIO(jpeg))) for jpeg in record["image/encoded"]]
            assert {frame.shape for frame in frames} == {(36, 48, 3)}
            assert [read_index(frame) for frame in frames] == list(range(24 + number))
            expected = np.repeat([1, 2, 3, 0], [4, 8 + number, 6, 6])
            np.testing.assert_array_equal(record["stage/index"], expected)
            np.testing.assert_array_equal(record["image/timestamp"], np.arange(24 + number) * 40_000)
            assert record["score/execution"] == pytest.approx(15.0 + number, abs=1e-4)
            assert record["score/difficulty"] == pytest.approx(2.7 + 0.1 * (number % 5), abs=1e-5)


def test_the_index_counts_what_is_there(diving_records):
    info = DatasetInfo.load(diving_records)
    execution = 15.0 + np.arange(4, 11)
    statistics = info.score_statistics["train"]["execution"]
    expected = {"mean": execution.mean(), "std": execution.std(), "min": 19, "max": 25}
    assert statistics == pytest.approx(expected)
    assert info.splits["train"]["num_frames"] == sum(24 + number for number in range(4, 11))
    assert info.stage_frames["test"] == {"noise": 18, "pre-starting": 12, "take-flight": 30, "entry": 18}
    assert info.frame_size == (36, 48) and info.frame_rate == 25 and info.skipped == [] and info.simulation is None
    assert info.settings["stage_labels"] == "jump_drop_water_label.txt" and info.settings["split_dir"] == "split_7_3"
    assert all(len(video["sha256"]) == 64 for video in info.videos.values())
    assert len(info.splits["train"]["shards"]) == 2  # a small split still has two


def test_the_summary_counts_videos_frames_hours_and_scores(diving_records):
    """28 to 34 frames are 217, or 1.21 h at a frame in 20 s; executions are 19 to 25."""
    slow = dataclasses.replace(DatasetInfo.load(diving_records), frame_rate=0.05)
    lines = [line.split() for line in summary(slow).splitlines()]
    assert ["train", "7", "217", "1.21", "2"] in lines
    assert ["train", "execution", "19.00", "25.00", "22.00", "2.00"] in lines


def test_building_again_gives_the_same_records(diving_dir, diving_records, tmp_path):
    first = DatasetInfo.load(diving_records)
    again = build_records("unlv_diving", diving_dir, tmp_path / "again", SMALL, workers=2)[0]
    assert first.data_hash == again.data_hash and first.splits == again.splits
    other = build(diving_dir, tmp_path / "other", settings=BuildSettings((36, 48), jpeg_quality=80))
    assert other.data_hash != first.data_hash


@pytest.mark.parametrize(("num_shards", "sizes"), [(3, [3, 2, 2]), (20, [1] * 7)])
def test_number_of_shards(diving_dir, diving_records, tmp_path, num_shards, sizes):
    info = build(diving_dir, tmp_path / "records", settings=BuildSettings((36, 48), num_shards=num_shards))
    assert [shard["num_records"] for shard in info.splits["train"]["shards"]] == sizes
    assert info.splits["train"]["shards"][0]["file"] == f"train-00000-of-{len(sizes):05d}.tfrecord"
    assert info.data_hash == DatasetInfo.load(diving_records).data_hash
    assert verify_records(DatasetInfo.load(tmp_path / "records")) == []


def test_a_full_shard_is_closed(tmp_path):
    writer = ShardWriter(tmp_path, "train", max_records=8, shard_bytes=150)
    for _ in range(8):
        writer.write(bytes(100))
    assert [shard["num_records"] for shard in writer.close()] == [2, 2, 2, 2]


def test_stage_csv_is_preferred_and_simulation_is_passed_on(diving_dir, tmp_path):
    rows = [row for n in range(1, 11) for row in ((f"{n:03d}", "noise", 0, 2), (f"{n:03d}", "entry", 5, 9))]
    write_table(diving_dir / "stage_labels.csv", STAGES, rows)
    simulation = {"simulated": True, "settings": {"easy": True}}
    (diving_dir / "simulation.json").write_text(json.dumps(simulation))
    info = build(diving_dir, tmp_path / "records")
    assert info.stage_frames["test"] == {"noise": 6, "entry": 12, "unlabelled": 25 + 26 + 27 - 18}
    assert info.simulation == simulation and info.settings["stage_labels"] == "stage_labels.csv"


def test_pixels_are_simulated_wherever_below_the_simulation_they_lie(tmp_path):
    simulated = write_unlv_diving(tmp_path / "all/sim", 2, 1)
    (simulated / VIDEOS).rename(tmp_path / "a")
    (simulated / VIDEOS).mkdir()
    (tmp_path / "a").rename(simulated / VIDEOS / "a")
    (simulated / "simulation.json").write_text(json.dumps({"settings": {"easy": True}}))
    header, scores = ("video", "split", "final"), (("001.avi", "train", 63.0), ("002.avi", "train", 63.0))
    write_table(simulated / VIDEOS / "a/manifest.csv", header, scores)
    assert build(simulated / VIDEOS / "a", tmp_path / "a", "manifest", sport="diving").simulation["settings"]["easy"]
    write_bars(tmp_path / "all/film.avi", 20, 30)
    rows = [(f"sim/{VIDEOS}/a/001.avi", "train", 63.0), ("film.avi", "train", 63.0)]
    write_table(tmp_path / "all/manifest.csv", header, rows)
    mixed, notes = build_records("manifest", tmp_path / "all", tmp_path / "b", SMALL, workers=1, sport="diving")
    assert mixed.simulation and "partly_simulated" in codes(notes)
    (simulated / "simulation.json").rename(simulated / "simulation.json.partial")
    with refused("unfinished_simulation", "simulation.json.partial"):
        build(simulated / VIDEOS / "a", tmp_path / "c", "manifest", sport="diving")


# === What is refused, or left out ===


def _video(number):
    return lambda folder: folder / VIDEOS / f"{number:03d}.avi"


def _truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])


def _wrong_scores(folder):
    scores = scipy.io.loadmat(folder / "diving_overall_scores.mat")["overall_scores"].ravel()
    scores[[3, 4]] = 8415, np.nan
    scipy.io.savemat(folder / "diving_overall_scores.mat", {"overall_scores": scores})


DAMAGES = {
    "no video": (lambda folder: _video(5)(folder).unlink(), None, ["005.avi (row 5)"]),
    "no video's bytes": (lambda f: _video(6)(f).write_bytes(b"RIFF" + bytes(2000)), None, ["006.avi (row 6)"]),
    "a part of a video": (lambda folder: _truncate(_video(7)(folder)), None, ["007.avi (row 7)"]),
    "the same twice": (
        lambda f: shutil.copy(_video(1)(f), _video(8)(f)),
        "duplicate",
        ["008.avi (row 8)", "001 (test)"],
    ),
    "labels beyond the end": (
        lambda folder: change_times(folder, 4, "4,8,16,99"),
        "out_of_range",
        ["004.avi (row 4)", "jump_drop_water_label.txt, row 4"],
    ),
    "scores": (_wrong_scores, "out_of_range", ["004.avi (row 4)", "8415", "005.avi (row 5)", "nan"]),
    "both splits": (
        lambda folder: write_split(folder / "split_7_3", [1, 4, 5], [1, 2, 3]),
        "duplicate",
        ["001.avi (row 1)", "train and test"],
    ),
}


@pytest.mark.parametrize(("damage", "code", "named"), DAMAGES.values(), ids=DAMAGES)
def test_a_bad_row_is_refused_or_left_out(diving_dir, tmp_path, damage, code, named):
    damage(diving_dir)
    with refused("bad_rows", *named, "--on_error=skip"):
        build(diving_dir, tmp_path / "records")
    # Nothing is left but what the next build resumes from.
    assert {path.name for path in tmp_path.iterdir()} <= {".records.building", "diving"}
    if code:
        lines, number = check("unlv_diving", diving_dir, workers=1)
        assert code in codes(lines[:number])
    info = build(diving_dir, tmp_path / "records", settings=SKIPPING)
    report = "\n".join(problem for video in info.skipped for problem in video["problems"])
    assert all(name in report for name in named) and all(name in summary(info) for name in named)
    assert not info.videos.keys() & {video["id"] for video in info.skipped}


def test_all_that_needs_no_decoding_is_refused_at_once_and_first(diving_dir, tmp_path):
    _video(7)(diving_dir).unlink()
    _wrong_scores(diving_dir)
    write_split(diving_dir / "split_7_3", [4, 5, 6, 7, 8, 8, 9, 10], [1, 2, 3])
    rows = [(number, "entry", 25 if number == 3 else 12, 18 + number) for number in range(1, 10)]
    write_table(diving_dir / "stage_labels.csv", STAGES, rows)
    _video(6)(diving_dir).write_bytes(bytes(99))  # only decoding shows it
    with refused("bad_rows", "id 008", "003.avi (row 3)", "8415", "007.avi (row 7)") as error:
        build(diving_dir, tmp_path / "records")
    assert "006.avi" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["diving"]


def test_rows_that_go_back_in_time_have_a_flag_of_their_own(diving_dir, tmp_path):
    change_times(diving_dir, 2, "32,28,55,73")
    for settings in (SMALL, SKIPPING):
        with refused("bad_rows", "row 2", "--nonmonotone=drop"):
            build(diving_dir, tmp_path / "records", settings=settings)
    info = build(diving_dir, tmp_path / "records", settings=BuildSettings((36, 48), nonmonotone="drop"))
    assert [(video["id"], video["split"]) for video in info.skipped] == [("002", "test")] and len(info.videos) == 9


@pytest.mark.parametrize("wrong", [("6O.5", ""), (60.5, 999)], ids=["of its row", "of its video"])
@pytest.mark.parametrize("is_copy", [True, False])
def test_a_row_that_is_left_out_takes_no_other_with_it(tmp_path, is_copy, wrong):
    write_bars(tmp_path / "a.mp4", 20)
    shutil.copy(tmp_path / "a.mp4", tmp_path / "b.mp4") if is_copy else write_bars(
        tmp_path / "b.mp4", 20, codec="libx264"
    )
    write_bars(tmp_path / "c.mp4", 33)
    header = ("video", "split", "final", "num_frames")
    rows = [("a.mp4", "train", *wrong), ("b.mp4", "test", 60.5, ""), ("c.mp4", "train", 50, "")]
    write_table(tmp_path / "manifest.csv", header, rows)
    assert set(build(tmp_path, tmp_path / "records", "manifest", SKIPPING, sport="diving").videos) == {"b.mp4", "c.mp4"}
    write_table(tmp_path / "manifest.csv", header, [("a.mp4", "train", 60.5, 20), *rows[1:]])
    lines, number = check("manifest", tmp_path, workers=1, sport="diving")
    assert number == 1 and lines[0].code == ("duplicate" if is_copy else "lookalike")
    assert "row 3" in lines[0] and "a.mp4 (train)" in lines[0]


def test_rows_behind_one_that_is_left_out_keep_their_own_problems(tmp_path):
    for number, name in enumerate("abc"):
        write_bars(tmp_path / f"{name}.mp4", 20 + number, number)
    rows = [("a", "a.mp4", "train", 999), ("b", "b.mp4", "train", 60), *[("c", "c.mp4", "train", 60)] * 2]
    write_table(tmp_path / "manifest.csv", ("id", "video", "split", "final"), rows)
    assert set(build(tmp_path, tmp_path / "records", "manifest", SKIPPING, sport="diving").videos) == {"b"}


@pytest.mark.parametrize(("number", "lines"), [(100, 100), (150, 11)])
def test_of_very_many_problems_of_a_kind_the_first_few_are_listed_and_counted(number, lines):
    rows = [
        Problem(f"row {index}", f"{index} is not a row of the scores.", code="out_of_range") for index in range(number)
    ]
    listed = checks.listed([*rows, Problem("row 9", "another.")], Path("source"))
    assert codes(listed) == ["out_of_range"] * lines + ["wrong_value"]
    assert listed[9].startswith("row 9:") and (number == 100 or "140 more" in listed[10])


@pytest.mark.parametrize("number", [300, 9])
def test_the_same_problem_of_many_rows_is_one_line_with_ten_names(tmp_path, number):
    rows = [(f"{index:04}.mp4", "train", 3.0, 60.0) for index in range(number)]
    header = ("video", "split", "difficulty", "final")
    write_table(tmp_path / "manifest.csv", header, [*rows, ("odd.mp4", "train", 9.9, 60.0)])
    lines, found = check("manifest", tmp_path, workers=1, sport="diving")
    missing = [line for line in lines if codes([line]) == codes(lines[:1])]
    assert found == number + 2 and len(missing) == (10 if number == 9 else 1)
    if number == 300:
        assert missing[0].count(".mp4") == 10 and "0009.mp4" in missing[0] and "301" in missing[0]
    with refused("bad_rows", str(number + 2)) as error:
        build(tmp_path, tmp_path / "records", "manifest", sport="diving")
    assert all(line in str(error.value) for line in missing)


# === What is there already ===


def test_an_existing_folder_is_kept_unless_told(diving_dir, tmp_path):
    output = tmp_path / "records"
    first = build(diving_dir, output)
    with refused("exists", output, "--overwrite"):
        build(diving_dir, output)
    _video(5)(diving_dir).unlink()
    with refused("bad_rows", "005.avi"):
        build(diving_dir, output, overwrite=True)
    assert DatasetInfo.load(output).data_hash == first.data_hash  # a failed attempt leaves the old records
    assert build(diving_dir, output, settings=SKIPPING, overwrite=True).data_hash != first.data_hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving", "records"]
    (output / "thesis.txt").write_text("mine")
    with refused("would_lose_files", "thesis.txt"):
        build(diving_dir, output, settings=SKIPPING, overwrite=True)


def test_true_faults_go_with_the_records_and_are_not_lost(diving_dir, tmp_path):
    (diving_dir / "factors.csv").write_text("video_id,splash\n")
    for _ in ("anew", "again"):
        build(diving_dir, tmp_path / "records", overwrite=True)
    assert (tmp_path / "records/factors.csv").read_text() == "video_id,splash\n"
    (diving_dir / "factors.csv").unlink()
    with refused("would_lose_files", "records/factors.csv"):
        build(diving_dir, tmp_path / "records", overwrite=True)


def test_a_folder_of_something_else_is_never_replaced(diving_dir, tmp_path):
    with refused("not_records", diving_dir):
        build(diving_dir, diving_dir, overwrite=True)
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist/dataset_info.json").write_text('{"name": "mnist"}')
    (tmp_path / "mnist/mnist-train.tfrecord-00000-of-00001").write_bytes(b"")
    with refused("would_lose_files", "mnist-train.tfrecord"):
        build(diving_dir, tmp_path / "mnist", overwrite=True)
    assert len(list((tmp_path / "mnist").iterdir())) == 2


# === A runner of Beam; `make distributed` shows what it builds ===


@pytest.mark.parametrize(("output", "more"), [("memory://beam/records", {}), ("records", {"workers": 2})])
def test_what_a_runner_cannot_do_is_refused(diving_dir, tmp_path, output, more):
    target = output if "://" in output else tmp_path / output
    with refused("flags_conflict", "--runner=DirectRunner"):
        build_records("unlv_diving", diving_dir, target, runner="DirectRunner", **more)


SIDE = 11  # columns that a wide video has more at each side: 86 × 48, of which 64 × 48 is the middle
WIDE = (1, 2, 5)  # of ten videos


def write_wide_bars(path, num_frames, number, shade=128):
    frames = [bar_frame(index, bar_color(number)) for index in range(num_frames)]
    write_video(path, [np.pad(frame, ((0, 0), (SIDE, SIDE), (0, 0)), constant_values=shade) for frame in frames])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Ten dives, three of them wide."""
    folder = write_unlv_diving(tmp_path_factory.mktemp("mixed") / "source")
    for number in WIDE:
        write_wide_bars(folder / f"diving_samples_len_ori/{number:03d}.avi", 24 + number, number)
    return folder


def built_and_told(source, output, workers=1, **settings):
    return build_records("unlv_diving", source, output, BuildSettings((36, 48), **settings), workers=workers)


def stored_frames(info):
    """{id: uint8 (L, H, W, 3)}."""
    return {
        record["example/id"].decode(): np.stack(decode_frames(record["image/encoded"]))
        for split in info.splits
        for _, record in read_records(info, split)
    }


def test_wide_videos_are_cut_to_the_median_and_counted(source, tmp_path):
    info, notes = built_and_told(source, tmp_path / "records", workers=2)
    assert info.aspect == pytest.approx(4 / 3)
    assert info.stored == {"jpeg_quality": 92, "aspect": info.aspect, "fit": "crop"}
    assert all(text in said(notes, "other_aspects") for text in ("3 of 10", "1.79:1", "1.33:1", "74%", "width"))
    for video_id, frames in stored_frames(info).items():
        assert [read_index(frame) for frame in frames] == list(range(24 + int(video_id)))
        assert np.ptp(frames[3, 4, 2:-2].astype(int), axis=0).max() < 30  # one colour from side to side


@pytest.mark.parametrize(("fit", "departure"), [("pad", "black bars"), ("stretch", "in width")])
def test_other_fits(source, tmp_path, fit, departure):
    info, notes = built_and_told(source, tmp_path / "records", fit=fit, jpeg_quality=80)
    assert info.stored == {"jpeg_quality": 80, "aspect": pytest.approx(4 / 3), "fit": fit}
    assert DatasetInfo.load(tmp_path / "records").stored == info.stored
    assert departure in said(notes, "other_aspects")
    frame = stored_frames(info)["005"][0].astype(int)
    assert np.abs(frame[18, :4] - 128).max() < 40  # its sides are there
    assert (frame[:3].max() < 40) == (fit == "pad")


@pytest.mark.parametrize(("wide", "aspect"), [((1, 2), 4 / 3), ((3, 4), 86 / 48), ((3,), 4 / 3)])
def test_the_aspect_is_the_median_of_training_and_one_that_there_is(tmp_path, wide, aspect):
    """001 and 002 are to test, 003 and 004 to train; not the mean of two."""
    folder = write_unlv_diving(tmp_path / "source", num_videos=4, num_test=2)
    for number in wide:
        write_wide_bars(folder / f"diving_samples_len_ori/{number:03d}.avi", 24 + number, number)
    assert built_and_told(folder, tmp_path / "records")[0].aspect == pytest.approx(aspect)
