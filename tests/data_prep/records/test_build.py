"""`data_prep build` and `inspect`: sound records from sound folders, and a report of everything that is not."""

import csv
import dataclasses
import io
import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
import scipy.io
from command_forks import forked
from conftest import read_index, write_bars, write_split, write_timed, write_unlv_diving
from layouts import write_manifest, write_table

from data_prep.datasets import unlv
from data_prep.datasets.scores import odd_executions
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.contact_sheet import contact_sheet, save_contact_sheet
from data_prep.records.dry_run import check
from data_prep.records.encoding import EncodedVideo
from data_prep.records.oddities import Oddities
from data_prep.records.simulation import read_simulation
from data_prep.records.summary import summary
from data_prep.records.verifying import read_records, verify_records
from data_prep.records.writing import ShardWriter
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.data.video import VideoStream
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError

SMALL = BuildSettings((36, 48))


def _build(source_dir, output_dir, dataset="unlv_diving", settings=SMALL, **kwargs):
    return build_records(dataset, source_dir, output_dir, settings, workers=1, **kwargs)[0]


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
    assert statistics["mean"] == pytest.approx(execution.mean()) and statistics["std"] == pytest.approx(execution.std())
    assert (statistics["min"], statistics["max"]) == (pytest.approx(19), pytest.approx(25))
    assert info.splits["train"]["num_frames"] == sum(24 + number for number in range(4, 11))
    assert info.stage_frames["test"] == {
        "noise": 18,
        "pre-starting": 12,
        "take-flight": 8 * 3 + 6,
        "entry": 18,
    }
    assert info.frame_size == (36, 48) and info.frame_rate == 25 and info.skipped == [] and info.simulation is None
    assert info.settings["stage_labels"] == "jump_drop_water_label.txt" and info.settings["split_dir"] == "split_7_3"
    assert all(len(video["sha256"]) == 64 for video in info.videos.values())
    assert len(info.splits["train"]["shards"]) == 2  # by default a small split still has two


def test_figures_of_the_summary_stand_under_their_headings(diving_records):
    """28 to 34 frames are 217, which at a frame in 20 s are 1.21 h; the executions are 19 to 25."""
    slow = dataclasses.replace(DatasetInfo.load(diving_records), frame_rate=0.05)
    lines = [re.split(" {2,}", line.strip()) for line in summary(slow).splitlines()]
    assert ["split", "videos", "frames", "hours at 0.05/s", "shards"] in lines
    assert ["train", "7", "217", "1.21", "2"] in lines
    assert ["split", "score", "min", "max", "mean", "std"] in lines
    assert ["train", "execution", "19.00", "25.00", "22.00", "2.00"] in lines


def test_the_frame_rate_of_a_dataset_is_its_median(tmp_path):
    """One video in slow motion says nothing of the others."""
    rates = {"a.mp4": 25, "b.mp4": 100, "c.mp4": 25, "d.mp4": 30, "e.mp4": 50}
    (tmp_path / "own").mkdir()
    for number, (name, fps) in enumerate(rates.items()):
        write_bars(tmp_path / "own" / name, 5, number, fps=fps, codec="libx264")
    rows = [(name, "train", 63.0) for name in rates]
    write_table(tmp_path / "own/manifest.csv", ("video", "split", "final"), rows)
    info = _build(tmp_path / "own", tmp_path / "records", "manifest", sport="diving")
    assert info.frame_rate == pytest.approx(30)


def test_building_again_gives_the_same_records(diving_dir, tmp_path):
    first = _build(diving_dir, tmp_path / "first")
    again = build_records("unlv_diving", diving_dir, tmp_path / "again", SMALL, workers=2)[0]
    assert first.data_hash == again.data_hash and first.splits == again.splits
    other = _build(diving_dir, tmp_path / "other", settings=BuildSettings((36, 48), jpeg_quality=80))
    assert other.data_hash != first.data_hash


@pytest.mark.parametrize(("num_shards", "sizes"), [(3, [3, 2, 2]), (1, [7]), (20, [1] * 7)])
def test_number_of_shards(diving_dir, tmp_path, num_shards, sizes):
    info = _build(diving_dir, tmp_path / "records", settings=BuildSettings((36, 48), num_shards=num_shards))
    assert [shard["num_records"] for shard in info.splits["train"]["shards"]] == sizes
    assert info.splits["train"]["shards"][0]["file"] == f"train-00000-of-{len(sizes):05d}.tfrecord"
    assert info.data_hash == _build(diving_dir, tmp_path / "default").data_hash  # the same data in other files
    assert verify_records(DatasetInfo.load(tmp_path / "records")) == []


def test_a_shard_that_is_full_is_closed(tmp_path, monkeypatch):
    """Each of these at its second record, however many the split has."""
    monkeypatch.setattr("data_prep.records.writing.SHARD_BYTES", 150)
    writer = ShardWriter(tmp_path, "train", max_records=8)
    for _ in range(8):
        writer.write(bytes(100))
    assert [shard["num_records"] for shard in writer.close()] == [2, 2, 2, 2]


def test_stage_csv_is_preferred_and_simulation_is_passed_on(diving_dir, tmp_path):
    rows = [f"{number:03d},noise,0,2\n{number:03d},entry,5,9" for number in range(1, 11)]
    (diving_dir / "stage_labels.csv").write_text("\n".join(["video_id,stage,start_frame,end_frame", *rows]))
    (diving_dir / "simulation.json").write_text(json.dumps({"simulated": True, "settings": {"easy": True}}))
    info, notes = build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)
    assert info.stage_frames["test"] == {"noise": 6, "entry": 12, "unlabelled": 25 + 26 + 27 - 18}
    assert info.simulation == {"simulated": True, "settings": {"easy": True}}
    assert "Stage labels from stage_labels.csv." in notes
    assert "The pixels are simulated (--easy preset)." in summary(info)


