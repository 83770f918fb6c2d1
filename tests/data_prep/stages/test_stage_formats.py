"""Stage labels of annotation tools: what each exports is read frame-exactly, what we export comes back unchanged."""

import json
import os
import random
import re
import zipfile
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from command_forks import forked
from conftest import bar_frame, write_bars, write_unlv_diving
from layouts import SPLITS, write_finediving

from data_prep.datasets.stage_labels import Segment, read_stage_csv, write_stage_csv
from data_prep.stages.formats import FORMATS, WRITABLE, read, recognise, xml_file
from data_prep.stages.formats.checking import checked_videos
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.media import file_name, video_name
from data_prep.stages.formats.timing import exact_rate, frame_at, milliseconds_of, varying
from data_prep.stages.formats.videos import VideoFacts, facts_reader
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


def facts_at(fps):
    """What is known of any video of `NUM_FRAMES` frames of 32×24."""
    return lambda video_id: VideoFacts(fps, None, NUM_FRAMES, (24, 32))


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
    for frame in [*range(2000), *range(999_000, 1_000_000)]:
        begin, end = 1000 * frame / fps, 1000 * (frame + 1) / fps
        exported = milliseconds_of(frame, fps)
        assert begin <= exported < end
        for milliseconds in (exported, int(begin), int(begin + 500 / fps - 1)):
            assert frame_at(Fraction(milliseconds, 1000), fps) == frame


@pytest.mark.parametrize(("stated", "expected"), [(30000 / 1001, "30000/1001"), (29.97, "2997/100"), (25.0, "25")])
def test_a_rate_is_the_fraction_that_it_stands_for(stated, expected):
    assert exact_rate(stated) == Fraction(expected)


def test_a_stage_may_reach_to_the_end(tmp_path):
    """In the table as an empty cell, in CVAT as a track that goes on; the other tools need the number of frames."""
    videos = [
        LabelledVideo("1", "f, row 1", (Segment("entry", 2, 5, "f, row 1"), Segment("noise", 5, None, "f, row 1")))
    ]
    write_stage_csv(tmp_path / "s.csv", {"1": videos[0].segments})
    assert (tmp_path / "s.csv").read_text().splitlines()[1:] == ["1,entry,2,5", "1,noise,5,"]
    assert [segment.end for segment in read_stage_csv(tmp_path / "s.csv")["1"]] == [5, None]
    facts_of = facts_at(Fraction(25))
    FORMATS["cvat"].write(tmp_path / "cvat", videos, DIVING, facts_of)
    assert plain(read_all(tmp_path / "cvat", facts_of)) == {"1": [("entry", 2, 5), ("noise", 5, NUM_FRAMES)]}
    shapes = ElementTree.parse(tmp_path / "cvat/1.xml").iterfind("track/box")
    assert [(shape.get("frame"), shape.get("outside")) for shape in shapes] == [("2", "0"), ("5", "1"), ("5", "0")]
    for name in ("elan", "label_studio"):
        with pytest.raises(InputError, match=r"f, row 1: expected an end frame.*--videos_dir.*noise \[5, end\)"):
            FORMATS[name].write(tmp_path / name, videos, DIVING, facts_of)
    assert plain(checked_videos(videos, DIVING, facts_of))["1"][1] == ("noise", 5, NUM_FRAMES)


def test_files_of_videos_never_share_a_name():
    ids = ["a/b", "a_b", "a%2Fb", "a\\b", "..", "/etc/passwd", "Größe.mp4"]
    names = [file_name(video_id) for video_id in ids]
    assert len(set(names)) == len(ids)
    assert not any(character in name for name in names for character in '/\\:*?"<>|')
    assert names[0] == "a%2Fb" and names[-1] == "Größe.mp4"


