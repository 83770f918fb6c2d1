"""Several performances in one file: each becomes a record of its own, of those frames and no others."""

import os
import shutil
from fractions import Fraction

import av
import pytest
from command_forks import forked
from conftest import HEIGHT, WIDTH, bar_color, bar_frame, read_index, write_bars, write_images, write_timed
from layouts import write_table

from data_prep.datasets import manifest
from data_prep.datasets.sample import ERROR, INCONSISTENT, NONMONOTONE, Sample, Source
from data_prep.records.building import BuildSettings, build_records
from data_prep.records.checks import known_problems
from data_prep.records.dry_run import check
from data_prep.records.psnr import compare_with_source
from data_prep.records.verifying import decode_frames, read_records, verify_records
from scoringnet_tf.data.records import DatasetInfo
from scoringnet_tf.support.errors import InputError

NUM_FRAMES = 100  # of the broadcast, 4 s


@pytest.fixture
def broadcast(tmp_path):
    """A folder with one file of 100 frames."""
    folder = tmp_path / "videos"
    folder.mkdir()
    write_bars(folder / "final.mp4", NUM_FRAMES, codec="libx264")
    return folder


def source_of(folder, header, *rows):
    write_table(folder / "manifest.csv", header.split(","), [row.split(",") for row in rows])
    return manifest.read(folder, sport="diving")


def problems(source):
    return [str(problem) for sample in source.samples for problem in sample.problems]


def known(folder, *rows, header="video,split,final,start_frame,end_frame"):
    """Problems that are known before anything is decoded."""
    found = known_problems(source_of(folder, header, *rows), folder)
    return [str(problem) for _, problems in found for problem in problems]


def shown(info):
    """{id: frame indices that the stored pixels show}."""
    records = [record for split in info.splits for _, record in read_records(info, split)]
    return {
        record["example/id"].decode(): [read_index(frame) for frame in decode_frames(record["image/encoded"])]
        for record in records
    }


def test_performances_of_one_file_are_a_group_unless_a_column_says_otherwise(broadcast):
    """Together they are in one split where groups are kept, for they share the hall and the camera."""
    rows = ("final.mp4,63,10,30", "./final.mp4,63,40,61")
    assert [sample.group for sample in source_of(broadcast, "video,final,start_frame,end_frame", *rows).samples] == [
        "final.mp4"
    ] * 2
    named = source_of(broadcast, "video,final,start_frame,end_frame,group", *(f"{row},a" for row in rows))
    assert [sample.group for sample in named.samples] == ["a", "a"]


def test_a_performance_without_a_group_is_in_none_where_others_have_one(broadcast):
    """Else its broadcast would pass for an athlete, and whom it shows be trained and tested on."""
    header, rows = "video,final,start_frame,end_frame,group", ("final.mp4,63,10,30,a", "final.mp4,63,40,61,")
    source = source_of(broadcast, header, *rows)
    assert [sample.group for sample in source.samples] == ["a", None]
    assert "No group, which others have, in row 3." in source.notes
    empty = source_of(broadcast, header, "final.mp4,63,10,30,", "final.mp4,63,40,61,")
    assert [sample.group for sample in empty.samples] == ["final.mp4"] * 2
    assert not any(note.startswith("No group") for note in empty.notes)


def test_seconds_that_were_given_as_frames_are_noticed(broadcast):
    """A performance of three frames is no performance."""
    rows = ("final.mp4,train,63,1,4", "final.mp4,test,63,10,60")
    source_of(broadcast, "video,split,final,start_frame,end_frame", *rows)
    report, number = check("manifest", broadcast, workers=1, sport="diving")
    assert number == 0
    assert "final.mp4#1 (3): fewer than the 8 frames that a model needs; maybe seconds were given as frames." in report


def test_times_alone_may_have_decimal_commas(broadcast):
    (broadcast / "manifest.csv").write_text("video;final;start_time;end_time\nfinal.mp4;63;0,4;1,2\n")
    (sample,) = manifest.read(broadcast, sport="diving").samples
    assert sample.frames == (10, 30) and not sample.problems