def test_stages_in_seconds_are_noticed_in_the_official_layout_too(diving_dir):
    rows = [f"{number:03d},take-flight,0,1\n{number:03d},entry,1,2" for number in range(1, 11)]
    (diving_dir / "stage_labels.csv").write_text("\n".join(["video_id,stage,start_frame,end_frame", *rows]))
    report, number = check("unlv_diving", diving_dir, workers=1)
    assert number == 0 and any(line.endswith("maybe they are in seconds.") for line in report)


def test_stages_of_videos_that_count_from_0_are_refused(diving_dir, tmp_path):
    """Each video would have the stages of the one before it."""
    rows = [f"{number:03d},entry,5,9" for number in range(10)]
    (diving_dir / "stage_labels.csv").write_text("\n".join(["video_id,stage,start_frame,end_frame", *rows]))
    with pytest.raises(InputError, match=r"stage_labels\.csv"):
        _build(diving_dir, tmp_path / "records")


def test_videos_of_different_rates_are_said(diving_dir, tmp_path):
    """The rate of the records is one that there is, not one between two."""
    source = diving_dir / "diving_samples_len_ori"
    for number in range(1, 6):
        write_bars(source / f"{number:03d}.avi", 24 + number, number, fps=50)
    info, notes = build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)
    assert info.frame_rate == 25
    (said,) = [note for note in notes if note.startswith("Videos have from 25 to 50 frames/s")]
    assert said.endswith("Frames/s: 25 of 006, 007, 008, 009, 010; 50 of 001, 002, 003, 004, 005.")
    (labelled,) = [note for note in notes if note.startswith("The stage labels count frames of videos of 25 frames/s")]
    assert labelled.endswith("these may have others: 50 of 001, 002, 003, 004, 005.")
    report, _ = check("unlv_diving", diving_dir, workers=1)
    assert {said, labelled} <= set(report)


def test_a_performance_without_frames_of_a_stage_is_named(tmp_path):
    """As a row that was never filled in; one whose score nobody knows may well be of noise alone."""
    rows = [("a.mp4", 3.0, 21.0, 63.0, "train", 2, 8, 8, 8), ("b.mp4", 3.0, 21.0, 63.0, "train", 2, 5, 8, 12)]
    source = write_manifest(tmp_path / "own", rows)
    for number, (name, *_) in enumerate(rows):
        write_bars(source / name, 20, number)
    _, notes = build_records("manifest", source, tmp_path / "records", SMALL, workers=1, sport="diving")
    said = [note for note in notes if "no frame is labelled" in note]
    assert said == [
        f"a.mp4: no frame is labelled {stage}, though the performance has a score."
        for stage in ("take-flight", "entry")
    ]
    assert set(said) <= set(check("manifest", source, workers=1, sport="diving")[0])
    write_manifest(tmp_path / "empty", [("a.mp4", 3.0, 21.0, 63.0, "train", 0, 0, 0, 0)])
    write_bars(tmp_path / "empty" / "a.mp4", 20)
    report, number = check("manifest", tmp_path / "empty", workers=1, sport="diving")
    assert number == 1 and "row 2: expected frames of the performance, or empty cells" in report[0]


def test_pixels_are_simulated_wherever_below_the_simulation_they_lie(tmp_path):
    """The folder of its videos alone, or a folder above that holds film too."""
    simulated = write_unlv_diving(tmp_path / "all" / "sim")
    (simulated / "simulation.json").write_text(json.dumps({"simulated": True, "settings": {"easy": True}}))
    rows = [(f"00{number}.avi", 3.0, 21.0, 63.0, "train") for number in (1, 2)]
    header = ("video", "difficulty", "execution", "final", "split")
    videos = simulated / "diving_samples_len_ori"
    write_table(videos / "manifest.csv", header, rows)
    info, _ = build_records("manifest", videos, tmp_path / "records", SMALL, workers=1, sport="diving")
    assert info.simulation == {"simulated": True, "settings": {"easy": True}}
    write_bars(tmp_path / "all" / "film.avi", 20, 30)
    rows = [("sim/diving_samples_len_ori/001.avi", *rows[0][1:]), ("film.avi", *rows[1][1:])]
    write_table(tmp_path / "all" / "manifest.csv", header, rows)
    info, notes = build_records("manifest", tmp_path / "all", tmp_path / "mixed", SMALL, workers=1, sport="diving")
    assert info.simulation and [note for note in notes if note.startswith("Of 2 videos 1 are simulated: ")]
    (simulated / "simulation.json").rename(simulated / "simulation.json.partial")
    with pytest.raises(InputError, match=r"simulation\.json\.partial: expected a simulation that has ended"):
        _build(videos, tmp_path / "none", dataset="manifest", sport="diving")


def test_videos_of_several_simulations_are_told(tmp_path):
    """Of which the records name the first."""
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "simulation.json").write_text(json.dumps({"simulated": True, "settings": {"sport": name}}))
    samples = [SimpleNamespace(path=tmp_path / name) for name in ("b/1.mp4", "b/2.mp4", "a/1.mp4")]
    simulation, notes = read_simulation(tmp_path, samples)
    assert simulation["settings"] == {"sport": "b"}
    assert notes == [f"Videos are of 2 simulations; the records name the first, {tmp_path / 'b'}."]
    assert read_simulation(tmp_path, samples[:2])[1] == []


def test_what_is_not_of_the_records_is_never_replaced(diving_dir, tmp_path):
    """A file of one's own beside the records, and a folder of another tool whose index is called alike."""
    _build(diving_dir, tmp_path / "records")
    (tmp_path / "records" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"expected records alone, to replace them\. Received: also thesis\.txt"):
        _build(diving_dir, tmp_path / "records", overwrite=True)
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "dataset_info.json").write_text('{"name": "mnist"}')
    (tmp_path / "mnist" / "mnist-train.tfrecord-00000-of-00001").write_bytes(b"")
    with pytest.raises(InputError, match=r"Received: also mnist-train\.tfrecord"):
        _build(diving_dir, tmp_path / "mnist", overwrite=True)
    assert len(list((tmp_path / "mnist").iterdir())) == 2