@pytest.mark.parametrize("name", ["cvat", "elan"])
def test_a_folder_that_is_there_is_left_alone(tmp_path, name):
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="--output: expected a new folder"):
        FORMATS[name].write(tmp_path, labelled(STAGES), DIVING, facts_at(Fraction(25)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


# === As the tools write them ===


def write_json(path, value):
    path.write_text(json.dumps(value))
    return path


def timeline(start, end, label="entry"):
    return {**REGION, "value": {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]}}


def task(*regions, video="/data/upload/3/1a2b3c4d-dive_1.mp4", **annotation):
    """A task as Label Studio exports it."""
    result = {"id": 7, "was_cancelled": False, "result": list(regions), **annotation}
    return {"id": 12, "data": {"video": video}, "annotations": [result], "predictions": []}


def test_label_studio_counts_frames_from_one_and_includes_the_last(tmp_path):
    """Frames 1 to 5 and 6, in the order that somebody drew them; a choice labels no time."""
    choice = {**REGION, "type": "choices", "value": {"choices": ["sharp"]}}
    path = write_json(tmp_path / "x", [task(timeline(6, 6), timeline(1, 5, "take-flight"), choice)])
    assert plain(read(path, facts_reader())) == {"dive_1.mp4": [("take-flight", 0, 5), ("entry", 5, 6)]}


def test_a_file_that_was_copied_for_another_video_is_refused(tmp_path):
    """Its id is still that of the video that it was written for; the name of the file may lack in the id."""
    for video_id, fits in (("first.mp4", True), ("a/first", True), ("second.mp4", False)):
        media = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/My Videos/first.mp4" MIME_TYPE="video/mp4"/>'
        known = f'<PROPERTY NAME="video_id">{video_id}</PROPERTY>'
        of_elan = write_elan(tmp_path / "copied.eaf", [("entry", 0, 400)], media=media, properties=known)
        copied = task(timeline(1, 5), video="/data/local-files/?d=videos/first.mp4")
        copied["data"]["video_id"] = video_id
        for path in (of_elan, write_json(tmp_path / "copied.json", [copied])):
            if fits:
                assert list(plain(read(path, facts_reader(fps=25)))) == [video_id]
            else:
                with pytest.raises(InputError, match=r"Received: second\.mp4 as its video_id, and the file first\.mp4"):
                    read(path, facts_reader(fps=25))


def test_label_studio_counts_the_seconds_of_audio(tmp_path):
    """The template that labels the sound of a video: 0.4 s at 25 frames/s is the begin of frame 10."""
    sound = {**REGION, "type": "labels", "value": {"start": 0.4, "end": 1.6133, "channel": 0, "labels": ["entry"]}}
    path = write_json(tmp_path / "x", [task(sound)])
    assert plain(read(path, facts_reader(fps=25))) == {"dive_1.mp4": [("entry", 10, 40)]}
    (video,) = read(path, facts_reader())
    assert "--fps: expected frames per second, or --videos_dir" in video.problems[0]


def test_label_studio_reads_corrections_and_not_the_suggestions_beside_them(tmp_path):
    FORMATS["label_studio"].write(tmp_path / "x", labelled(STAGES), DIVING, facts_reader())
    (first, second) = json.loads((tmp_path / "x").read_text())
    assert second["data"]["video"] == "/data/local-files/?d=2024%20%28final%29/dive%20%231%2C%20100%25.mp4"
    first["annotations"] = [{"id": 1, "result": [timeline(1, 9)]}, {"id": 2, "result": [], "was_cancelled": True}]
    second["annotations"] = []
    corrected, unlabelled = read(write_json(tmp_path / "y", [first, second]), facts_reader())
    assert plain([corrected]) == {"001": [("entry", 0, 9)]}
    assert unlabelled.problems[0].endswith(
        "expected one of its annotations. Received: none (skipped, or not labelled yet)"
    )


CVAT_BOX = '<box frame="{}" outside="{}" occluded="0" keyframe="1" xtl="0.00" ytl="0.00" xbr="32.00" ybr="24.00"/>'
CVAT_META = (
    "<task><size>12</size><start_frame>0</start_frame><stop_frame>11</stop_frame><source>001.avi</source></task>"
)


def write_cvat(path, *tracks, meta=CVAT_META):
    """A task as CVAT exports it: a shape for every frame, then an outside one, unless the video ends."""
    shapes = ["".join(CVAT_BOX.format(*shape) for shape in shapes) for _, shapes in tracks]
    elements = [f'<track id="{n}" label="{label}">{shapes[n]}</track>' for n, (label, _) in enumerate(tracks)]
    path.write_text(f"<?xml version='1.0'?><annotations><version>1.1</version><meta>{meta}</meta>{''.join(elements)}")
    with path.open("a") as file:
        file.write("</annotations>")
    return path


def test_cvat_tracks_are_stages_where_they_are_visible(tmp_path):
    entry = [(frame, 0) for frame in range(7, 12)]
    noise = [(0, 0), (1, 0), (2, 1), (5, 0), (6, 0), (7, 1)]
    path = write_cvat(tmp_path / "x", ("entry", entry), ("noise", noise))
    expected = [("noise", 0, 2), ("noise", 5, 7), ("entry", 7, 12)]
    assert plain(read(path, facts_reader())) == {"001.avi": expected}


@pytest.mark.parametrize("meta", [CVAT_META, CVAT_META.replace("<stop_frame>11</stop_frame>", "")])
def test_a_cvat_task_of_a_copy_at_another_rate_is_a_problem(tmp_path, meta):
    """Its frames are not those of the file; a container may lose or repeat one."""
    path = write_cvat(tmp_path / "x.xml", ("entry", [(7, 0), (9, 1)]), meta=meta)
    for num_frames, message in ((24, "of 001.avi, 24 frames. Received: 12, as of a copy"), (14, "14 frames")):
        (video,) = checked_videos(read(path, facts_reader()), DIVING, lambda _, n=num_frames: VideoFacts(num_frames=n))
        assert len(video.problems) == 1 and f"{path}: expected labels" in video.problems[0]
        assert message in video.problems[0]
    for num_frames in (11, 12, 13, None):
        (video,) = checked_videos(read(path, facts_reader()), DIVING, lambda _, n=num_frames: VideoFacts(num_frames=n))
        assert not video.problems
    path = write_cvat(tmp_path / "y.xml", ("entry", [(7, 0), (9, 1)]), meta="<task><source>001.avi</source></task>")
    (video,) = checked_videos(read(path, facts_reader()), DIVING, lambda _: VideoFacts(num_frames=24))
    assert not video.problems


@pytest.mark.parametrize("num_frames", [11, 12, 13, None])
def test_the_last_stage_of_cvat_reaches_to_the_last_frame_of_the_file(tmp_path, num_frames):
    """Of which CVAT may count one more or less than are decoded; without the file the task's own 12 are all."""
    path = write_cvat(tmp_path / "x.xml", ("entry", [(7, 0), (9, 1)]), ("noise", [(9, 0)]))
    videos = checked_videos(read(path, facts_reader()), DIVING, lambda _: VideoFacts(num_frames=num_frames))
    assert not videos[0].problems
    assert plain(videos) == {"001.avi": [("entry", 7, 9), ("noise", 9, num_frames or 12)]}


def test_a_stage_of_cvat_is_a_box_over_the_whole_frame(tmp_path):
    """Of 32 × 24."""
    FORMATS["cvat"].write(tmp_path / "x", labelled({"001": STAGES["001"]}), DIVING, facts_at(Fraction(25)))
    root = ElementTree.parse(tmp_path / "x/001.xml")
    boxes = {tuple(box.get(side) for side in ("xtl", "ytl", "xbr", "ybr")) for box in root.iterfind("track/box")}
    assert boxes == {("0", "0", "32", "24")}
    size = root.find("meta/task/original_size")
    assert (size.findtext("width"), size.findtext("height")) == ("32", "24")


def test_cvat_exports_are_read_from_their_zip(tmp_path):
    plain_file = write_cvat(tmp_path / "x", ("entry", [(7, 0), (9, 1)]))
    with zipfile.ZipFile(tmp_path / "task.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain_file, "annotations.xml")
    assert plain(read(tmp_path / "task.zip", facts_reader())) == {"001.avi": [("entry", 7, 9)]}
    whole = (tmp_path / "task.zip").read_bytes()
    for content in (whole[:60], whole.replace(b"annotations.xml", b"annotationz.xml")):
        (tmp_path / "task.zip").write_bytes(content)
        assert "expected XML without a DTD. Received" in raised(tmp_path / "task.zip")


def test_a_zip_that_unfolds_beyond_all_labels_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_file, "MAX_INFLATED_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.xml", "<annotations>" + " " * 10_000 + "</annotations>")
    assert "more than 1000 bytes" in raised(tmp_path / "bomb.zip")


def test_label_studio_is_told_where_a_video_lies_and_how_fast_it_is(tmp_path):
    """A storage of the videos' folder is served below the folder that holds it; without a rate it assumes 24."""
    path = tmp_path / "dives" / "2024" / "001.avi"
    facts = VideoFacts(Fraction(30000, 1001), path, 12, (24, 32))
    videos = labelled({"2024/001": STAGES["001"]})
    FORMATS["label_studio"].write(tmp_path / "x", videos, DIVING, lambda video_id: facts)
    (written,) = json.loads((tmp_path / "x").read_text())
    assert written["data"] == {
        "video": "/data/local-files/?d=dives/2024/001.avi",
        "video_id": "2024/001",
        "fps": pytest.approx(29.97003),
    }


@pytest.mark.parametrize("name", ["dive #1, 50%41.avi", "Sprünge 1.avi"])
def test_elan_takes_names_of_videos_as_they_are(tmp_path, name):
    facts = VideoFacts(Fraction(25), tmp_path / name, 12, (24, 32))
    FORMATS["elan"].write(tmp_path / "x", labelled({name: STAGES["001"]}), DIVING, lambda video_id: facts)
    (path,) = (tmp_path / "x").iterdir()
    medium = ElementTree.parse(path).find("HEADER/MEDIA_DESCRIPTOR")
    assert medium.get("MEDIA_URL") == f"file://{(tmp_path / name).resolve().as_posix()}"
    assert medium.get("RELATIVE_MEDIA_URL") == f"./{name}"
    header = path.read_text().replace("video_id", "other")  # a file that ELAN made has no such property
    path.write_text(header)
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


def test_another_reader_of_elan_reads_what_we_write(tmp_path):
    elan = pytest.importorskip("pympi.Elan", reason="pympi-ling reads ELAN's files independently; pip install '.[dev]'")
    FORMATS["elan"].write(tmp_path / "x", labelled({"001": STAGES["001"]}), DIVING, facts_at(Fraction(25)))
    document = elan.Eaf(str(tmp_path / "x/001.eaf"))
    found = [(value, start, end) for start, end, value in document.get_annotation_data_for_tier("stages")]
    assert found == [(stage, 40 * start, 40 * end) for stage, start, end in STAGES["001"]]
    assert ("video_id", "001") in document.get_properties()
    vocabulary = document.get_parameters_for_linguistic_type("stage")["CONTROLLED_VOCABULARY_REF"]
    entries = document.get_cv_entries(vocabulary).values()
    assert [values[0][0] for values, _ in entries] == list(DIVING.stages)


def test_we_read_what_another_writer_of_elan_writes(tmp_path):
    elan = pytest.importorskip(
        "pympi.Elan", reason="pympi-ling writes ELAN's files independently; pip install '.[dev]'"
    )
    document = elan.Eaf()
    document.add_linked_file("file:///videos/001.mp4")
    document.add_annotation("default", 40, 120, "entry")
    document.to_file(str(tmp_path / "x"))
    assert plain(read(tmp_path / "x", facts_reader(fps=25))) == {"001.mp4": [("entry", 1, 3)]}


def test_unlv_times_and_finediving_steps(tmp_path):
    (tmp_path / "x").write_text("2,4,5,7\n1, 1, 2, 3\n")
    times = [("pre-starting", 0, 2), ("take-flight", 2, 5), ("entry", 5, 7), ("noise", 7, None)]
    assert plain(read(tmp_path / "x", facts_reader()))["001"] == times
    folder = write_finediving(tmp_path / "finediving")
    ids = {f"Final{video}_{clip}" for pairs in SPLITS.values() for video, clip in pairs}
    assert plain(read(folder, facts_reader())) == {key: [("take-flight", 0, 9), ("entry", 9, 12)] for key in ids}


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
def test_videos_are_called_as_their_files(reference, name):
    assert video_name(reference, "x") == name


# === Videos whose frame rate varies ===

VARYING = [*(number / 60 for number in range(60)), *(1 + number / 15 for number in range(60))]  # seconds of 120 frames


@pytest.fixture
def varying_dir(tmp_path):
    """A folder with a video of 60 frames in its first second, and 15 in each of the next four."""
    (tmp_path / "videos").mkdir()
    for name, codec in (("1.mkv", "libx264"), ("2.mp4", "libx264")):
        with av.open(str(tmp_path / "videos" / name), "w") as container:
            stream = container.add_stream(codec, rate=30)
            stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
            stream.codec_context.time_base = Fraction(1, 600)
            for index, time in enumerate(VARYING):
                frame = av.VideoFrame.from_ndarray(bar_frame(index, (90, 90, 90)), format="rgb24")
                frame.pts, frame.time_base = round(600 * time), Fraction(1, 600)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return tmp_path / "videos"


@pytest.mark.parametrize("name", ["1.mkv", "2.mp4"])
def test_seconds_mean_the_frames_that_are_shown_then(tmp_path, varying_dir, name):
    """1 to 3 s are frames 60 to 90, where the mean rate, 24 frames/s, gives 24 and 72."""
    media = f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///v/{name}" MIME_TYPE="video/mp4"/>'
    path = write_elan(tmp_path / "x", [("take-flight", 1000, 3000), ("entry", 3000, 5000)], media=media)
    facts_of = facts_reader(varying_dir)
    found = checked_videos(read(path, facts_of), DIVING, facts_of)
    assert plain(found) == {name: [("take-flight", 60, 90), ("entry", 90, 120)]}
    sound = {**REGION, "type": "labels", "value": {"start": 1.0, "end": 3.0, "labels": ["entry"]}}
    path = write_json(tmp_path / "y", [task(sound, video=f"/data/upload/3/1a2b3c4d-{name}")])
    assert plain(read(path, facts_of)) == {name: [("entry", 60, 90)]}
    assert plain(read(path, facts_reader(varying_dir, fps=24))) == {name: [("entry", 24, 72)]}  # as somebody insists


@pytest.mark.parametrize("name", WRITABLE)
def test_stages_of_a_varying_rate_come_back_unchanged(tmp_path, varying_dir, name):
    """Label Studio's frames, which are even, lie within one of them."""
    stages = {"1.mkv": [("noise", 0, 20), ("take-flight", 20, 61), ("entry", 61, 93), ("noise", 93, 120)]}
    facts_of = facts_reader(varying_dir)
    FORMATS[name].write(tmp_path / "x", labelled(stages), DIVING, facts_of)
    found = plain(read_all(tmp_path / "x", facts_of))["1.mkv"]
    slack = 2 if name == "label_studio" else 0  # 30 frames/s for 60
    assert [stage for stage, *_ in found] == [stage for stage, *_ in stages["1.mkv"]]
    np.testing.assert_allclose([times for _, *times in found], [times for _, *times in stages["1.mkv"]], atol=slack)


def test_a_stage_that_label_studio_cannot_say_is_refused(tmp_path, varying_dir):
    """A frame of 60 a second is none of its own where the mean is 24: written, it would come back empty."""
    stages = {"1.mkv": [("noise", 0, 20), ("take-flight", 20, 21), ("entry", 21, 93)]}
    with pytest.raises(InputError, match=r"1\.mkv: expected stages of a frame .* Received: take-flight .* 20 to 20"):
        FORMATS["label_studio"].write(tmp_path / "x", labelled(stages), DIVING, facts_reader(varying_dir))
    assert not (tmp_path / "x").exists()


def test_frames_of_label_studio_are_times_where_the_rate_varies(tmp_path, varying_dir):
    """At 30 a second frames 31 to 90 are the seconds 1 to 3; at which rate they count must be stated."""
    exported = task(timeline(31, 90), video="/data/upload/3/1a2b3c4d-2.mp4")
    for rate, expected in ((30, [("entry", 60, 90)]), (24, [("entry", 63, 101)])):
        exported["data"]["fps"] = rate
        assert plain(read(write_json(tmp_path / "x", [exported]), facts_reader(varying_dir))) == {"2.mp4": expected}
    for rate, message in ((None, "expected fps in the task's data, for"), (0, "expected fps from 1 to 500")):
        exported["data"]["fps"] = rate
        (video,) = read(write_json(tmp_path / "x", [exported]), facts_reader(varying_dir))
        assert message in video.problems[0]


def test_frames_of_label_studio_at_another_rate_than_the_videos_are_times(tmp_path):
    """At 25 a second frames 51 to 75 are the seconds 2 to 3, of a video of 50 a second frames 100 to 149."""
    exported = task(timeline(51, 75), video="/data/upload/3/1a2b3c4d-2.mp4")
    for rate, expected in ((25, ("entry", 100, 150)), (50, ("entry", 50, 75))):
        exported["data"]["fps"] = rate
        path = write_json(tmp_path / "x", [exported])
        assert plain(read(path, lambda _: VideoFacts(Fraction(50), None, 200, (24, 32)))) == {"2.mp4": [expected]}
    for data in ({"fps": None}, {"fps": ""}, {}):
        path = write_json(tmp_path / "x", [{**exported, "data": {"video": "2.mp4", **data}}])
        assert plain(read(path, lambda _: VideoFacts(Fraction(50), None, 200))) == {"2.mp4": [("entry", 50, 75)]}


@pytest.mark.parametrize("rate", ["24", True, 1000, 0.5, float("nan"), [24]])
@pytest.mark.parametrize("facts_of", [facts_reader(), facts_at(Fraction(24))], ids=["alone", "beside the video"])
def test_a_frame_rate_that_is_none_is_a_problem_of_its_task(tmp_path, rate, facts_of):
    """Where no video tells another rate, frames would be taken as they are counted, and nothing would be told."""
    exported = task(timeline(25, 48))
    exported["data"]["fps"] = rate
    (video,) = read(write_json(tmp_path / "x", [exported]), facts_of)
    assert video.problems == (f"{tmp_path / 'x'}, task 12: expected fps from 1 to 500, a number. Received: {rate!r}",)
    assert video.frame_rate is None


def test_an_even_rate_is_told_from_one_that_varies():
    """Whole milliseconds, as Matroska has them, are no variation."""
    even = [round(1000 * number * 1001 / 30000) / 1000 for number in range(300)]
    assert varying(even, Fraction(30000, 1001)) is None and varying([0.0], Fraction(25)) is None
    assert varying([*even[:299], even[299] + 0.01], Fraction(30000, 1001))[0] == 0
    times = varying(VARYING, Fraction(24))
    assert times == tuple(map(Fraction, (Fraction(round(600 * time), 600) for time in VARYING)))
    assert frame_at(-0.5, Fraction(24), times) == -1  # before the video, which is refused
    assert [frame_at(second, Fraction(24), times) for second in (4.95, 5.0, 5.05)] == [119, 120, 121]
    for frame in range(121):
        assert frame_at(Fraction(milliseconds_of(frame, Fraction(24), times), 1000), Fraction(24), times) == frame


# === What is wrong is named ===


def raised(path, facts_of=None):
    """The message of a file that cannot be read."""
    with pytest.raises(InputError) as error:
        read(path, facts_of or facts_reader(fps=25))
    assert str(path) in str(error.value)
    return str(error.value)


def problems(path, facts_of=None):
    """The problems of a file's videos, one string."""
    facts_of = facts_of or facts_reader(fps=25)
    found = [problem for video in checked_videos(read(path, facts_of), DIVING, facts_of) for problem in video.problems]
    return "\n".join(found)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Received: a file that starts with ''"),
        (b"\x80\x02}q\x00.", "Received: a file that starts with"),
        (b"video,split\n1,train\n", "starts with 'video,split"),
        (b"<html><body/></html>", "starts with '<html>"),
        (b'[{"data": ', "expected JSON. Received: JSONDecodeError"),
        (b"[" * 50 + b"{", "expected JSON. Received"),
        (b"[{}]", "task 1: expected data, dict. Received: NoneType"),
        (b'[{"id": 5, "data": {"a": "x", "b": "y"}}]', "task 5: expected the video as data.video. Received: a, b"),
        (b'[{"data": {"video": "http://[x"}}]', "expected the URL of a video"),
        (b'[{"id": 5, "video": "x", "stages": []}]', "task 5: expected data"),
        (b"<annotations><version>1.1</version>", "expected XML without a DTD. Received: ParseError"),
        (b"<annotations/>", "expected a task exported as CVAT for video 1.1"),
        (b'<annotations><meta/><image id="0"/></annotations>', "expected a task exported as CVAT for video 1.1"),
        (b"<annotations><meta><project/></meta></annotations>", "expected a task exported as CVAT for video 1.1"),
        (b"<annotations><meta><task/></meta></annotations>", "expected the name of the video as meta/"),
        (b"<annotations><meta><job/></meta></annotations>", "expected a task exported as a whole"),
        (b"<ANNOTATION_DOCUMENT/>", "expected a HEADER, and times in milliseconds"),
        (
            b'<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="PAL-frames"/></ANNOTATION_DOCUMENT>',
            "expected a HEADER, and times in milliseconds",
        ),
        (b"<ANNOTATION_DOCUMENT><HEADER/></ANNOTATION_DOCUMENT>", "expected a MEDIA_DESCRIPTOR of the video"),
        (b"1,2,3,4\n5,6,x,8\n", "row 2: expected t0,t1,t2,t3"),
    ],
)
def test_files_that_are_wrong_as_a_whole(tmp_path, content, message):
    (tmp_path / "x").write_bytes(content)
    assert message in raised(tmp_path / "x")


