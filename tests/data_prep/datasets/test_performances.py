"""Several performances in one file: each becomes a record of its own, of those frames and no others."""

import pytest
from command_forks import forked
from conftest import HEIGHT, WIDTH, write_bars, write_images
from layouts import notes_of, problem_codes, write_table
from refusals import refused
from test_published import build, frame_indices

from data_prep.datasets import manifest
from data_prep.records.building import BuildSettings
from data_prep.records.checks import SampleChecks
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
    found = [problem for _, each in SampleChecks(source_of(folder, header, *rows), folder).known() for problem in each]
    return [(p.where.rpartition(" ")[2], p.what.rpartition(" ")[2].rstrip(".")) for p in found if p.code == "overlap"]


@pytest.mark.parametrize(
    ("cells", "groups"),
    [((), ["final.mp4"] * 2), (("a", "a"), ["a", "a"]), (("a", ""), ["a", None]), (("", ""), ["final.mp4"] * 2)],
)
def test_performances_of_one_file_are_a_group_unless_a_column_says_otherwise(broadcast, cells, groups):
    """They share the hall and the camera; but beside athletes a broadcast would pass for one."""
    rows = ("final.mp4,63,10,30", "final.mp4,63,40,61")
    rows = [f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)] if cells else rows
    source = source_of(broadcast, "video,final,start_frame,end_frame" + ",group" * bool(cells), *rows)
    assert [sample.group for sample in source.samples] == groups


FRAMES_OF_THREE = [(10, 30), (40, 61), (80, 100)]