def test_frames_that_are_not_evenly_spaced_are_said(tmp_path):
    """Records keep them all, where `predict` goes by the clock. Whole milliseconds are as even as a file has them."""
    source = tmp_path / "own"
    rows = [(f"{name}.mkv", 3.0, 21.0, 63.0, "train", *[""] * 4) for name in ("even", "slower")]
    write_manifest(source, rows)
    write_timed(source / "even.mkv", [round(1000 * frame / 30) for frame in range(20)])
    write_timed(source / "slower.mkv", [33 * frame for frame in range(10)] + [330 + 66 * frame for frame in range(10)])
    _, notes = build_records("manifest", source, tmp_path / "records", SMALL, workers=1, sport="diving")
    (said,) = [note for note in notes if "evenly spaced" in note]
    assert said.startswith("slower.mkv: the frames are not evenly spaced in time")


def test_stages_in_another_order_are_said_by_build_and_check(diving_dir, tmp_path):
    """Two names exchanged, and a stage that is there twice; decoding in order gives neither."""
    named = {"001": ["pre-starting", "entry", "take-flight"], "002": ["take-flight", "entry", "take-flight"]}
    rows = ["video_id,stage,start_frame,end_frame"]
    for number in range(1, 11):
        stages = named.get(f"{number:03d}", ["pre-starting", "take-flight", "entry"])
        rows += [f"{number:03d},{stage},{4 * index},{4 * index + 4}" for index, stage in enumerate(stages)]
    (diving_dir / "stage_labels.csv").write_text("\n".join(rows))
    _, notes = build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)
    said, _ = check("unlv_diving", diving_dir, workers=1)
    for lines in (notes, said):
        assert [line for line in lines if line.startswith("001, 002: stages are not in the order of the sport")]


