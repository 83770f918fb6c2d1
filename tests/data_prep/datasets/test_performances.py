"""Several performances in one file: each becomes a record of its own, of those frames and no others."""

import os
import shutil
from fractions import Fraction

import av
import pytest
from command_forks import forked
from conftest import HEIGHT, WIDTH, bar_color, bar_frame, write_bars, write_images, write_timed
from layouts import notes_of, problem_codes, write_table
from refusals import refused
from test_published import build, frame_indices

from data_prep.datasets import manifest
from data_prep.datasets.sample import ERROR, INCONSISTENT, NONMONOTONE, Sample, Source
from data_prep.records.building import BuildSettings
from data_prep.records.checks import known_problems
from data_prep.records.dry_run import check
from data_prep.records.verifying import read_records
from scoringnet_tf.data.dataset_info import DatasetInfo

NUM_FRAMES = 100  # of the broadcast, 4 s
FULL_SIZE = BuildSettings((HEIGHT, WIDTH))
BY_FRAMES, BY_TIMES = "video,split,final,start_frame,end_frame", "video,split,final,start_time,end_time"
TWO = ("final.mp4,train,63,10,30", "final.mp4,train,63,40,60")


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


def codes(source):
    return [code for _, code in problem_codes(source)]


def overlaps(folder, *rows, header=BY_FRAMES):
    """[(row, row that it overlaps)] of what is known before anything is decoded."""
    found = [problem for _, each in known_problems(source_of(folder, header, *rows), folder) for problem in each]
    return [(p.where.rpartition(" ")[2], p.what.rpartition(" ")[2].rstrip(".")) for p in found if p.code == "overlap"]


@pytest.mark.parametrize(
    ("cells", "groups"),
    [((), ["final.mp4"] * 2), (("a", "a"), ["a", "a"]), (("a", ""), ["a", None]), (("", ""), ["final.mp4"] * 2)],
)
def test_performances_of_one_file_are_a_group_unless_a_column_says_otherwise(broadcast, cells, groups):
    """They share the hall and the camera; but beside athletes a broadcast would pass for one."""
    rows = ("final.mp4,63,10,30", "./final.mp4,63,40,61")
    rows = [f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)] if cells else rows
    source = source_of(broadcast, "video,final,start_frame,end_frame" + ",group" * bool(cells), *rows)
    assert [sample.group for sample in source.samples] == groups
    assert ("no_group" in notes_of(source)) == (None in groups)


def test_seconds_that_were_given_as_frames_are_noticed(broadcast):
    """A performance of three frames is no performance."""
    source_of(broadcast, BY_FRAMES, "final.mp4,train,63,1,4", "final.mp4,test,63,10,60")
    report, number = check("manifest", broadcast, workers=1, sport="diving")
    assert number == 0 and any("final.mp4#1 (3)" in line for line in report)


def test_times_alone_may_have_decimal_commas(broadcast):
    (broadcast / "manifest.csv").write_text("video;final;start_time;end_time\nfinal.mp4;63;0,4;1,2\n")
    (sample,) = manifest.read(broadcast, sport="diving").samples
    assert sample.frames == (10, 30) and not sample.problems


def test_hours_and_minutes_of_a_timecode(tmp_path):
    """A frame a minute for 130 minutes."""
    write_timed(tmp_path / "final.mkv", [60_000 * minute for minute in range(130)])
    samples = source_of(tmp_path, BY_TIMES, "final.mkv,,63,1:02:00,2:00:00", "final.mkv,,63,03:00,1:00:00").samples
    assert [sample.frames for sample in samples] == [(62, 120), (3, 60)]


def test_a_video_that_was_encoded_anew_has_other_times(broadcast):
    (before,) = source_of(broadcast, BY_TIMES, "final.mp4,,63,1,2").samples
    write_bars(broadcast / "final.mp4", NUM_FRAMES, codec="libx264", fps=50)
    (after,) = source_of(broadcast, BY_TIMES, "final.mp4,,63,1,2").samples
    assert (before.frames, after.frames) == ((25, 50), (50, 100))


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
    (sample,) = source_of(tmp_path, BY_TIMES, "a.mkv,train,63,2.0,2.4").samples
    assert sample.frames == (10, 20)


