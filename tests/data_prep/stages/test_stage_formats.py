"""Stage labels of annotation tools: what each exports is read to the frame, what we export comes back unchanged."""

import json
import os
import random
import zipfile
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from conftest import bar_frame, write_bars
from layouts import SPLITS, write_finediving
from refusals import codes, refused

from data_prep.datasets.stage_labels import Segment, read_stage_csv, write_stage_csv
from data_prep.stages.formats import FORMATS, WRITABLE, read, recognise
from data_prep.stages.formats.checking import checked_videos
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.media import file_name, video_name
from data_prep.stages.formats.videos import VideoFacts, exact_rate, facts_reader, varying
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError

DIVING = get_sport("diving")
RATES = {"25": Fraction(25), "29.97": Fraction(30000, 1001), "23.976": Fraction(24000, 1001), "240": Fraction(240)}
NUM_FRAMES = 100_000
STAGES = {
    "001": [("noise", 0, 3), ("pre-starting", 3, 7), ("take-flight", 7, 8), ("entry", 8, 13), ("noise", 13, 100)],
    "2024 (final)/dive #1, 100%.mp4": [
        ("take-flight", 33, 1001),
        ("entry", 29_970, 99_999),
        ("noise", 99_999, 100_000),
    ],
}
REGION = {"id": "r1", "from_name": "s", "to_name": "video", "type": "timelinelabels"}


def facts_at(fps, num_frames=NUM_FRAMES):
    """What is known of any video of 32×24."""
    return lambda video_id: VideoFacts(fps, None, num_frames, (24, 32))


def labelled(stages):
    """`LabelledVideo`s of {video id: (stage, start, end)}."""
    return [LabelledVideo(name, "test", tuple(Segment(*row, "test") for row in rows)) for name, rows in stages.items()]


def plain(videos):
    """{video id: [(stage, start, end)]} of videos without problems."""
    assert [video.problems for video in videos] == [()] * len(videos)
    return {video.video_id: [tuple(segment)[:3] for segment in video.segments] for video in videos}


def read_all(output, facts_of):
    """Reads what was exported, one file or a folder of them, each recognised by content."""
    paths = sorted(output.iterdir()) if output.is_dir() else [output]
    return [video for path in paths for video in read(path, facts_of)]


def problems(path, facts_of=None, code=None):
    """The problems of a file's videos, or those of a code."""
    facts_of = facts_of or facts_reader(fps=25)
    found = [problem for video in checked_videos(read(path, facts_of), DIVING, facts_of) for problem in video.problems]
    return [problem for problem in found if code in (None, problem.code)]


# === Round trips ===


@pytest.mark.parametrize("fps", RATES.values(), ids=RATES)
@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_exported_is_read_back_unchanged(tmp_path, name, fps):
    output = tmp_path / "named like nothing"
    FORMATS[name].write(output, labelled(STAGES), DIVING, facts_at(fps))
    for path in sorted(output.iterdir()) if output.is_dir() else [output]:
        assert recognise(path) == name
    assert plain(read_all(output, facts_at(fps))) == STAGES
    assert [path.name for path in tmp_path.iterdir()] == ["named like nothing"]


@pytest.mark.parametrize("fps", [*RATES.values(), Fraction(500), Fraction(1)])
def test_milliseconds_lie_inside_their_frame_and_mean_it(fps):
    """So do those that ELAN makes itself: the begin of the frame, cut to a whole millisecond, and its middle."""
    facts = VideoFacts(fps)
    for frame in [*range(500), *range(999_500, 1_000_000)]:
        begin, end = 1000 * frame / fps, 1000 * (frame + 1) / fps
        exported = facts.milliseconds_of(frame)
        assert begin <= exported < end
        for milliseconds in (exported, int(begin), int(begin + 500 / fps - 1)):
            assert facts.frame_at(Fraction(milliseconds, 1000)) == frame


@pytest.mark.parametrize(("stated", "expected"), [(30000 / 1001, "30000/1001"), (29.97, "2997/100"), (25.0, "25")])
def test_a_rate_is_the_fraction_that_it_stands_for(stated, expected):
    assert exact_rate(stated) == Fraction(expected)