def test_a_row_of_times_without_a_dive_is_named(tmp_path):
    (tmp_path / "x").write_text("1,2,3,4\n0,0,0,0\n")
    output = tmp_path / "stage_labels.csv"
    result = run(tmp_path / "x", f"--output={output}")
    assert result.returncode == 1 and "row 2: expected frames of take-flight and of entry" in result.stderr
    assert run(tmp_path / "x", f"--output={output}", "--on_error=skip").returncode == 0 and "001" in output.read_text()


def test_paths_that_hold_no_labels(tmp_path):
    assert "no such file" in raised(tmp_path / "none")
    assert "a folder without its annotations" in raised(tmp_path)


@pytest.mark.parametrize("root", ["annotations", "ANNOTATION_DOCUMENT"])
def test_entities_are_neither_expanded_nor_fetched(tmp_path, root):
    (tmp_path / "secret").write_text("secret")
    bomb = "".join(
        f'<!ENTITY {name} "{f"&{earlier};" * 10}">' for name, earlier in zip("bcdefgh", "abcdefg", strict=True)
    )
    for entities in (f'<!ENTITY a "lol">{bomb}', f'<!ENTITY h SYSTEM "{(tmp_path / "secret").as_uri()}">'):
        (tmp_path / "x").write_text(f"<!DOCTYPE {root} [{entities}]><{root}><meta>&h;</meta></{root}>")
        assert "expected XML without a DTD. Received: DTDForbidden" in raised(tmp_path / "x")


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ([timeline(1, 5), timeline(5, 9)], r"task 12, region r1: expected segments in order.*\[4, 9\) after frame 5"),
        ([timeline(5, 2)], r"region r1: expected segments in order, start ≤ end"),
        ([timeline(1, 5, "landing")], "region r1: expected a stage, one of noise, .*Received: 'landing'"),
        ([timeline(0, 5)], "region r1: expected frames, integers from 1. Received: 0 to 5"),
        ([timeline(1, 2.5)], "region r1: expected frames, integers from 1. Received: 1 to 2.5"),
        ([timeline(1, float("nan"))], "region r1: expected a number as end. Received: nan"),
        ([timeline(True, 5)], "region r1: expected a number as start. Received: True"),
        ([timeline(1, 10**400)], "region r1: expected a number as end"),
        ([timeline("1", 5)], "region r1: expected start, Real. Received: str"),
        ([{**timeline(1, 5), "value": {"ranges": [{"start": 1, "end": 2}]}}], "region r1: expected one label"),
        ([3], "region 1: expected value, dict"),
        ([], "task 12: expected stages of dive_1.mp4. Received: none"),
    ],
)
def test_label_studio_regions_that_are_wrong(tmp_path, regions, message):
    path = write_json(tmp_path / "x", [task(*regions)])
    assert re.search(message, problems(path))