def test_hours_and_minutes_of_a_timecode(tmp_path):
    """A frame a minute for 130 minutes."""
    write_timed(tmp_path / "final.mkv", [60_000 * minute for minute in range(130)])
    rows = ["final.mkv,63,1:02:00,2:00:00", "final.mkv,63,03:00,1:00:00"]
    samples = source_of(tmp_path, "video,final,start_time,end_time", *rows).samples
    assert [sample.frames for sample in samples] == [(62, 120), (3, 60)]


def test_a_video_that_was_encoded_anew_has_other_times(broadcast):
    header, row = "video,final,start_time,end_time", "final.mp4,63,1,2"
    (before,) = source_of(broadcast, header, row).samples
    write_bars(broadcast / "final.mp4", NUM_FRAMES, codec="libx264", fps=50)
    (after,) = source_of(broadcast, header, row).samples
    assert (before.frames, after.frames) == ((25, 50), (50, 100))


@pytest.mark.parametrize(
    ("header", "stretches"),
    [
        ("start_frame,end_frame", ("10,30", "40,61", "80,")),
        ("start_time,end_time", ("0.4,1.2", "1.6,2.44", "3.2,4")),
        ("Start Time,End Time", ("00:00.4,0:01.2", "0:00:01.600,00:00:02.440", "0:03.2,")),
        ("start,end", ("0:00.4,0:01.2", "0:01.6,00:02.44", "00:03.2,00:04")),
    ],
)
def test_every_performance_is_a_record_of_its_frames(broadcast, tmp_path, header, stretches):
    rows = [f"final.mp4,{split},63,{row}" for split, row in zip(("train", "train", "test"), stretches, strict=True)]
    source_of(broadcast, f"video,split,final,{header}", *rows)
    settings = BuildSettings((HEIGHT, WIDTH))
    info, _ = build_records("manifest", broadcast, tmp_path / "records", settings, workers=1, sport="diving")
    assert shown(info) == {
        "final.mp4#1": list(range(10, 30)),
        "final.mp4#2": list(range(40, 61)),
        "final.mp4#3": list(range(80, 100)),
    }
    assert info.videos["final.mp4#2"]["path"] == "final.mp4#40-61"
    info = DatasetInfo.load(tmp_path / "records")
    assert verify_records(info) == []
    comparison = compare_with_source(info, broadcast)
    assert len(comparison.psnr) == 3 and not comparison.problems and not comparison.missing


def test_ids_are_as_the_table_says(broadcast):
    header = "id,video,split,final,start_frame,end_frame"
    source = source_of(broadcast, header, "Ann,final.mp4,train,63,0,20", ",final.mp4,train,64,20,40")
    assert [sample.video_id for sample in source.samples] == ["Ann", "final.mp4"]
    assert [sample.frames for sample in source.samples] == [(0, 20), (20, 40)]
    rows = ("Ann,final.mp4,train,63,0,20", "Ann,final.mp4,train,64,20,40")
    source_of(broadcast, header, *rows)
    lines, number = check("manifest", broadcast, workers=1, sport="diving")
    assert number == 2 and lines[0].endswith("expected id Ann once, in one split. Received: 2 times in train")


def test_one_performance_of_a_file_is_called_as_the_file(broadcast):
    source = source_of(broadcast, "video,split,final,start_frame,end_frame", "final.mp4,train,63,10,20")
    assert source.samples[0].video_id == "final.mp4"