def test_a_stage_may_reach_to_the_end(tmp_path):
    """In the table as an empty cell, in CVAT as a track that goes on; the other tools need the number of frames."""
    videos = labelled({"1": [("entry", 2, 5), ("noise", 5, None)]})
    write_stage_csv(tmp_path / "s.csv", {"1": videos[0].segments})
    assert (tmp_path / "s.csv").read_text().splitlines()[1:] == ["1,entry,2,5", "1,noise,5,"]
    assert [segment.end for segment in read_stage_csv(tmp_path / "s.csv")["1"]] == [5, None]
    facts_of = facts_at(Fraction(25))
    FORMATS["cvat"].write(tmp_path / "cvat", videos, DIVING, facts_of)
    assert plain(read_all(tmp_path / "cvat", facts_of)) == {"1": [("entry", 2, 5), ("noise", 5, NUM_FRAMES)]}
    shapes = ElementTree.parse(tmp_path / "cvat/1.xml").iterfind("track/box")
    assert [(shape.get("frame"), shape.get("outside")) for shape in shapes] == [("2", "0"), ("5", "1"), ("5", "0")]
    for name in ("elan", "label_studio"):
        with refused("missing_end", "noise", "--videos_dir"):
            FORMATS[name].write(tmp_path / name, videos, DIVING, facts_of)
    assert plain(checked_videos(videos, DIVING, facts_of))["1"][1] == ("noise", 5, NUM_FRAMES)


def test_files_of_videos_never_share_a_name():
    ids = ["a/b", "a_b", "a%2Fb", "a\\b", "..", "/etc/passwd", "Größe.mp4"]
    names = [file_name(video_id) for video_id in ids]
    assert len(set(names)) == len(ids) and names[0] == "a%2Fb" and names[-1] == "Größe.mp4"
    assert not any(character in name for name in names for character in '/\\:*?"<>|')