FRAMES_OF_THREE = [(10, 30), (40, 61), (80, 100)]


@pytest.mark.parametrize(
    ("header", "stretches"),
    [
        ("start_frame,end_frame", ("10,30", "40,61", "80,")),
        ("start_time,end_time", ("0.4,1.2", "1.6,2.44", "3.2,4")),
        ("Start Time,End Time", ("00:00.4,0:01.2", "0:00:01.600,00:00:02.440", "0:03.2,")),
        ("start,end", ("0:00.4,0:01.2", "0:01.6,00:02.44", "00:03.2,00:04")),
    ],
)
def test_performances_are_named_by_frames_seconds_or_timecodes(broadcast, header, stretches):
    samples = source_of(broadcast, f"video,final,{header}", *(f"final.mp4,63,{row}" for row in stretches)).samples
    assert [sample.frames for sample in samples] == FRAMES_OF_THREE
    assert [sample.video_id for sample in samples] == [f"final.mp4#{n}" for n in (1, 2, 3)]


def test_every_performance_is_a_record_of_its_frames(broadcast, tmp_path):
    source_of(broadcast, BY_FRAMES, *(f"final.mp4,train,63,{start},{stop}" for start, stop in FRAMES_OF_THREE))
    info = build("manifest", broadcast, tmp_path / "records", FULL_SIZE, sport="diving")
    assert frame_indices(info) == {f"final.mp4#{n + 1}": list(range(*FRAMES_OF_THREE[n])) for n in range(3)}
    assert info.videos["final.mp4#2"]["path"] == "final.mp4#40-61"


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("Ann", ""), ["Ann", "final.mp4"]),
        (("Ann", "Ann"), ["Ann", "Ann"]),
        (("", ""), ["final.mp4#1", "final.mp4#2"]),
        (("",), ["final.mp4"]),
    ],
)
def test_ids_are_as_the_table_says(broadcast, ids, expected):
    rows = [f"{name},{row}" for name, row in zip(ids, TWO, strict=False)]
    source = source_of(broadcast, f"id,{BY_FRAMES}", *rows)
    assert [sample.video_id for sample in source.samples] == expected
    repeated = [p for _, found in known_problems(source, broadcast) for p in found if "Ann" in p.what]
    assert len(repeated) == (2 if len(set(expected)) < len(expected) else 0)


def test_a_row_that_is_wrong_changes_no_others_number(broadcast):
    source = source_of(broadcast, BY_FRAMES, "final.mp4,train,63,10,3x", *TWO[1:], "final.mp4,test,63,80,90")
    assert [sample.video_id for sample in source.samples] == ["final.mp4#1", "final.mp4#2", "final.mp4#3"]
    assert [bool(sample.problems) for sample in source.samples] == [True, False, False]


@pytest.mark.parametrize(
    ("header", "stretch", "code"),
    [
        (BY_FRAMES, "90,101", "out_of_range"),
        (BY_FRAMES, "30,30", "out_of_range"),
        (BY_FRAMES, "-1,30", "out_of_range"),
        (BY_FRAMES, "100,", "out_of_range"),
        (BY_FRAMES, ",30", "missing_value"),
        (BY_FRAMES, "1.5,30", "not_an_integer"),
        (BY_TIMES, "3.5,4.5", "out_of_range"),
        (BY_TIMES, "0:02,0:01", "out_of_range"),
        (BY_TIMES, "nan,1", "out_of_range"),
        (BY_TIMES, "one,2", "not_a_number"),
    ],
)
def test_frames_outside_the_file_are_refused_by_row(broadcast, header, stretch, code):
    source = source_of(broadcast, header, "final.mp4,train,63,0,1", f"final.mp4,train,63,{stretch}")
    assert problem_codes(source) == [("manifest.csv, row 3", code)]