def test_videos_without_stages_among_others_are_said_and_built(diving_dir, tmp_path):
    rows = "".join(f"{number},entry,{12 + number},{18 + number}\n" for number in range(1, 9))
    (diving_dir / "stage_labels.csv").write_text(f"video_id,stage,start_frame,end_frame\n{rows}")
    info, notes = build_records("unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1)
    said, number = check("unlv_diving", diving_dir, workers=1)
    assert number == 0 and len(info.videos) == 10
    for lines in (notes, said):
        assert any("009, 010" in line for line in lines)


def _remove_video(folder):
    (folder / "diving_samples_len_ori" / "005.avi").unlink()
    return ["005.avi (row 5)", "no such file"]


def _garble_video(folder):
    (folder / "diving_samples_len_ori" / "006.avi").write_bytes(b"RIFF" + bytes(2000))
    return ["006.avi (row 6)"]


def _truncate_video(folder):
    path = folder / "diving_samples_len_ori" / "007.avi"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    return ["007.avi (row 7)", "expected 31 frames"]


def _repeat_video(folder):
    shutil.copy(folder / "diving_samples_len_ori" / "001.avi", folder / "diving_samples_len_ori" / "008.avi")
    return ["008.avi (row 8)", "the same bytes as 001 (test)"]


def _change_times(folder, row, line):
    path = folder / "jump_drop_water_label.txt"
    lines = path.read_text().splitlines()
    lines[row - 1 : row] = [line] if line else []
    path.write_text("\n".join(lines))


def _labels_beyond_the_end(folder):
    _change_times(folder, 4, "4,8,16,99")
    return ["004.avi (row 4)", "jump_drop_water_label.txt, row 4", "the video's 28 frames"]


def _score_out_of_range(folder):
    scores = scipy.io.loadmat(folder / "diving_overall_scores.mat")["overall_scores"].ravel()
    scores[[3, 4]] = 8415, np.nan
    scipy.io.savemat(folder / "diving_overall_scores.mat", {"overall_scores": scores})
    return ["004.avi (row 4): expected final", "8415", "005.avi (row 5): expected final", "nan"]


def _overlapping_splits(folder):
    write_split(folder / "split_7_3", [1, 4, 5], [1, 2, 3])
    return ["001.avi (row 1): expected id 001 once, in one split. Received: in train and test"]


def _id_listed_twice(folder):
    write_split(folder / "split_7_3", [4, 5, 5], [1, 2, 3])
    return ["005.avi (row 5)", "2 times in train"]


def _id_without_a_row(folder):
    write_split(folder / "split_7_3", [4, 5, 11], [1, 2, 3])
    return ["011.avi (row 11)", "1 to 10. Received: 11"]


DAMAGES = [
    _remove_video,
    _garble_video,
    _truncate_video,
    _repeat_video,
    _labels_beyond_the_end,
    _score_out_of_range,
    _overlapping_splits,
    _id_listed_twice,
    _id_without_a_row,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_inconsistency_is_refused_or_left_out(diving_dir, tmp_path, damage):
    expected = damage(diving_dir)
    with pytest.raises(InputError) as error:
        _build(diving_dir, tmp_path / "records")
    for part in [*expected, "Nothing was written", "--on_error=skip"]:
        assert part in str(error.value)
    # No trace of the attempt but what the next one can go on from.
    left = [".records.building"] if f"Kept in {tmp_path / '.records.building'}" in str(error.value) else []
    assert sorted(path.name for path in tmp_path.iterdir()) == [*left, "diving"]

    info = _build(diving_dir, tmp_path / "records", settings=BuildSettings((36, 48), on_error="skip"))
    report = "\n".join(problem for video in info.skipped for problem in video["problems"])
    assert all(part in report for part in expected) and all(part in summary(info) for part in expected)
    assert not info.videos.keys() & {video["id"] for video in info.skipped}
    assert verify_records(DatasetInfo.load(tmp_path / "records")) == []


@pytest.mark.parametrize("line", ["", "4,8,16,22\n4,8,16,22"])
def test_times_of_more_or_fewer_rows_than_scores_are_refused_as_a_whole(diving_dir, line):
    """Row i is video i: one that was lost, or is there twice, moves all that follow."""
    _change_times(diving_dir, 4, line)
    with pytest.raises(InputError, match=r"label\.txt: expected 10 rows, one a video\. Received: (9|11)"):
        unlv.read_diving(diving_dir)


def test_all_inconsistencies_are_listed_at_once(diving_dir, tmp_path):
    parts = [*_garble_video(diving_dir), *_truncate_video(diving_dir), *_labels_beyond_the_end(diving_dir)]
    with pytest.raises(InputError, match="3 problems") as error:
        _build(diving_dir, tmp_path / "records")
    assert all(part in str(error.value) for part in parts)


def test_all_that_labels_and_folders_show_is_refused_before_a_frame_is_decoded(diving_dir, tmp_path, monkeypatch):
    parts = ["expected id 008 once", *_remove_video(diving_dir), *_score_out_of_range(diving_dir)]
    write_split(diving_dir / "split_7_3", [4, 5, 6, 7, 8, 8, 9, 10], [1, 2, 3])
    rows = "".join(f"{number},entry,{12 + number},{18 + number}\n" for number in range(1, 10))
    stages = f"video_id,stage,start_frame,end_frame\n{rows}".replace("\n7,entry,19,25", "\n7,entry,25,19")
    (diving_dir / "stage_labels.csv").write_text(stages)
    (diving_dir / "diving_samples_len_ori" / "006.avi").write_bytes(bytes(99))  # that only decoding would show
    monkeypatch.setattr(VideoStream, "__iter__", None)
    with pytest.raises(InputError, match=r"007\.avi \(row 7\)") as error:
        _build(diving_dir, tmp_path / "records")
    assert all(part in str(error.value) for part in parts) and "006.avi" not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving"]


def test_stages_beyond_a_length_that_the_labels_state_are_refused_before_decoding(tmp_path, monkeypatch):
    write_bars(tmp_path / "a.mp4", 5, codec="libx264")
    write_table(tmp_path / "manifest.csv", ("video", "split", "num_frames"), [("a.mp4", "train", 5)])
    (tmp_path / "stage_labels.csv").write_text("video_id,stage,start_frame,end_frame\na.mp4,noise,0,6\n")
    monkeypatch.setattr(VideoStream, "__iter__", None)
    with pytest.raises(InputError, match="within the video's 5 frames"):
        _build(tmp_path, tmp_path / "records", "manifest", sport="diving")


@pytest.mark.parametrize("content", ["[1, 2]", '{"settings": [1]}'])
def test_a_simulation_that_is_no_object_is_refused(diving_dir, tmp_path, content):
    (diving_dir / "simulation.json").write_text(content)
    message = r"simulation.json: expected a JSON object.* Received: "
    with pytest.raises(InputError, match=message):
        _build(diving_dir, tmp_path / "records")
    lines, number = check("unlv_diving", diving_dir, workers=1)
    assert number == 1 and re.search(message, lines[0])


def test_a_simulation_that_has_not_ended_is_refused(diving_dir, tmp_path):
    """Its videos would pass for filmed ones."""
    (diving_dir / "simulation.json.partial").write_text("{}")
    with pytest.raises(InputError, match=r"simulation\.json\.partial: expected a simulation that has ended"):
        _build(diving_dir, tmp_path / "records")


def test_rows_that_go_back_in_time_have_a_flag_of_their_own(diving_dir, tmp_path):
    _change_times(diving_dir, 4, "32,28,55,73")
    for settings in (SMALL, BuildSettings((36, 48), on_error="skip")):
        with pytest.raises(InputError, match=r"row 4: expected 0 ≤ t0.*32,28,55,73\n.*--nonmonotone=drop"):
            _build(diving_dir, tmp_path / "records", settings=settings)
    info = _build(diving_dir, tmp_path / "records", settings=BuildSettings((36, 48), nonmonotone="drop"))
    assert [video["id"] for video in info.skipped] == ["004"] and len(info.videos) == 9


def _remove_file(name):
    return lambda folder: (folder / name).unlink()


def _other_variable(folder):
    scipy.io.savemat(folder / "diving_overall_scores.mat", {"scores": np.ones(10)})


def _no_matlab_file(folder):
    (folder / "diving_difficulty_level.mat").write_text("3.0 3.2")


def _fewer_difficulties(folder):
    scipy.io.savemat(folder / "diving_difficulty_level.mat", {"difficulty_level": np.full(9, 3.0)})


def _second_split(folder):
    shutil.copytree(folder / "split_7_3", folder / "split_6_4")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_remove_file("diving_overall_scores.mat"), "diving_overall_scores.mat: expected .* no such file"),
        (_remove_file("jump_drop_water_label.txt"), "expected stage labels, stage_labels.csv or jump_drop_water"),
        (_remove_file("split_7_3/testing_idx.mat"), "testing_idx.mat: expected .* no such file"),
        (_other_variable, "expected the variable 'overall_scores'. Received: 'scores'"),
        (_no_matlab_file, "diving_difficulty_level.mat: expected a MATLAB file"),
        (_fewer_difficulties, "Received: 9 in diving_difficulty_level.mat, 10 in"),
        (_second_split, "expected one folder .*Received: split_6_4, split_7_3"),
        (lambda folder: shutil.rmtree(folder / "diving_samples_len_ori"), "expected the folder of the videos"),
        (lambda folder: shutil.rmtree(folder), "no such folder"),
    ],
)
def test_a_layout_that_lacks_something(diving_dir, tmp_path, damage, message):
    damage(diving_dir)
    with pytest.raises(InputError, match=message):
        _build(diving_dir, tmp_path / "records")