@pytest.mark.parametrize("name", ["cvat", "elan"])
def test_an_existing_folder_is_left_alone(tmp_path, name):
    (tmp_path / "mine").touch()
    with refused("exists", "--output"):
        FORMATS[name].write(tmp_path, labelled(STAGES), DIVING, facts_at(Fraction(25)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


# === Label Studio ===


def write_json(path, value):
    path.write_text(json.dumps(value))
    return path


def timeline(start, end, label="entry"):
    return {**REGION, "value": {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]}}


def task(*regions, video="/data/upload/3/1a2b3c4d-dive_1.mp4", **data):
    """A task as Label Studio exports it."""
    result = {"id": 7, "was_cancelled": False, "result": list(regions)}
    return {"id": 12, "data": {"video": video, **data}, "annotations": [result], "predictions": []}


def sound(start, end):
    """A region of the template that labels the sound of a video."""
    return {**REGION, "type": "labels", "value": {"start": start, "end": end, "channel": 0, "labels": ["entry"]}}


def test_label_studio_counts_frames_from_one_and_includes_the_last(tmp_path):
    """Frames 1 to 5 and 6, in the order that somebody drew them; a choice labels no time."""
    choice = {**REGION, "type": "choices", "value": {"choices": ["sharp"]}}
    path = write_json(tmp_path / "x", [task(timeline(6, 6), timeline(1, 5, "take-flight"), choice)])
    assert plain(read(path, facts_reader())) == {"dive_1.mp4": [("take-flight", 0, 5), ("entry", 5, 6)]}


def test_label_studio_counts_the_seconds_of_audio(tmp_path):
    """0.4 s at 25 frames/s is the begin of frame 10."""
    path = write_json(tmp_path / "x", [task(sound(0.4, 1.6133))])
    assert plain(read(path, facts_reader(fps=25))) == {"dive_1.mp4": [("entry", 10, 40)]}
    assert codes(problems(path, facts_reader())) == ["missing_flag"]


def test_label_studio_reads_corrections_and_not_the_suggestions_beside_them(tmp_path):
    FORMATS["label_studio"].write(tmp_path / "x", labelled(STAGES), DIVING, facts_reader())
    (first, second) = json.loads((tmp_path / "x").read_text())
    assert second["data"]["video"] == "/data/local-files/?d=2024%20%28final%29/dive%20%231%2C%20100%25.mp4"
    first["annotations"] = [{"id": 1, "result": [timeline(1, 9)]}, {"id": 2, "result": [], "was_cancelled": True}]
    second["annotations"] = []
    corrected, unlabelled = read(write_json(tmp_path / "y", [first, second]), facts_reader())
    assert plain([corrected]) == {"001": [("entry", 0, 9)]}
    assert codes(unlabelled.problems) == ["not_labelled"]


def test_two_annotators_may_disagree(tmp_path):
    both = task(timeline(1, 5))
    both["annotations"] *= 2
    assert codes(problems(write_json(tmp_path / "x", both)))[0] == "ambiguous_labels"


def test_label_studio_is_told_where_a_video_lies_and_how_fast_it_is(tmp_path):
    """A storage of the videos' folder is served below the folder that holds it; without a rate it assumes 24."""
    facts = VideoFacts(Fraction(30000, 1001), tmp_path / "dives/2024/001.avi", 12, (24, 32))
    FORMATS["label_studio"].write(tmp_path / "x", labelled({"2024/001": STAGES["001"]}), DIVING, lambda _: facts)
    (written,) = json.loads((tmp_path / "x").read_text())
    assert written["data"] == {
        "video": "/data/local-files/?d=dives/2024/001.avi",
        "video_id": "2024/001",
        "fps": pytest.approx(29.97003),
    }


def test_frames_of_label_studio_at_another_rate_than_the_videos_are_times(tmp_path):
    """At 25 a second frames 51 to 75 are the seconds 2 to 3, of a video of 50 a second frames 100 to 149."""
    facts_of = facts_at(Fraction(50))
    counted, times = ("entry", 50, 75), ("entry", 100, 150)
    for data, expected in (
        ({"fps": 25}, times),
        ({"fps": 50}, counted),
        ({"fps": None}, counted),
        ({"fps": ""}, counted),
    ):
        path = write_json(tmp_path / "x", [task(timeline(51, 75), **data)])
        assert plain(read(path, facts_of)) == {"dive_1.mp4": [expected]}


@pytest.mark.parametrize("rate", ["24", True, 1000, 0.5, float("nan"), [24]])
@pytest.mark.parametrize("facts_of", [facts_reader(), facts_at(Fraction(24))], ids=["alone", "beside the video"])
def test_a_wrong_frame_rate_is_a_problem_of_its_task(tmp_path, rate, facts_of):
    (video,) = read(write_json(tmp_path / "x", [task(timeline(25, 48), fps=rate)]), facts_of)
    assert codes(video.problems) == ["out_of_range"] and "task 12" in video.problems[0] and video.frame_rate is None


@pytest.mark.parametrize(
    ("regions", "code", "where"),
    [
        ([timeline(1, 5), timeline(5, 9)], "not_in_order", "task 12, region r1"),
        ([timeline(5, 2)], "not_in_order", "region r1"),
        ([timeline(1, 5, "landing")], "unknown_name", "landing"),
        ([timeline(0, 5)], "wrong_value", "0 to 5"),
        ([timeline(1, 2.5)], "wrong_value", "1 to 2.5"),
        ([timeline(1, float("nan"))], "wrong_value", "end"),
        ([timeline(True, 5)], "wrong_value", "start"),
        ([timeline(1, 10**400)], "wrong_value", "end"),
        ([timeline("1", 5)], "wrong_value", "start"),
        ([{**timeline(1, 5), "value": {"ranges": [{"start": 1, "end": 2}]}}], "wrong_value", "region r1"),
        ([3], "missing_key", "region 1: value"),
        ([], "no_stages", "dive_1.mp4"),
    ],
)
def test_wrong_regions_of_label_studio(tmp_path, regions, code, where):
    found = problems(write_json(tmp_path / "x", [task(*regions)]), code=code)
    assert found and where in found[0]


def test_a_file_that_was_copied_for_another_video_is_refused(tmp_path):
    """Its id is still that of the video that it was written for; the id may lack the suffix of the file."""
    for video_id, fits in (("first.mp4", True), ("a/first", True), ("second.mp4", False)):
        media = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/My Videos/first.mp4" MIME_TYPE="video/mp4"/>'
        known = f'<PROPERTY NAME="video_id">{video_id}</PROPERTY>'
        elan = write_elan(tmp_path / "copied.eaf", [("entry", 0, 400)], media=media, properties=known)
        copied = task(timeline(1, 5), video="/data/local-files/?d=videos/first.mp4", video_id=video_id)
        for path in (elan, write_json(tmp_path / "copied.json", [copied])):
            if fits:
                assert list(plain(read(path, facts_reader(fps=25)))) == [video_id]
            else:
                with refused("other_video", "first.mp4", "second.mp4"):
                    read(path, facts_reader(fps=25))


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("/data/local-files/?d=dives%2F2024/dive%201.mp4", "dive 1.mp4"),
        ("/data/upload/3/1a2b3c4d-dive-1.mp4", "dive-1.mp4"),
        ("https://host/a/1a2b3c4d-dive.mp4?X-Amz-Signature=abc", "1a2b3c4d-dive.mp4"),
        ("s3://bucket/a/dive%201.mp4", "dive 1.mp4"),
        ("C:\\videos\\dive #1, 100%.mp4", "dive #1, 100%.mp4"),
        ("../../videos/001.avi", "001.avi"),
    ],
)
def test_videos_are_named_as_their_files(reference, name):
    assert video_name(reference, "x") == name


# === CVAT ===