@pytest.mark.parametrize(
    ("header", "stretch", "code", "named"),
    [
        ("start,end", "10,20", "ambiguous", "10"),
        ("start,end", "10,0:01", "ambiguous", "10"),
        ("start_frame,end_time", "10,0:01", "wrong_columns", "end_time, start_frame"),
        ("start_frame", "10", "wrong_columns", "start_frame"),
    ],
)
def test_units_that_are_ambiguous_are_refused(broadcast, header, stretch, code, named):
    with refused(code, "manifest.csv", named):
        source_of(broadcast, f"video,split,final,{header}", f"final.mp4,train,63,{stretch}")


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        (("30,60", "0,31", "60,90"), [("2", "3")]),
        (("30,60", ","), [("2", "3")]),
        (("0,90", "10,20", "50,60", "90,95"), [("3", "2"), ("4", "2")]),
    ],
)
def test_performances_that_overlap_are_refused(broadcast, stretches, expected):
    found = overlaps(broadcast, *(f"final.mp4,train,63,{stretch}" for stretch in stretches))
    assert [pair for pair in found if pair[0] in dict(expected)] == expected


def test_performances_that_overlap_are_refused_though_their_scores_contradict_each_other(broadcast):
    header = "video,split,start_frame,end_frame,difficulty,execution,final,mark_1,mark_2,mark_3"
    rows = ("final.mp4,train,0,50,3.0,22,,7,7,7", "final.mp4,test,40,90,3.0,21,,7,7,7")
    assert overlaps(broadcast, *rows, header=header) == [("3", "2")]


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
    assert overlaps(broadcast, "final.mp4,train,63,0,50", "copy.mp4,test,63,40,90") == [("3", "2")]
    assert overlaps(broadcast, "final.mp4,train,63,0,40", "copy.mp4,test,63,40,90") == []


def test_clips_of_a_published_dataset_that_overlap_are_refused(tmp_path):
    samples = [
        Sample(f"1_{number}", tmp_path, split, f"(1, {number})", frames=frames)
        for number, split, frames in ((1, "train", (0, 10)), (2, "test", (9, 20)))
    ]
    found = [each for _, each in known_problems(Source("diving", tuple(samples), {}), tmp_path.parent)]
    assert [problem.code for problem in found[-1]][:1] == ["overlap"]


def test_a_stretch_of_images_is_in_frames(tmp_path):
    write_images(tmp_path / "dive", 20)
    source = source_of(tmp_path, BY_FRAMES, "dive,train,63,5,9")
    assert source.samples[0].frames == (5, 9) and not codes(source)
    assert codes(source_of(tmp_path, BY_TIMES, "dive,train,63,0.2,0.4")) == ["wrong_columns"]
    write_images(tmp_path / "later", 20, first=5)
    assert codes(source_of(tmp_path, BY_FRAMES, "later,train,63,5,9")) == ["unreadable"]


STAGES = "pre-starting,take-flight,entry"


def test_images_that_begin_later_are_told_if_stages_count_from_the_first(tmp_path):
    """Without its first images, a copy has all stages late; a length that is stated is checked."""
    for number, (name, first) in enumerate({"whole": 1, "from_zero": 0, "cut": 5}.items()):
        write_images(tmp_path / name, 20, number, first=first)
    for column, cell, is_told in (("group", "a", True), ("num_frames", "20", False)):
        rows = [f"{name},train,63,{cell},2,5,10,15" for name in ("whole", "from_zero", "cut")]
        source_of(tmp_path, f"video,split,final,{column},{STAGES},end", *rows)
        report, number = check("manifest", tmp_path, workers=1, sport="diving")
        told = [line for line in report if "cut (5)" in line]
        assert number == 0 and len(told) == is_told and not any("whole (" in line for line in report)
    source_of(tmp_path, "video,split,final", "cut,train,63")
    report, _ = check("manifest", tmp_path, workers=1, sport="diving")
    assert not any("cut (5)" in line for line in report), "nothing counts them"


# === Stages ===