def test_the_folder_of_a_split_may_lie_elsewhere(diving_dir, tmp_path, monkeypatch):
    """Below the folder in which the command is given."""
    (tmp_path / "mine" / "split_1").mkdir(parents=True)
    write_split(tmp_path / "mine" / "split_1", [1, 2], [5])
    monkeypatch.chdir(tmp_path)
    splits = {sample.video_id: sample.split for sample in unlv.read_diving(diving_dir, "mine/split_1").samples}
    assert splits == {"001": "train", "002": "train", "005": "test"}


def test_split_dir_option(diving_dir, tmp_path):
    (diving_dir / "random_splits" / "split_1").mkdir(parents=True)
    write_split(diving_dir / "random_splits" / "split_1", [1, 2], [5])
    info, notes = build_records(
        "unlv_diving", diving_dir, tmp_path / "records", SMALL, workers=1, split_dir="random_splits/split_1"
    )
    assert {split: entry["ids"] for split, entry in info.splits.items()} == {"train": ["001", "002"], "test": ["005"]}
    assert "Not built, as in neither split: 7 videos." in notes
    with pytest.raises(InputError, match="--split_dir"):
        _build(diving_dir, tmp_path / "other", split_dir="nowhere")


def test_an_existing_folder_is_kept_unless_told(diving_dir, tmp_path):
    output = tmp_path / "records"
    first = _build(diving_dir, output)
    with pytest.raises(InputError, match="--overwrite"):
        _build(diving_dir, output)
    _remove_video(diving_dir)
    with pytest.raises(InputError, match="no such file"):
        _build(diving_dir, output, overwrite=True)
    assert DatasetInfo.load(output).data_hash == first.data_hash  # a failed attempt leaves the old records
    settings = BuildSettings((36, 48), on_error="skip")
    assert _build(diving_dir, output, settings=settings, overwrite=True).data_hash != first.data_hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diving", "records"]
    with pytest.raises(InputError, match="not records"):
        _build(diving_dir, diving_dir, overwrite=True)  # never replaces what it did not make


def test_a_video_number_written_in_two_ways_is_not_guessed(diving_dir, tmp_path):
    rows = "video_id,stage,start_frame,end_frame\n001,noise,0,2\n1,entry,2,4\n"
    (diving_dir / "stage_labels.csv").write_text(rows)
    with pytest.raises(InputError, match=r"Received: 001 and 1$"):
        _build(diving_dir, tmp_path / "records")


def _write_vault(folder, video_dir="gym_vault_samples_len_ori"):
    (folder / video_dir).mkdir(parents=True)
    (folder / "split_2_1").mkdir()
    write_split(folder / "split_2_1", [1, 3], [2])
    for number in (1, 2, 3):
        write_bars(folder / video_dir / f"{number:03d}.avi", 10, number)
    scipy.io.savemat(folder / "gym_vault_overall_scores.mat", {"overall_scores": [[15.9], [14.5], [15.0]]})
    return folder


def test_vault_without_difficulties_says_what_is_missing(tmp_path):
    with pytest.raises(InputError, match=r"gym_vault_difficulty_level\.mat .*--difficulty_csv .*video,difficulty"):
        _build(_write_vault(tmp_path / "vault"), tmp_path / "records", "unlv_vault")


def test_vault_with_difficulties_from_a_matlab_file(tmp_path):
    folder = _write_vault(tmp_path / "vault", "gym_vault_samples_len_100_lstm")
    scipy.io.savemat(folder / "gym_vault_difficulty_level.mat", {"difficulty_level": [6.5, 5.2, 6.0]})
    stages = "video_id,stage,start_frame,end_frame\n" + "".join(f"{n},landing,4,10\n" for n in ("1", "2", "003"))
    (folder / "stage_labels.csv").write_text(stages)
    info = _build(folder, tmp_path / "records", "unlv_vault")
    assert info.sport == "vault" and info.stage_frames["train"] == {"landing": 12, "unlabelled": 8}
    assert info.videos["002"]["execution"] == pytest.approx(9.3)


def test_vault_with_difficulties_from_a_csv_and_no_stages(tmp_path):
    folder = _write_vault(tmp_path / "vault")
    table = tmp_path / "difficulty.csv"
    table.write_text("video,difficulty\n001.avi,6.5\n3,6.0\n")
    with pytest.raises(InputError, match=r"002.avi \(row 2\): expected a difficulty"):
        _build(folder, tmp_path / "records", "unlv_vault", difficulty_csv=table)
    table.write_text("video,difficulty\n001.avi,6.5\n3,6.0\n2,5.2\n")
    info, notes = build_records("unlv_vault", folder, tmp_path / "r", SMALL, workers=1, difficulty_csv=table)
    assert info.videos["001"]["execution"] == pytest.approx(9.4) and info.settings["difficulty"] == "difficulty.csv"
    assert info.stage_frames["train"] == {"unlabelled": 20} and "all frames are unlabelled" in " ".join(notes)
    table.write_text("video,difficulty\none,6.5\n3,6.0\n3,5.0\n")
    with pytest.raises(InputError, match=r"(?s)row 2: expected .*row 4: expected each video once"):
        _build(folder, tmp_path / "x", "unlv_vault", difficulty_csv=table)
    for row in ("1.5,6.5", "1,6_5"):  # Python alone reads the latter as 65
        table.write_text(f"video,difficulty\n{row}\n")
        with pytest.raises(InputError, match=rf"row 2: expected a video number and a difficulty. Received: {row}"):
            _build(folder, tmp_path / "x", "unlv_vault", difficulty_csv=table)
    with pytest.raises(InputError, match="--difficulty_csv with --dataset=unlv_diving"):
        _build(folder, tmp_path / "x", difficulty_csv=table)


def test_motion_classes(motion_records):
    info = DatasetInfo.load(motion_records)
    assert info.classes == {
        "group": ["1", "2", "3"],
        "half_somersaults": ["3", "4", "5", "6", "7", "8"],
        "position": ["B", "C"],
        "half_twists": ["0"],
    }
    _, record = list(read_records(info, "train"))[3]
    assert record["class/group"] == 0 and record["class/half_somersaults"] == 3 and record["class/position"] == 1
    assert info.splits["validation"]["ids"] == ["00004", "00005"] and info.score_statistics["train"] == {}