@pytest.mark.parametrize(
    ("header", "stretches"),
    [
        ("start_frame,end_frame", ("10,30", "40,61", "80,")),
        ("start_time,end_time", ("0.4,1.2", "1.6,2.44", "3.2,4")),
        ("start_time,end_time", ("00:00.4,0:01.2", "0:00:01.600,00:00:02.440", "0:03.2,")),
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
    repeated = [p for _, found in SampleChecks(source, broadcast).known() for p in found if "Ann" in p.what]
    assert len(repeated) == (2 if len(set(expected)) < len(expected) else 0)


@pytest.mark.parametrize(
    ("header", "stretch", "code"),
    [
        (BY_FRAMES, "90,101", "out_of_range"),
        (BY_FRAMES, "-1,30", "out_of_range"),
        (BY_FRAMES, "100,", "out_of_range"),
        (BY_FRAMES, ",30", "missing_value"),
        (BY_FRAMES, "1.5,30", "not_an_integer"),
        (BY_TIMES, "0:02,0:01", "out_of_range"),
        (BY_TIMES, "nan,1", "out_of_range"),
        (BY_TIMES, "one,2", "not_a_number"),
    ],
)
def test_frames_outside_the_file_are_refused_by_row(broadcast, header, stretch, code):
    source = source_of(broadcast, header, "final.mp4,train,63,0,1", f"final.mp4,train,63,{stretch}")
    assert problem_codes(source) == [("manifest.csv, row 3", code)]


def test_frames_and_times_are_not_mixed(broadcast):
    with refused("wrong_columns", "manifest.csv", "end_time, start_frame"):
        source_of(broadcast, "video,split,final,start_frame,end_time", "final.mp4,train,63,10,0:01")


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


@pytest.mark.parametrize(
    ("wrong", "options", "built"),
    [
        ("60", {"on_inconsistent": "drop"}, "final.mp4#2"),
        ("60", {"on_inconsistent": "keep", "on_error": "skip"}, "final.mp4#1"),
        ("999", {"on_error": "skip"}, "final.mp4#2"),
    ],
)
def test_a_row_that_is_left_out_takes_no_frames_from_its_corrected_second(broadcast, tmp_path, wrong, options, built):
    header = "video,split,start_frame,end_frame,difficulty,execution,final"
    source_of(broadcast, header, f"final.mp4,train,0,50,3.0,21,{wrong}", "final.mp4,train,0,50,3.0,21,63")
    with refused("bad_rows", "row 2"):
        build("manifest", broadcast, tmp_path / "records", FULL_SIZE, sport="diving")
    settings = BuildSettings((HEIGHT, WIDTH), **options)
    assert [*build("manifest", broadcast, tmp_path / "records", settings, sport="diving").videos] == [built]


def test_a_file_that_has_changed_is_read_anew(broadcast):
    assert not codes(source_of(broadcast, BY_FRAMES, "final.mp4,train,63,90,100"))
    write_bars(broadcast / "final.mp4", 50, codec="libx264")
    assert codes(source_of(broadcast, BY_FRAMES, "final.mp4,train,63,90,100")) == ["out_of_range"]


def test_a_stretch_of_images_is_in_frames(tmp_path):
    write_images(tmp_path / "dive", 20)
    source = source_of(tmp_path, BY_FRAMES, "dive,train,63,5,9")
    assert source.samples[0].frames == (5, 9) and not codes(source)
    assert codes(source_of(tmp_path, BY_TIMES, "dive,train,63,0.2,0.4")) == ["wrong_columns"]
    write_images(tmp_path / "later", 20, first=5)
    assert codes(source_of(tmp_path, BY_FRAMES, "later,train,63,5,9")) == ["unreadable"]


STAGES = "pre-starting,take-flight,entry"


# === Stages ===


def stages_of(folder, tmp_path):
    """{id: stages that the records hold, in runs}."""
    info = build("manifest", folder, tmp_path / "records", FULL_SIZE, sport="diving")
    records = [record for split in info.splits for _, record in read_records(info, split)]
    return {record["example/id"].decode(): record["stage/index"].tolist() for record in records}


def label(folder, *labels):
    """Writes `stage_labels.csv` with these rows (number of the performance, stage, start, end)."""
    rows = [(f"final.mp4#{number}", *row) for number, *row in labels]
    write_table(folder / "stage_labels.csv", ("video_id", "stage", "start_frame", "end_frame"), rows)


def test_boundaries_count_frames_of_the_file(broadcast, tmp_path):
    header = f"{BY_FRAMES},{STAGES},end"
    rows = (f"{TWO[0]},12,15,20,25", f"{TWO[1]},42,44,50,55")
    assert not codes(source_of(broadcast, header, *rows))
    assert stages_of(broadcast, tmp_path) == {
        "final.mp4#1": [0] * 2 + [1] * 3 + [2] * 5 + [3] * 5 + [0] * 5,
        "final.mp4#2": [0] * 2 + [1] * 2 + [2] * 6 + [3] * 5 + [0] * 5,
    }
    outside = source_of(broadcast, header, rows[0], f"{TWO[1]},2,5,10,15")
    assert problem_codes(outside) == [("manifest.csv, row 3", "out_of_range")]


def test_stage_labels_count_frames_of_the_file(broadcast, tmp_path):
    label(broadcast, (1, "take-flight", 12, 20), (1, "entry", 20, 25))
    source = source_of(broadcast, BY_FRAMES, *TWO)
    assert not codes(source) and source.samples[1].segments is None
    note = notes_of(source)["some_unlabelled"]
    assert "final.mp4#2" in note and "final.mp4#1" not in note
    assert stages_of(broadcast, tmp_path)["final.mp4#1"] == [-1] * 2 + [2] * 8 + [3] * 5 + [-1] * 5


@pytest.mark.parametrize(
    ("label_of_second", "code"),
    [(("entry", 55, 45), "not_in_order"), (("landing", 45, 55), "unknown_name"), (("entry", 20, 25), "out_of_range")],
)
def test_wrong_stages_are_a_problem_of_their_performance(broadcast, label_of_second, code):
    label(broadcast, (1, "entry", 20, 25), (2, *label_of_second))
    source = source_of(broadcast, BY_FRAMES, *TWO)
    assert problem_codes(source) == [("manifest.csv, row 3", code)]
    assert "stage_labels.csv, row 3" in str(source.samples[1].problems[0])


GERMAN = """\
Wettkampf;group;video;start_time;end_time;difficulty;final;split
Turm;Jürgens;final.mp4;00:00:00,4;00:00:01,2;3,2;76,80;train
Turm;Müller;final.mp4;00:00:01,6;00:00:02,4;2,9;56,55;train
Turm;Weiß;final.mp4;00:00:03,2;00:00:04,0;3,0;45,00;test
"""


def test_results_as_a_federation_publishes_them_become_records_with_one_command(broadcast, tmp_path):
    (broadcast / "manifest.csv").write_text(GERMAN, encoding="utf-8")
    command = ["data_prep", "build", "--dataset=manifest", "--sport=diving", "--workers=1"]
    command += [f"--source_dir={broadcast}", f"--output_dir={tmp_path / 'records'}"]
    result = forked(*command, f"--frame_height={HEIGHT}", f"--frame_width={WIDTH}")
    assert result.returncode == 0, result.stderr
    info = DatasetInfo.load(tmp_path / "records")
    expected = [(10, 30), (40, 60), (80, 100)]
    assert frame_indices(info) == {f"final.mp4#{n + 1}": list(range(*expected[n])) for n in range(3)}
    found = [(video["difficulty"], video["execution"], video["final"]) for video in info.videos.values()]
    assert found == [(3.2, 24.0, 76.8), (2.9, 19.5, 56.55), (3.0, 15.0, 45.0)]
    assert [video["group"] for video in info.videos.values()] == ["Jürgens", "Müller", "Weiß"]