CVAT_BOX = '<box frame="{}" outside="{}" occluded="0" keyframe="1" xtl="0.00" ytl="0.00" xbr="32.00" ybr="24.00"/>'
CVAT_META = (
    "<task><size>12</size><start_frame>0</start_frame><stop_frame>11</stop_frame><source>001.avi</source></task>"
)


def write_cvat(path, *tracks, meta=CVAT_META):
    """A task as CVAT exports it: a shape for every frame, then an outside one, unless the video ends."""
    shapes = ["".join(CVAT_BOX.format(*shape) for shape in shapes) for _, shapes in tracks]
    elements = [f'<track id="{n}" label="{label}">{shapes[n]}</track>' for n, (label, _) in enumerate(tracks)]
    head = f"<?xml version='1.0'?><annotations><version>1.1</version><meta>{meta}</meta>"
    path.write_text(f"{head}{''.join(elements)}</annotations>")
    return path


def test_cvat_tracks_are_stages_while_they_are_visible(tmp_path):
    entry = [(frame, 0) for frame in range(7, 12)]
    noise = [(0, 0), (1, 0), (2, 1), (5, 0), (6, 0), (7, 1)]
    path = write_cvat(tmp_path / "x", ("entry", entry), ("noise", noise))
    expected = [("noise", 0, 2), ("noise", 5, 7), ("entry", 7, 12)]
    assert plain(read(path, facts_reader())) == {"001.avi": expected}


@pytest.mark.parametrize(
    ("meta", "wrong", "right"),
    [
        (CVAT_META, (24, 14), (11, 12, 13, None)),
        (CVAT_META.replace("<stop_frame>11</stop_frame>", ""), (24, 14), (11, 12, 13, None)),
        ("<task><source>001.avi</source></task>", (), (24,)),
    ],
)
def test_a_cvat_task_of_a_copy_at_another_rate_is_a_problem(tmp_path, meta, wrong, right):
    """Its frames are not those of the file; a container may lose or repeat one."""
    path = write_cvat(tmp_path / "x.xml", ("entry", [(7, 0), (9, 1)]), meta=meta)
    for number in (*wrong, *right):
        found = problems(path, facts_at(None, number))
        assert codes(found) == ["count_mismatch"] * (number in wrong)
        assert all(str(path) in problem and str(number) in problem for problem in found)


@pytest.mark.parametrize("num_frames", [11, 12, 13, None])
def test_the_last_stage_of_cvat_reaches_to_the_last_frame_of_the_file(tmp_path, num_frames):
    """CVAT may count one more or less than are decoded; without the file the task's own 12 are all."""
    path = write_cvat(tmp_path / "x.xml", ("entry", [(7, 0), (9, 1)]), ("noise", [(9, 0)]))
    videos = checked_videos(read(path, facts_reader()), DIVING, facts_at(None, num_frames))
    assert plain(videos) == {"001.avi": [("entry", 7, 9), ("noise", 9, num_frames or 12)]}


def test_a_stage_of_cvat_is_a_box_over_the_whole_frame(tmp_path):
    FORMATS["cvat"].write(tmp_path / "x", labelled({"001": STAGES["001"]}), DIVING, facts_at(Fraction(25)))
    root = ElementTree.parse(tmp_path / "x/001.xml")
    boxes = {tuple(box.get(side) for side in ("xtl", "ytl", "xbr", "ybr")) for box in root.iterfind("track/box")}
    assert boxes == {("0", "0", "32", "24")}
    size = root.find("meta/task/original_size")
    assert (size.findtext("width"), size.findtext("height")) == ("32", "24")


def test_cvat_exports_are_read_from_their_zip(tmp_path):
    plain_file, zipped = write_cvat(tmp_path / "x", ("entry", [(7, 0), (9, 1)])), tmp_path / "task.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain_file, "annotations.xml")
    assert plain(read(zipped, facts_reader())) == {"001.avi": [("entry", 7, 9)]}
    whole = zipped.read_bytes()
    for content in (whole[:60], whole.replace(b"annotations.xml", b"annotationz.xml")):
        zipped.write_bytes(content)
        with refused("damaged_xml", zipped):
            read(zipped, facts_reader())


def test_a_zip_that_unfolds_beyond_all_labels_is_refused(tmp_path):
    """2²⁸ bytes of spaces are 260 KB in a ZIP."""
    zipped = zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED)
    with zipped, zipped.open("annotations.xml", "w") as file:
        for _ in range(17):
            file.write(bytes(2**24))
    with refused("damaged_xml", tmp_path / "bomb.zip", str(2**28)):
        read(tmp_path / "bomb.zip", facts_reader())