def test_half_somersaults_are_in_numeric_order(tmp_path):
    from data_prep.datasets import motion

    (tmp_path / "motion_classes.csv").write_text(
        "video,sport,half_somersaults,split\n"
        + "".join(f"{n},diving,{somersaults},train\n" for n, somersaults in enumerate([11, 9, 3, 9]))
    )
    assert motion.read(tmp_path).classes == {"half_somersaults": ["3", "9", "11"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,sport,split\n1,diving,train\n", "expected a column of classes"),
        ("video,sport,turns,split\n1,diving,2,train\n2,vault,2,train\n", "expected one sport .*diving, vault"),
        ("video,sport,turns,split\n1,chess,2,train\n", "expected one sport .*chess"),
        ("video,sport,turns,split\n", "expected one sport .*no rows"),
        ("video,sport,turns,split\n1,diving,2,train\n2,diving,2\n", "expected 4 fields .*row 3"),
    ],
)
def test_motion_classes_that_cannot_be_used_are_named(tmp_path, text, message):
    from data_prep.datasets import motion

    (tmp_path / "motion_classes.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        motion.read(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda index: index["videos"]["004"].update(final=7.5), "train, 004: expected score/final 7.5 of the index"),
        (lambda index: index["videos"]["001"].update(execution=None), "test, 001: expected score/execution None"),
        (
            lambda index: index["score_statistics"]["train"]["final"].update(std=1.0),
            "train: expected statistics of its scores, final",
        ),
        (lambda index: index["score_statistics"]["test"].pop("difficulty"), "test: expected statistics of its scores"),
        (lambda index: index["splits"]["test"]["ids"].reverse(), "test: expected the 3 ids of the index"),
        (
            lambda index: index["stage_frames"]["test"].update(entry=17, unlabelled=1),
            "test: expected the frames of each stage that its records have, {'entry': 18, 'noise': 18, 'pre-",
        ),
        (lambda index: index["stage_frames"].pop("test"), "test: expected the frames of each stage"),
        (lambda index: index.update(frame_rate=24.9), "expected a frame rate of the records, 25 to 25. Received: 24.9"),
    ],
)
def test_verification_compares_the_labels_of_the_index(diving_copy, changed, said):
    """A run takes its targets from the records, and what it scales them by, and holds out, from the index."""
    index = json.loads((diving_copy / "dataset_info.json").read_text())
    changed(index)
    (diving_copy / "dataset_info.json").write_text(json.dumps(index))
    problems = verify_records(DatasetInfo.load(diving_copy))
    assert any(problem.startswith(said) for problem in problems), problems


def test_verification_compares_the_classes_of_the_index(motion_records):
    info = DatasetInfo.load(motion_records)
    info.videos["00003"]["classes"]["half_somersaults"] = 4  # and not 3, of six half somersaults
    assert verify_records(info) == ["train, 00003: expected class/half_somersaults 4 of the index. Received: 3"]


def test_verification_finds_damage_that_sizes_do_not_show(diving_copy):
    info = DatasetInfo.load(diving_copy)
    assert verify_records(info) == []
    shard = diving_copy / info.splits["train"]["shards"][0]["file"]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    problems = verify_records(DatasetInfo.load(diving_copy))
    assert any(problem.startswith("train: expected a record after") for problem in problems)
    assert any("data hash" in problem for problem in problems)


def test_verification_counts_the_records_before_the_damage(diving_copy):
    info = DatasetInfo.load(diving_copy)
    last = info.splits["train"]["shards"][-1]
    content = bytearray((diving_copy / last["file"]).read_bytes())
    content[-20] ^= 0xFF
    (diving_copy / last["file"]).write_bytes(content)
    assert any(problem.startswith("train: expected a record after 6 others.") for problem in verify_records(info))


def test_verification_holds_the_records_against_the_index(diving_copy):
    info = DatasetInfo.load(diving_copy)
    info.videos["001"]["num_frames"] += 1
    info.splits[info.videos["001"]["split"]]["num_frames"] += 1
    info.frame_size = (36, 47)
    info.save(diving_copy)
    problems = verify_records(DatasetInfo.load(diving_copy))
    assert sum("expected frames of (36, 47)" in problem for problem in problems) == 10
    assert sum("expected 26 of each" in problem for problem in problems) == 1


def test_a_contact_sheet_shows_frames_from_all_of_a_video_above_their_time(diving_records):
    """Of 25 frames those at the centres of twelve equal spans."""
    figure = contact_sheet(DatasetInfo.load(diving_records), "test", 1)
    shown = figure.subfigs[0].axes[0].images[0].get_array()
    tiles = np.split(np.asarray(shown), 12, axis=1)
    assert [read_index(tile) for tile in tiles] == ((np.arange(12) + 0.5) * 25 / 12).astype(int).tolist()


def test_a_contact_sheet_shows_videos_from_all_of_a_split_with_their_scores(diving_records):
    """Of seven, 004 to 010, the first, the middle and the last one."""
    figure = contact_sheet(DatasetInfo.load(diving_records), "train", 3)
    assert [row.axes[0].get_title(loc="left") for row in figure.subfigs] == [
        f"{video_id}   difficulty {difficulty:.2f}   execution {execution:.2f}   final {final:.2f}   {length} frames"
        for video_id, difficulty, execution, final, length in (
            ("004", 3.1, 19, 58.9, 28),
            ("007", 2.9, 22, 63.8, 31),
            ("010", 2.7, 25, 67.5, 34),
        )
    ]


def test_stages_on_a_contact_sheet_are_drawn_in_seconds(diving_records):
    """Of 001, 25 frames at 25 frames/s: pre-starting to frame 4, take-flight to 13, entry to 19, then noise."""
    timeline = contact_sheet(DatasetInfo.load(diving_records), "test", 1).subfigs[0].axes[1]
    found = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in timeline.patches]
    np.testing.assert_allclose(found, [(0, 0.16), (0.16, 0.52), (0.52, 0.76), (0.76, 1)])
    assert timeline.get_xlim() == (0, 1)