@pytest.mark.parametrize(
    ("header", "stretch", "message"),
    [
        ("start_frame,end_frame", "90,101", "a stretch of the 100 frames of final.mp4. Received: 90 to 101"),
        ("start_frame,end_frame", "30,30", "Received: 30 to 30"),
        ("start_frame,end_frame", "-1,30", "Received: -1 to 30"),
        ("start_frame,end_frame", "100,", "Received: 100 to the end"),
        ("start_frame,end_frame", ",30", "expected a start_frame beside the end_frame. Received: none"),
        ("start_frame,end_frame", "1.5,30", "expected an integer as start_frame. Received: 1.5"),
        ("start_time,end_time", "3.5,4.5", "a stretch of the 100 frames, 4.000 s of final.mp4. Received: 3.5 to 4.5"),
        ("start_time,end_time", "0:02,0:01", "Received: 0:02 to 0:01"),
        ("start_time,end_time", "nan,1", "Received: nan to 1"),
        ("start_time,end_time", "one,2", "expected a number as start_time. Received: 'one'"),
    ],
)
def test_frames_outside_the_file_are_refused_by_row(broadcast, header, stretch, message):
    rows = ("final.mp4,train,63,0,1", f"final.mp4,train,63,{stretch}")
    (problem,) = problems(source_of(broadcast, f"video,split,final,{header}", *rows))
    assert problem.startswith("manifest.csv, row 3: ") and message in problem


@pytest.mark.parametrize(
    ("header", "stretch", "message"),
    [
        ("start,end", "10,20", "expected timecodes .* other names: start_frame .* Received: 10"),
        ("start,end", "10,0:01", "Received: 10"),
        ("start_frame,end_time", "10,0:01", "Received: end_time, start_frame"),
        ("start_frame", "10", "expected start_frame and end_frame, .* Received: start_frame"),
    ],
)
def test_units_that_cannot_be_told_are_refused(broadcast, header, stretch, message):
    with pytest.raises(InputError, match=message):
        source_of(broadcast, f"video,split,final,{header}", f"final.mp4,train,63,{stretch}")


def test_performances_that_overlap_are_refused(broadcast):
    rows = ("final.mp4,train,63,30,60", "final.mp4,test,63,0,31", "final.mp4,train,63,60,90")
    assert known(broadcast, *rows) == [
        "manifest.csv, row 2: expected performances that do not overlap. Received: frame 30, as in manifest.csv, row 3"
    ]
    rows = ("final.mp4,train,63,30,60", "final.mp4,test,63,,")
    said = "manifest.csv, row 2: expected performances that do not overlap."
    assert [problem for problem in known(broadcast, *rows) if problem.startswith(said)]


def test_performances_that_overlap_are_refused_though_their_scores_contradict_each_other(broadcast):
    header = "video,split,start_frame,end_frame,difficulty,execution,final,mark_1,mark_2,mark_3"
    rows = ("final.mp4,train,0,50,3.0,22,,7,7,7", "final.mp4,test,40,90,3.0,21,,7,7,7")
    found = known(broadcast, *rows, header=header)
    assert len(found) == 2 and "row 3: expected performances that do not overlap" in found[1]


@pytest.mark.parametrize(
    ("wrong", "lost", "is_told"),
    [
        ("60", {ERROR, NONMONOTONE}, True),
        ("60", {ERROR, NONMONOTONE, INCONSISTENT}, False),
        ("999", {ERROR, NONMONOTONE}, False),
    ],
    ids=["a contradiction, kept", "a contradiction, dropped", "out of range"],
)
def test_a_row_that_is_left_out_takes_no_frames_from_its_corrected_second(broadcast, wrong, lost, is_told):
    header = "video,split,start_frame,end_frame,difficulty,execution,final"
    source = source_of(broadcast, header, f"final.mp4,train,0,50,3.0,21,{wrong}", "final.mp4,train,0,50,3.0,21,63")
    found = {sample.video_id for sample, _ in known_problems(source, broadcast, frozenset(lost))}
    assert found == {"final.mp4#1"} | ({"final.mp4#2"} if is_told else set())


@pytest.mark.parametrize("copy", [os.link, os.symlink, shutil.copy])
def test_performances_that_overlap_in_a_copy_of_the_file_are_refused(broadcast, copy):
    copy(broadcast / "final.mp4", broadcast / "copy.mp4")
    rows = ("final.mp4,train,63,0,50", "copy.mp4,test,63,40,90")
    (problem,) = known(broadcast, *rows)
    assert problem.startswith("manifest.csv, row 3: expected performances that do not overlap. Received: frame 40, as")
    assert known(broadcast, "final.mp4,train,63,0,40", rows[1]) == []