def test_wrong_tracks_of_cvat(tmp_path):
    path = write_cvat(tmp_path / "x", ("entry", [(0, 0), (5, 1)]), ("noise", [(4, 0), (6, 1)]), ("splash", [(8, 0)]))
    found = problems(path)
    assert codes(found) == ["not_in_order", "unknown_name"] and "track 1" in found[0] and "track 2" in found[1]
    path.write_text(path.read_text().replace('frame="4"', 'frame="four"').replace(' label="splash"', ""))
    found = problems(path)
    assert codes(found) == ["wrong_value", "missing_key"] and "four" in found[0] and "label" in found[1]
    path.write_text(path.read_text().replace('outside="1"', 'outside="True"'))
    assert "True" in problems(path, code="wrong_value")[0]
    path.write_text(path.read_text().replace("<stop_frame>11<", "<stop_frame>last<"))
    with refused("wrong_value", path, "last"):
        read(path, facts_reader())


# === ELAN ===


@pytest.mark.parametrize("name", ["dive #1, 50%41.avi", "Sprünge 1.avi"])
def test_elan_takes_names_of_videos_as_they_are(tmp_path, name):
    facts = VideoFacts(Fraction(25), tmp_path / name, 12, (24, 32))
    FORMATS["elan"].write(tmp_path / "x", labelled({name: STAGES["001"]}), DIVING, lambda video_id: facts)
    (path,) = (tmp_path / "x").iterdir()
    medium = ElementTree.parse(path).find("HEADER/MEDIA_DESCRIPTOR")
    assert medium.get("MEDIA_URL") == f"file://{(tmp_path / name).resolve().as_posix()}"
    assert medium.get("RELATIVE_MEDIA_URL") == f"./{name}"
    path.write_text(path.read_text().replace("video_id", "other"))  # a file that ELAN made has no such property
    assert [video.video_id for video in read(path, facts_reader(fps=25))] == [name]


def write_elan(path, values, tiers="", media="", properties=""):
    """A file as ELAN saves it, (label, start, end) in milliseconds on the tier `Phases`, beside an empty one."""
    media = media or '<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/My Videos/dive #1.mp4" MIME_TYPE="video/mp4"/>'
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{n}{side}" TIME_VALUE="{time}"/>'
        for n, (_, *times) in enumerate(values)
        for side, time in zip("ab", times, strict=True)
    )
    annotations = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{n}" TIME_SLOT_REF1="ts{n}a" TIME_SLOT_REF2="ts{n}b">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        for n, (value, *_) in enumerate(values)
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT AUTHOR="" DATE="" FORMAT="3.0" VERSION="3.0">'
        f'<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">{media}{properties}</HEADER><TIME_ORDER>{slots}</TIME_ORDER>'
        f'<TIER TIER_ID="default"/><TIER TIER_ID="Phases">{annotations}</TIER>{tiers}</ANNOTATION_DOCUMENT>'
    )
    return path


def test_elan_times_become_frames(tmp_path):
    """At 29.97 frames/s frames 3 and 30 begin at 100.1 and 1001 ms; ELAN cuts the first of them to 100."""
    path = write_elan(tmp_path / "x", [("entry", 100, 1001), ("take-flight", 0, 100)])
    expected = {"dive #1.mp4": [("take-flight", 0, 3), ("entry", 3, 30)]}
    assert plain(read(path, facts_reader(fps=29.97))) == expected


def test_elan_media_may_begin_before_the_annotations(tmp_path):
    media = (
        '<MEDIA_DESCRIPTOR MEDIA_URL="file:///sound.wav" MIME_TYPE="audio/x-wav"/>'
        '<MEDIA_DESCRIPTOR MEDIA_URL="file:///v/1.mp4" MIME_TYPE="video/mp4" TIME_ORIGIN="400"/>'
    )
    path = write_elan(tmp_path / "x", [("entry", 0, 80)], media=media)
    assert plain(read(path, facts_reader(fps=25))) == {"1.mp4": [("entry", 10, 12)]}


def test_another_reader_and_writer_of_elan(tmp_path):
    """pympi-ling reads what we write, and we read what it writes."""
    elan = pytest.importorskip("pympi.Elan", reason="pympi-ling is missing; pip install '.[dev]'")
    FORMATS["elan"].write(tmp_path / "x", labelled({"001": STAGES["001"]}), DIVING, facts_at(Fraction(25)))
    document = elan.Eaf(str(tmp_path / "x/001.eaf"))
    found = [(value, start, end) for start, end, value in document.get_annotation_data_for_tier("stages")]
    assert found == [(stage, 40 * start, 40 * end) for stage, start, end in STAGES["001"]]
    assert ("video_id", "001") in document.get_properties()
    vocabulary = document.get_parameters_for_linguistic_type("stage")["CONTROLLED_VOCABULARY_REF"]
    entries = document.get_cv_entries(vocabulary).values()
    assert [values[0][0] for values, _ in entries] == list(DIVING.stages)
    document = elan.Eaf()
    document.add_linked_file("file:///videos/001.mp4")
    document.add_annotation("default", 40, 120, "entry")
    document.to_file(str(tmp_path / "y"))
    assert plain(read(tmp_path / "y", facts_reader(fps=25))) == {"001.mp4": [("entry", 1, 3)]}