def test_two_annotators_may_disagree(tmp_path):
    both = task(timeline(1, 5))
    both["annotations"] *= 2
    assert "expected one of its annotations. Received: 2, which may disagree" in problems(
        write_json(tmp_path / "x", both)
    )


def test_cvat_tracks_that_are_wrong(tmp_path):
    path = write_cvat(tmp_path / "x", ("entry", [(0, 0), (5, 1)]), ("noise", [(4, 0), (6, 1)]), ("splash", [(8, 0)]))
    found = problems(path).splitlines()
    assert len(found) == 2
    assert "track 1: expected segments in order" in found[0] and "noise [4, 6) after frame 5" in found[0]
    assert "track 2: expected a stage" in found[1]
    path.write_text(path.read_text().replace('frame="4"', 'frame="four"').replace(' label="splash"', ""))
    found = problems(path)
    assert "track 1: expected frame of box, int. Received: four" in found
    assert "track 2: expected label of track, str. Received: none" in found
    path.write_text(path.read_text().replace('outside="1"', 'outside="True"'))
    assert "track 0: expected outside of box, int. Received: True" in problems(path)
    path.write_text(path.read_text().replace("<stop_frame>11<", "<stop_frame>last<"))
    assert "expected stop_frame and size, integers. Received: last, 12" in raised(path)