def test_clips_of_a_published_dataset_that_overlap_are_refused(tmp_path):
    samples = [
        Sample(f"1_{number}", tmp_path, split, f"(1, {number})", frames=frames)
        for number, split, frames in ((1, "train", (0, 10)), (2, "test", (9, 20)))
    ]
    found = [problems for _, problems in known_problems(Source("diving", tuple(samples), {}), tmp_path.parent)]
    assert "expected performances that do not overlap. Received: frame 9, as in (1, 1)" in str(found[-1][0])


def test_every_performance_within_a_longer_one_is_refused(broadcast):
    rows = ("final.mp4,train,63,0,90", "final.mp4,train,63,10,20", "final.mp4,test,63,50,60", "final.mp4,test,63,90,95")
    found = known(broadcast, *rows)
    assert [problem.partition(":")[0] for problem in found] == ["manifest.csv, row 3", "manifest.csv, row 4"]
    assert all("as in manifest.csv, row 2" in problem for problem in found)


def test_a_row_that_is_wrong_changes_no_others_number(broadcast):
    rows = ("final.mp4,train,63,10,3x", "final.mp4,train,63,40,60", "final.mp4,test,63,80,90")
    source = source_of(broadcast, "video,split,final,start_frame,end_frame", *rows)
    assert [sample.video_id for sample in source.samples] == ["final.mp4#1", "final.mp4#2", "final.mp4#3"]
    assert [bool(sample.problems) for sample in source.samples] == [True, False, False]


def test_times_are_those_of_the_file_at_a_variable_frame_rate(tmp_path):
    """Frames 0 to 9 last 0.2 s each and the others 0.04: from 2.0 s to 2.4 s ten frames are shown, 10 to 19."""
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for index in range(40):
            frame = av.VideoFrame.from_ndarray(bar_frame(index, bar_color(0)), format="rgb24")
            frame.pts, frame.time_base = min(index, 10) * 5 + max(index - 10, 0), Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (sample,) = source_of(tmp_path, "video,split,final,start_time,end_time", "a.mkv,train,63,2.0,2.4").samples
    assert sample.frames == (10, 20)


def test_a_stretch_of_images_is_in_frames(tmp_path):
    write_images(tmp_path / "dive", 20)
    (sample,) = source_of(tmp_path, "video,split,final,start_frame,end_frame", "dive,train,63,5,9").samples
    assert sample.frames == (5, 9) and not sample.problems
    (problem,) = problems(source_of(tmp_path, "video,split,final,start_time,end_time", "dive,train,63,0.2,0.4"))
    assert "expected start_frame and end_frame of images, which have no times" in problem
    write_images(tmp_path / "later", 20, first=5)
    (problem,) = problems(source_of(tmp_path, "video,split,final,start_frame,end_frame", "later,train,63,5,9"))
    assert "expected images numbered from 0 or 1, for a stretch of them. Received: numbers from 5 on" in problem


STAGES = "pre-starting,take-flight,entry"


def test_images_that_begin_later_are_told_where_stages_count_from_the_first(tmp_path):
    """Without its first images, a copy has all stages late; where the length is stated, that is checked."""
    for number, (name, first) in enumerate({"whole": 1, "from_zero": 0, "cut": 5}.items()):
        write_images(tmp_path / name, 20, number, first=first)
    said = "cut (5): images are numbered from this one on, which is taken for frame 0 of the stage labels"
    for column, cell, is_told in (("group", "a", True), ("num_frames", "20", False)):
        rows = [f"{name},train,63,{cell},2,5,10,15" for name in ("whole", "from_zero", "cut")]
        source_of(tmp_path, f"video,split,final,{column},{STAGES},end", *rows)
        report, number = check("manifest", tmp_path, workers=1, sport="diving")
        assert number == 0 and any(line.startswith(said) for line in report) == is_told
        assert not any("images are numbered" in line and not line.startswith(said) for line in report)
    source_of(tmp_path, "video,split,final", "cut,train,63")
    report, _ = check("manifest", tmp_path, workers=1, sport="diving")
    assert not any("images are numbered" in line for line in report), "nothing counts them"