def test_wrong_annotations_of_elan(tmp_path):
    path = write_elan(tmp_path / "x", [("entry", 0, 80), ("noise", 40, 120), ("", 200, 240), ("noise", 240, 280)])
    found = problems(path)
    assert codes(found) == ["not_in_order", "unknown_name"] and "a1" in found[0] and "a2" in found[1]
    path.write_text(path.read_text().replace(' TIME_VALUE="240"', "", 1).replace('REF2="ts0b"', 'REF2="ts9"'))
    found = problems(path, code="missing_key")
    assert len(found) == 2 and "ts9" in found[0] and "TIME_VALUE" in found[1]
    assert codes(problems(write_elan(path, [("entry", 0, 80)]), facts_reader())) == ["missing_flag"]
    tier = ElementTree.fromstring(path.read_text()).find("TIER[@TIER_ID='Phases']")
    other = ElementTree.tostring(tier, "unicode").replace("Phases", "Remarks")
    with refused("ambiguous_tiers", path, "Phases, Remarks"):
        read(write_elan(path, [("entry", 0, 80)], tiers=other), facts_reader())


# === Other tables ===


def test_unlv_times_and_finediving_steps(tmp_path):
    (tmp_path / "x").write_text("2,4,5,7\n1, 1, 2, 3\n0,0,0,0\n4,3,5,6\n")
    videos = read(tmp_path / "x", facts_reader())
    times = [("pre-starting", 0, 2), ("take-flight", 2, 5), ("entry", 5, 7), ("noise", 7, None)]
    assert plain(videos[:2])["001"] == times
    assert [codes(video.problems) for video in videos[2:]] == [["no_stages"], ["not_in_order"]]
    folder = write_finediving(tmp_path / "finediving")
    ids = {f"Final{video}_{clip}" for pairs in SPLITS.values() for video, clip in pairs}
    assert plain(read(folder, facts_reader())) == {key: [("take-flight", 0, 9), ("entry", 9, 12)] for key in ids}


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
def test_the_real_times_of_unlv_diving():
    """370 rows, of which 32 and 95 go back in time."""
    path = Path(os.environ["SCORINGNET_REAL_DATA"], "unlv_diving/jump_drop_water_label.txt")
    facts_of = facts_reader()
    videos = checked_videos(read(path, facts_of), DIVING, facts_of)
    assert len(videos) == 370
    assert [video.video_id for video in videos if video.problems] == ["032", "095"]
    times = np.loadtxt(path, delimiter=",", dtype=int)
    for video in videos:
        if not video.problems:
            t0, _, t2, t3 = times[int(video.video_id) - 1]
            spans = [("pre-starting", 0, t0), ("take-flight", t0, t2), ("entry", t2, t3), ("noise", t3, None)]
            assert [tuple(segment)[:3] for segment in video.segments] == [span for span in spans if span[1] != span[2]]


# === Videos whose frame rate varies ===

VARYING = [*(number / 60 for number in range(60)), *(1 + number / 15 for number in range(60))]  # seconds of 120 frames


@pytest.fixture(scope="module")
def varying_dir(tmp_path_factory):
    """A folder with videos of 60 frames in the first second, and 15 in each of the next four."""
    folder = tmp_path_factory.mktemp("varying")
    for name in ("1.mkv", "2.mp4"):
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
            stream.codec_context.time_base = Fraction(1, 600)
            for index, time in enumerate(VARYING):
                frame = av.VideoFrame.from_ndarray(bar_frame(index, (90, 90, 90)), format="rgb24")
                frame.pts, frame.time_base = round(600 * time), Fraction(1, 600)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return folder