def test_elan_annotations_that_are_wrong(tmp_path):
    path = write_elan(tmp_path / "x", [("entry", 0, 80), ("noise", 40, 120), ("", 200, 240), ("noise", 240, 280)])
    found = problems(path)
    assert "annotation a1: expected segments in order" in found
    assert "annotation a2: expected a stage" in found and "Received: ''" in found
    path.write_text(path.read_text().replace(' TIME_VALUE="240"', "", 1).replace('REF2="ts0b"', 'REF2="ts9"'))
    found = problems(path)
    assert "annotation a2: expected TIME_VALUE of TIME_SLOT, int. Received: none" in found
    assert "annotation a0: expected a TIME_SLOT ts9. Received: none" in found
    assert "--fps: expected frames per second" in problems(write_elan(path, [("entry", 0, 80)]), facts_reader())
    tier = ElementTree.fromstring(path.read_text()).find("TIER[@TIER_ID='Phases']")
    other = ElementTree.tostring(tier, "unicode").replace("Phases", "Remarks")
    assert "expected a tier called stages, or one tier only. Received: Phases, Remarks" in raised(
        write_elan(path, [("entry", 0, 80)], tiers=other)
    )


@pytest.mark.parametrize("video_id", ["", "..", "../x.mp4", "/etc/passwd", "a/../../b", "C:\\..\\x", "a\nb", "a\0b"])
def test_ids_that_lie_outside_the_folder_are_not_looked_up(tmp_path, video_id):
    for facts_of in (facts_reader(), facts_reader(tmp_path)):
        with pytest.raises(
            InputError, match=r"expected the name of a video(, which lies inside a folder| without '\\)"
        ):
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
    expected = (
        "expected a stage, one of",
        "expected segments in order",
        "expected stages within the video's 12 frames",
    )
    assert all(what in problem for what, problem in zip(expected, first.problems, strict=True))
    assert "002: expected a video file" in second.problems[0]
    (after,) = checked_videos(labelled({"001": [("noise", 0, None), ("entry", 5, 7)]}), DIVING, facts_of)
    assert "Received: entry [5, 7) after the end" in after.problems[0]
    twice = checked_videos([*good, *good], DIVING, facts_of)
    assert ["expected stages of 001 once. Received: in test, test" in video.problems[0] for video in twice] == [
        True
    ] * 2