def stages_of(folder, tmp_path, **options):
    """{id: stages that the records hold, in runs}."""
    info, _ = build_records("manifest", folder, tmp_path / "records", workers=1, sport="diving", **options)
    records = [record for split in info.splits for _, record in read_records(info, split)]
    return {record["example/id"].decode(): record["stage/index"].tolist() for record in records}


def test_boundaries_count_frames_of_the_file(broadcast, tmp_path):
    header = f"video,split,final,start_frame,end_frame,{STAGES},end"
    rows = ("final.mp4,train,63,10,30,12,15,20,25", "final.mp4,train,63,40,60,42,,50,55")
    assert not problems(source_of(broadcast, header, *rows))
    assert stages_of(broadcast, tmp_path) == {
        "final.mp4#1": [0] * 2 + [1] * 3 + [2] * 5 + [3] * 5 + [0] * 5,
        "final.mp4#2": [0] * 2 + [-1] * 8 + [3] * 5 + [0] * 5,
    }
    (problem,) = problems(source_of(broadcast, header, rows[0], "final.mp4,train,63,40,60,2,5,10,15"))
    assert "row 3: expected stages within frames 40 to 60 of the file. Received: 2,5,10,15" in problem


def test_stage_labels_of_a_file_are_shared_out_to_its_performances(broadcast, tmp_path):
    """As an annotation tool gives them for the whole broadcast; by a record's id they must lie within it."""
    header = "video,split,final,start_frame,end_frame"
    rows = ("final.mp4,train,63,10,30", "final.mp4,train,63,40,60")
    labels = [("final.mp4", "take-flight", 12, 20), ("final.mp4", "entry", 20, 25), ("final.mp4", "entry", 50, 70)]
    write_table(broadcast / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)
    shared = source_of(broadcast, header, *rows)
    (cut,) = [note for note in shared.notes if "are cut there" in note]
    assert not problems(shared) and cut.endswith("cut there: final.mp4#2 (entry, stage_labels.csv, row 4).")
    assert stages_of(broadcast, tmp_path) == {
        "final.mp4#1": [-1] * 2 + [2] * 8 + [3] * 5 + [-1] * 5,
        "final.mp4#2": [-1] * 10 + [3] * 10,
    }
    for wrong in (("final.mp4", "entry", 55, 45), ("final.mp4", "landing", 45, 55)):  # is of its performance alone
        write_table(
            broadcast / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), [*labels[:2], wrong]
        )
        first, second = source_of(broadcast, header, *rows).samples
        assert not first.problems and "stage_labels.csv, row 4: expected" in str(second.problems[0])
    for wrong in (("final.mp4", "landing", 32, 38), ("final.mp4", "entry", -9, -5)):  # is of none, and yet is named
        write_table(broadcast / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), [*labels, wrong])
        (problem,) = problems(source_of(broadcast, header, *rows))
        assert problem.startswith("manifest.csv, row 2: ") and "stage_labels.csv, row 5: expected" in problem
    labels = [("final.mp4#1", "entry", 20, 25), ("final.mp4#2", "entry", 20, 25)]
    write_table(broadcast / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)
    (problem,) = problems(source_of(broadcast, header, *rows))
    assert "row 3: expected stages within frames 40 to 60 of the file. Received: entry [20, 25)" in problem


def test_a_performance_without_stages_is_named_and_a_single_one_has_its_part(broadcast, tmp_path):
    header, labels = "video,split,final,start_frame,end_frame", [("final.mp4", "noise", 0, 12)]
    labels += [("final.mp4", "take-flight", 12, 20), ("final.mp4", "entry", 20, 40)]
    write_table(broadcast / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)
    source = source_of(broadcast, header, "final.mp4,train,63,10,30", "final.mp4,train,63,40,60")
    assert not problems(source) and source.samples[1].segments is None
    assert any("final.mp4#2" in note and "final.mp4#1" not in note for note in source.notes)
    assert not problems(source_of(broadcast, header, "final.mp4,train,63,10,30"))
    assert stages_of(broadcast, tmp_path) == {"final.mp4": [0] * 2 + [2] * 8 + [3] * 10}