@pytest.mark.parametrize("name", ["diving_records", "motion_records"])
def test_contact_sheet(name, request, tmp_path):
    info = DatasetInfo.load(request.getfixturevalue(name))
    save_contact_sheet(info, "train", 3, tmp_path / "sheet.png")
    with PIL.Image.open(tmp_path / "sheet.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] > 1000 and pixels.std() > 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.png"]


def _command(*arguments):
    return forked("data_prep", *arguments)


def test_the_dispatcher_lists_its_commands():
    for arguments, code in (([], 2), (["bild"], 2), (["--help"], 0)):
        result = _command(*arguments)
        text = result.stdout if code == 0 else result.stderr
        assert result.returncode == code and all(name in text for name in ("simulate", "build", "check", "inspect"))


def test_flags_of_a_command():
    shown = _command("build", "--help").stdout
    assert all(f"--{flag}" in shown for flag in ("dataset", "source_dir", "frame_height", "nonmonotone", "on_error"))
    wrong = _command("build", "--frame_hight=3")
    assert wrong.returncode == 1 and "frame_hight" in wrong.stderr and "Traceback" not in wrong.stderr
    missing = _command("inspect")
    assert missing.returncode == 1 and "--records_dir" in missing.stderr and "Traceback" not in missing.stderr


def test_a_user_error_is_a_message_without_a_traceback(tmp_path):
    arguments = ["--dataset=unlv_diving", f"--source_dir={tmp_path}", f"--output_dir={tmp_path / 'records'}"]
    result = _command("build", *arguments)
    assert result.returncode == 1 and "diving_samples_len_ori" in result.stderr and "Traceback" not in result.stderr


def test_build_and_inspect_from_the_command_line(tmp_path):
    source = write_unlv_diving(tmp_path / "diving", 4, 1)
    records = tmp_path / "records"
    built = _command(
        "build", "--dataset=unlv_diving", f"--source_dir={source}", f"--output_dir={records}", "--workers=2"
    )
    assert built.returncode == 0 and "take-flight" in built.stdout and f"Written to {records}" in built.stdout
    assert DatasetInfo.load(records).frame_size == (73, 98)
    shown = _command("inspect", f"--records_dir={records}", f"--output={tmp_path / 'sheet.png'}")
    assert shown.returncode == 0 and "4 records, all sound." in shown.stdout
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
    wrong = _command("inspect", f"--records_dir={records}", "--split=dev", f"--output={tmp_path / 'sheet.png'}")
    assert wrong.returncode == 1 and "one of test, train" in wrong.stderr


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_real_labels(tmp_path):
    """The real label files: 370 rows, of which 32 and 95 go back in time, and the published ranges (§4.1)."""
    source = tmp_path / "unlv"
    shutil.copytree(Path(os.environ["SCORINGNET_REAL_DATA"], "unlv_diving"), source)
    (source / "diving_samples_len_ori").mkdir()
    read = unlv.read_diving(source)
    samples = read.samples
    assert "Execution is no multiple of 0.5, as a sum of marks would be, in 133 (28.050), 345 (21.031)." in read.notes
    assert len(samples) == 370 and sum(sample.split == "test" for sample in samples) == 70
    assert [sample.video_id for sample in samples if sample.problems] == ["032", "095"]
    finals = [sample.final for sample in samples]
    assert min(finals) == pytest.approx(21.6) and max(finals) == pytest.approx(102.6)
    first = samples[0]
    assert first.difficulty == 3.0 and first.execution == pytest.approx(25.5)
    assert [str(segment) for segment in first.segments] == [
        "pre-starting [0, 31)",
        "take-flight [31, 65)",
        "entry [65, 75)",
        "noise [75, end)",
    ]
    for number in range(1, 7):
        splits = [sample.split for sample in unlv.read_diving(source, f"random_splits_100_59/split_{number}").samples]
        assert (splits.count("train"), splits.count("test")) == (100, 59)


@pytest.mark.parametrize("wrong", [("6O.5", ""), (60.5, 999)], ids=["of its row", "of its video"])
@pytest.mark.parametrize("is_copy", [True, False])
def test_a_row_that_is_left_out_takes_no_other_with_it(tmp_path, is_copy, wrong):
    """Nor its corrected second: of the same bytes, or of a file that was encoded anew, in another split."""
    write_bars(tmp_path / "a.mp4", 20)
    if is_copy:
        shutil.copy(tmp_path / "a.mp4", tmp_path / "b.mp4")
    else:
        write_bars(tmp_path / "b.mp4", 20, codec="libx264")
    write_bars(tmp_path / "c.mp4", 33)
    header = ("video", "split", "final", "num_frames")
    rows = [("a.mp4", "train", *wrong), ("b.mp4", "test", 60.5, ""), ("c.mp4", "train", 50, "")]
    write_table(tmp_path / "manifest.csv", header, rows)
    settings = BuildSettings((36, 48), on_error="skip")
    info = _build(tmp_path, tmp_path / "records", "manifest", settings, sport="diving")
    assert set(info.videos) == {"b.mp4", "c.mp4"}
    rows[0] = ("a.mp4", "train", 60.5, 20)
    write_table(tmp_path / "manifest.csv", header, rows)
    lines, number = check("manifest", tmp_path, workers=1, sport="diving")
    assert number == 1 and "manifest.csv, row 3: expected a " in lines[0] and "a.mp4 (train)" in lines[0]