@pytest.mark.parametrize("name", ["1.mkv", "2.mp4"])
def test_seconds_mean_the_frames_that_are_shown_then(tmp_path, varying_dir, name):
    """1 to 3 s are frames 60 to 90; at the mean rate, 24 frames/s, they would be 24 to 72."""
    media = f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///v/{name}" MIME_TYPE="video/mp4"/>'
    path = write_elan(tmp_path / "x", [("take-flight", 1000, 3000), ("entry", 3000, 5000)], media=media)
    facts_of = facts_reader(varying_dir)
    assert plain(read(path, facts_of)) == {name: [("take-flight", 60, 90), ("entry", 90, 120)]}
    path = write_json(tmp_path / "y", [task(sound(1.0, 3.0), video=f"/data/upload/3/1a2b3c4d-{name}")])
    assert plain(read(path, facts_of)) == {name: [("entry", 60, 90)]}
    assert plain(read(path, facts_reader(varying_dir, fps=24))) == {name: [("entry", 24, 72)]}  # if somebody insists


@pytest.mark.parametrize("name", WRITABLE)
def test_stages_of_a_varying_rate_come_back_unchanged(tmp_path, varying_dir, name):
    """Label Studio's frames, which are even, lie within one of them; a stage shorter than those is refused."""
    stages = {"1.mkv": [("noise", 0, 20), ("take-flight", 20, 61), ("entry", 61, 93), ("noise", 93, 120)]}
    facts_of = facts_reader(varying_dir)
    FORMATS[name].write(tmp_path / "x", labelled(stages), DIVING, facts_of)
    found = plain(read_all(tmp_path / "x", facts_of))["1.mkv"]
    slack = 2 if name == "label_studio" else 0  # 30 frames/s for 60
    assert [stage for stage, *_ in found] == [stage for stage, *_ in stages["1.mkv"]]
    np.testing.assert_allclose([times for _, *times in found], [times for _, *times in stages["1.mkv"]], atol=slack)
    if name == "label_studio":
        with refused("stage_too_short", "1.mkv", "take-flight"):
            FORMATS[name].write(tmp_path / "y", labelled({"1.mkv": [("take-flight", 20, 21)]}), DIVING, facts_of)
        assert not (tmp_path / "y").exists()


def test_frames_of_label_studio_are_times_if_the_rate_varies(tmp_path, varying_dir):
    """At 30 a second frames 31 to 90 are the seconds 1 to 3; the rate at which they count must be stated."""
    for rate, expected in ((30, [("entry", 60, 90)]), (24, [("entry", 63, 101)]), (None, "missing_key")):
        exported = task(timeline(31, 90), video="/data/upload/3/1a2b3c4d-2.mp4", fps=rate)
        (video,) = read(write_json(tmp_path / "x", [exported]), facts_reader(varying_dir))
        assert codes(video.problems) == [expected] if rate is None else plain([video]) == {"2.mp4": expected}


def test_an_even_rate_is_told_from_one_that_varies():
    """Whole milliseconds, as Matroska has them, are no variation."""
    even = [round(1000 * number * 1001 / 30000) / 1000 for number in range(300)]
    assert varying(even, Fraction(30000, 1001)) is None and varying([0.0], Fraction(25)) is None
    assert varying([*even[:299], even[299] + 0.01], Fraction(30000, 1001))[0] == 0
    times = varying(VARYING, Fraction(24))
    assert times == tuple(Fraction(round(600 * time), 600) for time in VARYING)
    facts = VideoFacts(Fraction(24), timestamps=times)
    assert facts.frame_at(-0.5) == -1  # before the video, which is refused
    assert [facts.frame_at(second) for second in (4.95, 5.0, 5.05)] == [119, 120, 121]
    for frame in range(121):
        assert facts.frame_at(Fraction(facts.milliseconds_of(frame), 1000)) == frame


# === What is wrong as a whole, or with its video ===


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "wrong_format"),
        (b"\x80\x02}q\x00.", "wrong_format"),
        (b"video,split\n1,train\n", "wrong_format"),
        (b"<html><body/></html>", "wrong_format"),
        (b'[{"data": ', "damaged_json"),
        (b"[" * 50 + b"{", "damaged_json"),
        (b"[{}]", "missing_key"),
        (b'[{"id": 5, "data": {"a": "x", "b": "y"}}]', "missing_key"),
        (b'[{"data": {"video": "http://[x"}}]', "wrong_value"),
        (b'[{"id": 5, "video": "x", "stages": []}]', "missing_key"),
        (b"<annotations><version>1.1</version>", "damaged_xml"),
        (b"<annotations/>", "wrong_format"),
        (b'<annotations><meta/><image id="0"/></annotations>', "wrong_format"),
        (b"<annotations><meta><project/></meta></annotations>", "wrong_format"),
        (b"<annotations><meta><task/></meta></annotations>", "missing_key"),
        (b"<annotations><meta><job/></meta></annotations>", "wrong_format"),
        (b"<ANNOTATION_DOCUMENT/>", "wrong_format"),
        (b'<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="PAL-frames"/></ANNOTATION_DOCUMENT>', "wrong_format"),
        (b"<ANNOTATION_DOCUMENT><HEADER/></ANNOTATION_DOCUMENT>", "missing_key"),
    ],
)
def test_files_that_are_wrong_as_a_whole(tmp_path, content, code):
    (tmp_path / "x").write_bytes(content)
    with refused(code, tmp_path / "x"):
        read(tmp_path / "x", facts_reader(fps=25))