def labels_of(folder, *labels):
    """Writes `stage_labels.csv` with these rows."""
    write_table(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), labels)


@pytest.mark.parametrize(
    ("of_table", "of_labels"), [("day1\\final.mp4", "day1/final.mp4"), ("day1/final.mp4", "./day1\\final.mp4")]
)
def test_stages_find_their_video_however_its_path_is_written(tmp_path, of_table, of_labels):
    """A table that was made on Windows, labels from a tool that was not."""
    labels_of(tmp_path, (of_labels, "entry", 20, 25), (of_labels, "entry", 50, 55), ("Ann\\1", "entry", 3, 5))
    rows = (f",{of_table},63,10,30", f",{of_table},63,40,60", "Ann\\1,other.mp4,63,,")
    samples = source_of(tmp_path, "id,video,final,start_frame,end_frame", *rows).samples
    assert [sample.segments[0][:3] for sample in samples] == [("entry", 10, 15), ("entry", 10, 15), ("entry", 3, 5)]


def test_stages_of_one_video_under_two_spellings_are_all_its_own(tmp_path):
    labels_of(tmp_path, ("a.mp4", "take-flight", 2, 5), ("./a.mp4", "entry", 4, 9))
    (problem,) = problems(source_of(tmp_path, "video,split,final", "a.mp4,train,63"))
    assert "stage_labels.csv, row 3: expected segments in order" in problem


def test_stages_outside_every_performance_are_named(broadcast):
    """The row of their performance may have been lost; noise is there for that, and of a whole file all is its own."""
    header, rows = "video,split,final,start_frame,end_frame", ("final.mp4,train,63,10,30", "final.mp4,train,63,40,60")
    own = [("final.mp4", "entry", 20, 25), ("final.mp4", "entry", 50, 55)]
    labels_of(broadcast, *own, ("final.mp4", "noise", 60, 80), ("final.mp4", "entry", 80, 90))
    said = "Stages that are in the frames of no performance of the table: final.mp4 (entry, stage_labels.csv, row 5)."
    assert said in source_of(broadcast, header, *rows).notes
    assert not any("no performance of" in note for note in source_of(broadcast, header, "final.mp4,train,63,,").notes)
    labels_of(broadcast, *own, ("final.mp4", "noise", 60, 80))
    assert not any("no performance of" in note for note in source_of(broadcast, header, *rows).notes)


def test_a_performance_with_other_stages_by_its_id_than_by_its_file_is_refused(broadcast):
    """As `stages --existing=merge` may leave them: one of the two would be ignored."""
    header, rows = "video,split,final,start_frame,end_frame", ("final.mp4,train,63,10,30", "final.mp4,train,63,40,60")
    of_file = [("final.mp4", "entry", 20, 25), ("final.mp4", "entry", 50, 55)]
    labels_of(broadcast, *of_file, ("final.mp4#1", "entry", 20, 26))
    assert problems(source_of(broadcast, header, *rows)) == [
        "manifest.csv, row 2: expected its stages in stage_labels.csv once. Received: those of final.mp4#1 "
        "(stage_labels.csv, row 4) and others of final.mp4 (stage_labels.csv, row 2)"
    ]
    labels_of(broadcast, *of_file, ("final.mp4#1", "entry", 20, 25))
    assert not problems(source_of(broadcast, header, *rows)), "the same twice"
    labels_of(broadcast, of_file[1], ("final.mp4#1", "entry", 20, 25))
    assert not problems(source_of(broadcast, header, *rows)), "the file's are of the other performance"
    labels_of(broadcast, *of_file)
    assert not problems(source_of(broadcast, header, rows[0])), "the only one of its file is called as that"
    labels_of(broadcast, ("first", "entry", 20, 25), ("final.mp4", "entry", 20, 26))
    (problem,) = problems(source_of(broadcast, "id,video,split,final", "first,final.mp4,train,63"))
    assert "Received: those of first (stage_labels.csv, row 2) and others of final.mp4" in problem