@pytest.mark.parametrize("name", ["csv", "cvat", "elan", "label_studio"])
def test_damaged_files_are_errors_or_problems(tmp_path, name):
    """Cut short, bytes replaced, or stretches repeated: nothing but InputError is ever raised."""
    FORMATS[name].write(tmp_path / "sound", labelled({"001": STAGES["001"]}), DIVING, facts_at(Fraction(25)))
    (source,) = (tmp_path / "sound").iterdir() if (tmp_path / "sound").is_dir() else [tmp_path / "sound"]
    content, rng, path, refused = source.read_bytes(), random.Random(0), tmp_path / "mutant", 0
    facts_of = facts_at(Fraction(25))
    for _ in range(150):
        mutant = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            start = rng.randrange(len(mutant))
            mutant[start : start + rng.randint(0, 9)] = rng.choice(
                [b"", b"9", b"-1", b"e9", b'"', b"null", b"[", b"\xff"]
            )
        path.write_bytes(mutant)
        try:
            videos = checked_videos(FORMATS[name].read(path, facts_of), DIVING, facts_of)
            refused += any(video.problems for video in videos)
        except InputError:
            refused += 1
    assert refused > 20


# === Real files, and the command ===


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


def run(*arguments):
    """`python -m data_prep stages` with these arguments."""
    return forked("data_prep", "stages", *arguments)