def test_paths_that_hold_no_labels(tmp_path):
    with refused("not_found", tmp_path / "none"):
        read(tmp_path / "none", facts_reader())
    with refused("wrong_format", tmp_path):
        read(tmp_path, facts_reader())


@pytest.mark.parametrize("root", ["annotations", "ANNOTATION_DOCUMENT"])
def test_entities_are_neither_expanded_nor_fetched(tmp_path, root):
    (tmp_path / "secret").write_text("secret")
    names = zip("bcdefgh", "abcdefg", strict=True)
    bomb = "".join(f'<!ENTITY {name} "{f"&{earlier};" * 10}">' for name, earlier in names)
    for entities in (f'<!ENTITY a "lol">{bomb}', f'<!ENTITY h SYSTEM "{(tmp_path / "secret").as_uri()}">'):
        (tmp_path / "x").write_text(f"<!DOCTYPE {root} [{entities}]><{root}><meta>&h;</meta></{root}>")
        with refused("damaged_xml", tmp_path / "x"):
            read(tmp_path / "x", facts_reader())


@pytest.mark.parametrize("video_id", ["", "..", "../x.mp4", "/etc/passwd", "a/../../b", "C:\\..\\x", "a\nb", "a\0b"])
def test_ids_that_lie_outside_the_folder_are_not_looked_up(tmp_path, video_id):
    for facts_of in (facts_reader(), facts_reader(tmp_path)):
        with refused("outside_folder"):
            facts_of(video_id)


def test_names_may_hold_the_spaces_of_any_script(tmp_path):
    name = "飛込　予選 3.45.12\u202fPM.mp4"
    write_bars(tmp_path / name, 12, fps=30)
    assert facts_reader(tmp_path)(name).num_frames == 12


def test_stages_are_held_against_the_video(tmp_path):
    write_bars(tmp_path / "001.mp4", 12, fps=30)
    facts_of = facts_reader(tmp_path)
    assert facts_of("001") == facts_of("001.mp4") == VideoFacts(30, tmp_path / "001.mp4", 12, (48, 64))
    good = labelled({"001": [("noise", 0, 0), ("entry", 2, 5), ("noise", 5, None)]})
    assert plain(checked_videos(good, DIVING, facts_of)) == {"001": [("entry", 2, 5), ("noise", 5, 12)]}
    bad = labelled({"001": [("splash", 2, 5), ("noise", 4, 13)], "002": [("entry", 0, 1)]})
    first, second = checked_videos(bad, DIVING, facts_of)
    assert codes(first.problems) == ["unknown_name", "not_in_order", "out_of_range"]
    assert len(second.problems) == 1 and "002" in second.problems[0]
    (after,) = checked_videos(labelled({"001": [("noise", 0, None), ("entry", 5, 7)]}), DIVING, facts_of)
    assert codes(after.problems) == ["not_in_order"]
    twice = checked_videos([*good, *good], DIVING, facts_of)
    assert [codes(video.problems) for video in twice] == [["duplicate"]] * 2


@pytest.mark.parametrize("name", ["csv", "cvat", "elan", "label_studio"])
def test_damaged_files_are_errors_or_problems(tmp_path, name):
    """Cut short, bytes replaced, or stretches repeated: nothing but InputError is ever raised."""
    FORMATS[name].write(tmp_path / "sound", labelled({"001": STAGES["001"]}), DIVING, facts_at(Fraction(25)))
    (source,) = (tmp_path / "sound").iterdir() if (tmp_path / "sound").is_dir() else [tmp_path / "sound"]
    content, rng, path, num_refused = source.read_bytes(), random.Random(0), tmp_path / "mutant", 0
    facts_of, replacements = facts_at(Fraction(25)), [b"", b"9", b"-1", b"e9", b'"', b"null", b"[", b"\xff"]
    for _ in range(150):
        mutant = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            start = rng.randrange(len(mutant))
            mutant[start : start + rng.randint(0, 9)] = rng.choice(replacements)
        path.write_bytes(mutant)
        try:
            videos = checked_videos(FORMATS[name].read(path, facts_of), DIVING, facts_of)
            num_refused += any(video.problems for video in videos)
        except InputError:
            num_refused += 1
    assert num_refused > 20