def test_a_damaged_broadcast_is_reported_by_row(broadcast):
    (broadcast / "final.mp4").write_bytes(b"no video")
    source_of(broadcast, "video,split,final,start_frame,end_frame", "final.mp4,train,63,10,30")
    lines, number = check("manifest", broadcast, workers=1, sport="diving")
    assert number and all(line.startswith("manifest.csv, row 2: ") for line in lines[:number])


GERMAN = """\
Wettkampf;Springerin;Datei;Beginn;Ende;Schwierigkeit;KR1;KR2;KR3;KR4;KR5;KR6;KR7;Punkte;Abzug;Teil
Turm;Jürgens;final.mp4;00:00:00,4;00:00:01,2;3,2;7,5;8,0;8,5;8,0;7,0;9,0;8,0;76,80;;train
Turm;Müller;final.mp4;00:00:01,6;00:00:02,4;2,9;6,5;6,0;7,0;6,5;6,5;5,5;7,5;56,55;;train
Turm;Weiß;final.mp4;00:00:03,2;00:00:04,0;3,0;7,0;7,0;7,5;6,5;7,0;7,0;8,0;45,00;2;test
"""
MEANINGS = (
    "video=Datei,start_time=Beginn,end_time=Ende,difficulty=Schwierigkeit,final=Punkte,penalty=Abzug,split=Teil,"
    "group=Springerin," + ",".join(f"mark_{number}=KR{number}" for number in range(1, 8))
)


def test_results_as_a_federation_publishes_them_become_records_with_one_command(broadcast, tmp_path):
    """Seven marks, decimal commas, German headers, a referee's deduction, three dives in one video."""
    (broadcast / "manifest.csv").write_text(GERMAN, encoding="utf-8")
    command = ["data_prep", "build", "--dataset=manifest", "--sport=diving", "--workers=1"]
    command += [f"--source_dir={broadcast}", f"--output_dir={tmp_path / 'records'}", f"--columns={MEANINGS}"]
    command += [f"--frame_height={HEIGHT}", f"--frame_width={WIDTH}"]
    result = forked(*command)
    assert result.returncode == 0, result.stderr
    info = DatasetInfo.load(tmp_path / "records")
    assert verify_records(info) == [] and info.skipped == []
    assert shown(info) == {f"final.mp4#{n + 1}": list(range(10 + 30 * n, 30 + 30 * n)) for n in range(2)} | {
        "final.mp4#3": list(range(80, 100))
    }
    found = {name: (video["difficulty"], video["execution"], video["final"]) for name, video in info.videos.items()}
    assert found == {
        "final.mp4#1": (3.2, 24.0, 76.8),
        "final.mp4#2": (2.9, 19.5, 56.55),
        "final.mp4#3": (3.0, 15.0, 45.0),
    }
    assert [video["group"] for video in info.videos.values()] == ["Jürgens", "Müller", "Weiß"]
    assert "The semicolon is taken as the delimiter" in result.stdout and "Wettkampf" in result.stdout
    wrong = GERMAN.replace("7,5;8,0;8,5", "7,5;8,0;8,3", 1).replace("04,0;3,0", "04,8;3,0")
    (broadcast / "manifest.csv").write_text(wrong, encoding="utf-8")
    lines, number = check("manifest", broadcast, workers=1, sport="diving", columns=MEANINGS.split(","))
    assert lines[:number] == [
        "manifest.csv, row 2: expected marks from 0 to 10 in steps of 0.5. Received: 8.3",
        "manifest.csv, row 4: expected a stretch of the 100 frames, 4.000 s of final.mp4. Received: 00:00:03,2 to "
        "00:00:04,8",
    ]