def stages_of(folder, tmp_path):
    """{id: stages that the records hold, in runs}."""
    info = build("manifest", folder, tmp_path / "records", FULL_SIZE, sport="diving")
    records = [record for split in info.splits for _, record in read_records(info, split)]
    return {record["example/id"].decode(): record["stage/index"].tolist() for record in records}


def label(folder, *labels):
    """Writes `stage_labels.csv` with these rows; those without a name are of final.mp4."""
    rows = [row if len(row) == 4 else ("final.mp4", *row) for row in labels]
    write_table(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), rows)


def test_boundaries_count_frames_of_the_file(broadcast, tmp_path):
    header = f"{BY_FRAMES},{STAGES},end"
    rows = (f"{TWO[0]},12,15,20,25", f"{TWO[1]},42,,50,55")
    assert not codes(source_of(broadcast, header, *rows))
    assert stages_of(broadcast, tmp_path) == {
        "final.mp4#1": [0] * 2 + [1] * 3 + [2] * 5 + [3] * 5 + [0] * 5,
        "final.mp4#2": [0] * 2 + [-1] * 8 + [3] * 5 + [0] * 5,
    }
    outside = source_of(broadcast, header, rows[0], f"{TWO[1]},2,5,10,15")
    assert problem_codes(outside) == [("manifest.csv, row 3", "out_of_range")]


def test_stage_labels_of_a_file_are_shared_out_to_its_performances(broadcast, tmp_path):
    """As an annotation tool gives them for the whole broadcast."""
    label(broadcast, ("take-flight", 12, 20), ("entry", 20, 25), ("entry", 50, 70))
    shared = source_of(broadcast, BY_FRAMES, *TWO)
    assert not codes(shared) and "final.mp4#2 (entry, stage_labels.csv, row 4)" in notes_of(shared)["stages_cut"]
    assert stages_of(broadcast, tmp_path) == {
        "final.mp4#1": [-1] * 2 + [2] * 8 + [3] * 5 + [-1] * 5,
        "final.mp4#2": [-1] * 10 + [3] * 10,
    }


@pytest.mark.parametrize(
    ("labels", "where", "code"),
    [
        ([("entry", 20, 25), ("entry", 55, 45)], 3, "not_in_order"),  # of its performance alone
        ([("entry", 20, 25), ("landing", 45, 55)], 3, "unknown_name"),
        ([("entry", 20, 25), ("landing", 32, 38)], 2, "unknown_name"),  # of none, and yet named
        ([("entry", 20, 25), ("entry", -9, -5)], 2, "not_in_order"),
        ([("final.mp4#1", "entry", 20, 25), ("final.mp4#2", "entry", 20, 25)], 3, "out_of_range"),
    ],
)
def test_wrong_stages_of_a_file_are_named_once(broadcast, labels, where, code):
    label(broadcast, *labels)
    source = source_of(broadcast, BY_FRAMES, *TWO)
    assert problem_codes(source) == [(f"manifest.csv, row {where}", code)]
    (problem,) = [problem for sample in source.samples for problem in sample.problems]
    assert "stage_labels.csv, row 3" in str(problem)


def test_a_performance_without_stages_is_named_and_a_single_one_has_its_part(broadcast, tmp_path):
    label(broadcast, ("noise", 0, 12), ("take-flight", 12, 20), ("entry", 20, 40))
    source = source_of(broadcast, BY_FRAMES, *TWO)
    assert not codes(source) and source.samples[1].segments is None
    note = notes_of(source)["some_unlabelled"]
    assert "final.mp4#2" in note and "final.mp4#1" not in note
    assert not codes(source_of(broadcast, BY_FRAMES, TWO[0]))
    assert stages_of(broadcast, tmp_path) == {"final.mp4": [0] * 2 + [2] * 8 + [3] * 10}