def test_a_row_that_is_left_out_leaves_its_id_to_its_corrected_second(tmp_path):
    """Of the same video: it is encoded for both, which is no build that was interrupted."""
    write_bars(tmp_path / "a.mp4", 20)
    rows = [("a.mp4", "train", 999), ("a.mp4", "train", 63)]
    write_table(tmp_path / "manifest.csv", ("video", "split", "final"), rows)
    lines, number = check("manifest", tmp_path, workers=1, sport="diving")
    assert number == 1 and lines[0].startswith("manifest.csv, row 2: expected final of diving")
    settings = BuildSettings((36, 48), on_error="skip")
    info, notes = build_records("manifest", tmp_path, tmp_path / "records", settings, workers=1, sport="diving")
    assert info.videos["a.mp4"]["final"] == 63 and [video["id"] for video in info.skipped] == ["a.mp4"]
    assert not [note for note in notes if "interrupted" in note]


def test_a_row_that_is_dropped_for_its_scores_leaves_its_bytes_to_its_corrected_second(tmp_path):
    """One that is kept does not."""
    write_bars(tmp_path / "a.mp4", 20)
    shutil.copy(tmp_path / "a.mp4", tmp_path / "b.mp4")
    rows = [("a.mp4", "train", 3.0, 21.0, 60.0), ("b.mp4", "train", 3.0, 21.0, 63.0)]
    write_table(tmp_path / "manifest.csv", ("video", "split", "difficulty", "execution", "final"), rows)
    settings = BuildSettings((36, 48), on_inconsistent="keep")
    with pytest.raises(InputError, match=r"row 3: expected a video of its own\. Received: the same bytes as a\.mp4"):
        _build(tmp_path, tmp_path / "records", "manifest", settings, sport="diving")
    settings = BuildSettings((36, 48), on_inconsistent="drop")
    info = _build(tmp_path, tmp_path / "records", "manifest", settings, sport="diving")
    assert [*info.videos] == ["b.mp4"] and [video["id"] for video in info.skipped] == ["a.mp4"]


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_no_execution_of_a_real_vault_is_called_impossible():
    """Means of two, three or four marks in tenths, and of two vaults, cut to thousandths: 9.333, 8.966, 9.083."""
    with Path(os.environ["SCORINGNET_REAL_DATA"], "vault/scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    values = [float(row["execution"]) for row in rows]
    assert len(values) == 710 and any(round(20 * value, 3) % 1 for value in values)
    samples = [SimpleNamespace(video_id="v", execution=value) for value in values]
    assert odd_executions(get_sport("vault"), samples) == []


def test_an_execution_that_no_marks_make_is_told():
    """To thousandths where it has them; the quotient of a final score in hundredths has as many as it likes."""
    vault, diving = get_sport("vault"), get_sport("diving")
    means = dataclasses.replace(diving, marks=dataclasses.replace(diving.marks, step=0.1, factor=1.0))
    assert means.marks.execution_step == pytest.approx(0.1 / 3) and means.fusion == "product"
    assert odd_executions(means, [SimpleNamespace(video_id="v", execution=18.67 / 2.0)]) == []
    assert len(odd_executions(means, [SimpleNamespace(video_id="v", execution=9.315)])) == 1
    odd = [SimpleNamespace(video_id=str(value), execution=value) for value in (9.014, 9.333, 8.766, 9.3, 9.02, None)]
    assert odd_executions(vault, odd) == [
        "Execution is no multiple of 0.00833, as a sum of marks would be, in 9.014 (9.014)."
    ]


def test_the_rate_that_is_learned_is_the_median_of_the_videos():
    """Not of the rates: of 25, 50, 50 and 50 it is 50."""
    sample = SimpleNamespace(video_id="v", split="test", segments=None, final=None, difficulty=None, execution=None)
    oddities = Oddities(SimpleNamespace(sport="diving", has_features=False, label_rate=None), StoredForm((36, 48)))
    for fps in (25.0, 50.0, 50.0, 50.0):
        video = EncodedVideo(jpegs=[b""] * 9, timestamps=np.arange(9) / fps, fps=fps, aspect=1.33)
        oddities.see(sample, video, None)
    assert any("a model learns them as 50." in note for note in oddities.notes())


def test_videos_of_a_frame_an_hour_and_as_narrow_as_a_line_are_looked_at_too():
    """Rates and shapes that two decimals would call 0."""
    sample = SimpleNamespace(video_id="v", split="test", segments=None, final=None, difficulty=None, execution=None)
    source = SimpleNamespace(sport="diving", has_features=False, label_rate=25.0)
    oddities = Oddities(source, StoredForm((36, 48)))
    for fps, aspect in ((0.0003, 0.001), (25.0, 1.33)):
        video = EncodedVideo(jpegs=[b""] * 9, timestamps=np.arange(9) / fps, fps=fps, aspect=aspect)
        oddities.see(sample, video, None)
    notes = "\n".join(oddities.notes())
    assert "from 0.0003 to 25 frames/s" in notes and "0.001:1 (1), 1.33:1 (1)" in notes


def test_what_is_wrong_with_many_rows_alike_is_one_line_with_ten_names(tmp_path):
    """As of a dataset whose frames are not there; of ten every row has its line."""
    rows = [(f"{number:04}.mp4", "train", 3.0, 60.0) for number in range(300)]
    for number, folder in ((300, tmp_path / "many"), (9, tmp_path / "few")):
        folder.mkdir()
        write_table(
            folder / "manifest.csv",
            ("video", "split", "difficulty", "final"),
            [*rows[:number], ("odd.mp4", "train", 9.9, 60.0)],
        )
        lines, found = check("manifest", folder, workers=1, sport="diving")
        missing = [line for line in lines if "no such file" in line]
        with pytest.raises(InputError) as error:
            _build(folder, tmp_path / "records", "manifest", sport="diving")
        assert found == number + 2 and f"{number + 2} problems" in str(error.value)
        assert str(error.value).count("no such file") == len(missing)
        if number == 9:
            assert len(missing) == 10
        else:
            (line,) = missing
            assert line.count(".mp4") == 10 and "300.mp4" not in line and "0009.mp4" in line and "301" in line
        assert any("row 2: " not in line and "9.9" in line for line in lines)