def test_the_command_takes_labels_to_a_tool_and_back(tmp_path):
    """The times of UNLV's layout, corrected nowhere: out to CVAT and into the table that `build` reads."""
    source = write_unlv_diving(tmp_path / "unlv", 3, 1)
    videos = f"--videos_dir={source / 'diving_samples_len_ori'}"
    result = run(source / "jump_drop_water_label.txt", videos, "--to=cvat", f"--output={tmp_path / 'cvat'}")
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"Written to {tmp_path / 'cvat'}: 12 stages of 3 videos.\n"
    files = sorted((tmp_path / "cvat").iterdir())
    for file in files:  # as CVAT calls a video
        file.write_text(file.read_text().replace("</source>", ".avi</source>"))
    result = run(*files, videos, "--drop_suffix", f"--output={tmp_path / 'stage_labels.csv'}")
    assert result.returncode == 0, result.stderr
    found = read_stage_csv(tmp_path / "stage_labels.csv")
    assert list(found) == ["001", "002", "003"]
    spans = [("pre-starting", 0, 4), ("take-flight", 4, 14), ("entry", 14, 20), ("noise", 20, 26)]
    assert [tuple(segment)[:3] for segment in found["002"]] == spans


def test_predictions_that_nobody_has_corrected_are_named(tmp_path):
    (tmp_path / "suggested.csv").write_text("video_id,stage,start_frame,end_frame\n001,entry,3,9\n")
    written = run(tmp_path / "suggested.csv", "--to=label_studio", f"--output={tmp_path / 'tasks.json'}")
    assert not written.returncode and not written.stderr
    taken = run(tmp_path / "tasks.json", f"--output={tmp_path / 'stage_labels.csv'}")
    assert not taken.returncode and taken.stderr == "Predictions that nobody has corrected: 001.\n"


def test_a_stated_rate_that_cannot_be_held_against_the_video_is_told(tmp_path):
    """Tasks of 24 frames a second, Label Studio's own, of a video that has 30: where it is there, frames are times."""
    (tmp_path / "videos").mkdir()
    write_bars(tmp_path / "videos/001.mp4", 60, fps=30)
    (tmp_path / "suggested.csv").write_text("video_id,stage,start_frame,end_frame\n001,entry,24,48\n")
    assert not run(
        tmp_path / "suggested.csv", "--to=label_studio", "--fps=24", f"--output={tmp_path / 'tasks.json'}"
    ).returncode
    taken = run(tmp_path / "tasks.json", f"--output={tmp_path / 'taken.csv'}")
    told = "Frames are taken as they are counted; whether the videos have these frames/s, --videos_dir tells: 001 (24)."
    assert taken.returncode == 0 and told in taken.stderr.splitlines()
    read = run(tmp_path / "tasks.json", f"--output={tmp_path / 'read.csv'}", f"--videos_dir={tmp_path / 'videos'}")
    assert read.returncode == 0 and "--videos_dir tells" not in read.stderr
    spans = [read_stage_csv(tmp_path / f"{name}.csv")["001"][0][1:3] for name in ("taken", "read")]
    assert spans == [(24, 48), (30, 60)]