@pytest.mark.parametrize(
    ("of_table", "of_labels"), [("day1\\final.mp4", "day1/final.mp4"), ("day1/final.mp4", "./day1\\final.mp4")]
)
def test_stages_find_their_video_however_its_path_is_written(tmp_path, of_table, of_labels):
    """A table that was made on Windows, labels from a tool that was not."""
    label(tmp_path, (of_labels, "entry", 20, 25), (of_labels, "entry", 50, 55), ("Ann\\1", "entry", 3, 5))
    rows = (f",{of_table},63,10,30", f",{of_table},63,40,60", "Ann\\1,other.mp4,63,,")
    samples = source_of(tmp_path, "id,video,final,start_frame,end_frame", *rows).samples
    assert [sample.segments[0][:3] for sample in samples] == [("entry", 10, 15), ("entry", 10, 15), ("entry", 3, 5)]


def test_stages_of_one_video_under_two_spellings_are_all_its_own(tmp_path):
    label(tmp_path, ("a.mp4", "take-flight", 2, 5), ("./a.mp4", "entry", 4, 9))
    assert codes(source_of(tmp_path, "video,split,final", "a.mp4,train,63")) == ["not_in_order"]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([(20, 25), (50, 55), ("final.mp4#1", 20, 26)], ["labelled_twice"]),
        ([(20, 25), (50, 55), ("final.mp4#1", 20, 25)], []),  # the same twice
        ([(50, 55), ("final.mp4#1", 20, 25)], []),  # the file's are of the other performance
    ],
)
def test_other_stages_by_the_id_than_by_the_file_are_refused(broadcast, labels, found):
    """As `stages --existing=merge` may leave them: one of the two would be ignored."""
    rows = [("final.mp4", *each) if len(each) == 2 else each for each in labels]
    label(broadcast, *((name, "entry", start, end) for name, start, end in rows))
    assert codes(source_of(broadcast, BY_FRAMES, *TWO)) == found


def test_one_video_with_other_stages_by_its_id_is_refused(broadcast):
    label(broadcast, ("first", "entry", 20, 25), ("final.mp4", "entry", 20, 26))
    assert codes(source_of(broadcast, "id,video,split,final", "first,final.mp4,train,63")) == ["labelled_twice"]


def test_stages_outside_every_performance_are_named(broadcast):
    """The row of their performance may have been lost; noise belongs there, and all of a whole file is its own."""
    own = [("entry", 20, 25), ("entry", 50, 55), ("noise", 60, 80)]
    label(broadcast, *own, ("entry", 80, 90))
    note = notes_of(source_of(broadcast, BY_FRAMES, *TWO))["stages_outside"]
    assert "final.mp4 (entry, stage_labels.csv, row 5)" in note and "row 4" not in note
    assert "stages_outside" not in notes_of(source_of(broadcast, BY_FRAMES, "final.mp4,train,63,,"))
    label(broadcast, *own)
    assert "stages_outside" not in notes_of(source_of(broadcast, BY_FRAMES, *TWO))


def test_a_damaged_broadcast_is_reported_by_row(broadcast):
    (broadcast / "final.mp4").write_bytes(b"no video")
    source_of(broadcast, BY_FRAMES, TWO[0])
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
    result = forked(*command, f"--frame_height={HEIGHT}", f"--frame_width={WIDTH}")
    assert result.returncode == 0, result.stderr
    info = DatasetInfo.load(tmp_path / "records")
    expected = [(10, 30), (40, 60), (80, 100)]
    assert frame_indices(info) == {f"final.mp4#{n + 1}": list(range(*expected[n])) for n in range(3)}
    found = [(video["difficulty"], video["execution"], video["final"]) for video in info.videos.values()]
    assert found == [(3.2, 24.0, 76.8), (2.9, 19.5, 56.55), (3.0, 15.0, 45.0)]
    assert [video["group"] for video in info.videos.values()] == ["Jürgens", "Müller", "Weiß"]
    wrong = GERMAN.replace("7,5;8,0;8,5", "7,5;8,0;8,3", 1).replace("04,0;3,0", "04,8;3,0")
    (broadcast / "manifest.csv").write_text(wrong, encoding="utf-8")
    read = manifest.read(broadcast, sport="diving", columns=MEANINGS.split(","))
    assert problem_codes(read) == [("manifest.csv, row 2", "wrong_marks"), ("manifest.csv, row 4", "out_of_range")]