def test_the_command_lists_every_problem_and_writes_nothing(tmp_path):
    source, output = tmp_path / "times", tmp_path / "stage_labels.csv"
    source.write_text("1,2,3,4\n5,4,6,7\n9,8,7,6\n")
    result = run(source, f"--output={output}")
    assert result.returncode == 1 and not output.exists()
    assert "row 2: expected 0 ≤ t0" in result.stderr and "row 3: expected 0 ≤ t0" in result.stderr
    result = run(source, f"--output={output}", "--on_error=skip")
    assert result.returncode == 0 and "row 3: expected" in result.stderr and "Left out: 2 videos." in result.stderr
    assert list(read_stage_csv(output)) == ["001"]


def write_stages(path, *rows, columns="video_id,stage,start_frame,end_frame"):
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


def test_labels_that_are_there_are_not_overwritten(tmp_path):
    """The labels of a fourth video come home: those of the first three, typos and all, are still there."""
    table = write_stages(tmp_path / "stage_labels.csv", "001,entry,0,5", "002,entri,0,5", "003,entry,2,")
    before, new = table.read_text(), write_stages(tmp_path / "004.csv", "004,entry,0,7", "001,entry,1,5")
    result = run(new, f"--output={table}")
    assert result.returncode == 1 and table.read_text() == before
    assert f"expected a new file, or --existing=merge or --existing=replace. Received: {table}" in result.stderr
    result = run(new, f"--output={table}", "--existing=merge")
    assert result.returncode == 0 and "2 stages of 2 videos. Kept those of 2 others." in result.stdout
    assert table.read_text().splitlines()[1:] == ["001,entry,1,5", "002,entri,0,5", "003,entry,2,", "004,entry,0,7"]
    result = run(new, f"--output={table}", "--existing=replace")
    assert result.returncode == 0 and list(read_stage_csv(table)) == ["004", "001"]


def test_what_is_left_out_is_not_lost_with_its_only_file(tmp_path):
    """--on_error=skip with the table itself as its output: a row with a typo stays there, or nothing is written."""
    table = write_stages(tmp_path / "stage_labels.csv", "001,entry,0,5", "002,entri,0,5")
    before = table.read_text()
    result = run(table, f"--output={table}", "--on_error=skip", "--existing=replace")
    assert result.returncode == 1 and table.read_text() == before
    assert "expected another file than" in result.stderr and "which holds what is left out" in result.stderr
    result = run(table, f"--output={table}", "--on_error=skip", "--existing=merge")
    assert result.returncode == 0 and table.read_text() == before


def test_tables_that_nothing_can_be_merged_into(tmp_path):
    new = write_stages(tmp_path / "new.csv", "004,entry,0,7")
    for content, message in (
        ("video_id,stage,start_frame,end_frame,rater\n1,entry,0,5,Ann\n", "expected no columns but .* Received: rater"),
        ("video,split\n", "expected the columns video_id,stage"),
        ("video_id,stage,start_frame,end_frame\n001,entry,x,5\n", "row 2: expected integer frames"),
    ):
        (tmp_path / "stage_labels.csv").write_text(content)
        result = run(new, f"--output={tmp_path / 'stage_labels.csv'}", "--existing=merge")
        assert result.returncode == 1 and re.search(message, result.stderr), result.stderr
        assert (tmp_path / "stage_labels.csv").read_text() == content
    result = run(new, f"--output={tmp_path / 'new'}", "--existing=merge", "--to=label_studio")
    assert result.returncode == 1 and "--existing: expected merge with --to=csv alone" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Expected one or more files of stage labels. Received: none"),
        (("{0}/none",), "none: expected a file of stage labels. Received: no such file"),
        (("{0}/t", "--videos_dir={0}/none"), "--videos_dir: expected a folder"),
        (("{0}/t", "--to=cvat"), "--videos_dir: expected the folder of the videos, whose size"),
        (("{0}/t", "--to=elan", "--fps=0"), "fps"),
        (("{0}/t", "--from=elan"), "expected XML without a DTD"),
        (("{0}/t", "--output={0}"), "--output: expected a file"),
        (("{0}/t", "--output={0}/t/stage_labels.csv"), "--output: expected a place to write to"),
        (("{0}/t", "--frames_per_second=25"), "Unknown command line flag"),
    ],
)
def test_wrong_use_is_named(tmp_path, arguments, message):
    (tmp_path / "t").write_text("1,2,3,4\n")
    result = run(f"--output={tmp_path / 'out'}", *(argument.format(tmp_path) for argument in arguments))
    assert result.returncode == 1
    assert message in result.stderr and "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t"]
