"""Stage labels of annotation tools: what each exports is read to the frame, what we export comes back unchanged."""

import json
import math
from fractions import Fraction

import av
import numpy as np
import pytest
from conftest import bar_frame, write_bars
from refusals import codes, refused

from data_prep.datasets.stage_labels import Segment
from data_prep.stages.formats import FORMATS, WRITABLE, read, recognise
from data_prep.stages.formats.label_studio import video_name
from data_prep.stages.formats.videos import LabelledVideo, VideoFacts, checked_videos, facts_reader, varying
from scoringnet_tf.sports import get_sport

RATES = {"25": Fraction(25), "29.97": Fraction(30000, 1001), "23.976": Fraction(24000, 1001), "240": Fraction(240)}


# === Round trips ===


@pytest.mark.parametrize("fps", RATES.values(), ids=RATES)
@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_exported_is_read_back_unchanged(tmp_path, name, fps):
    output = tmp_path / "named like nothing"
    FORMATS[name].write(output, labelled(STAGES), facts_at(fps))
    assert recognise(output) == name
    assert plain(read(output, facts_at(fps))) == STAGES
    assert [path.name for path in tmp_path.iterdir()] == ["named like nothing"]


@pytest.mark.parametrize("fps", [*RATES.values(), Fraction(500), Fraction(1)])
def test_milliseconds_mean_their_frame(fps):
    """The begin of a frame, cut to a whole millisecond, the millisecond after it, and the middle of the frame."""
    facts = VideoFacts(fps)
    for frame in [*range(500), *range(999_500, 1_000_000)]:
        begin = 1000 * frame / fps
        for milliseconds in (int(begin), math.ceil(begin), int(begin + 500 / fps - 1)):
            assert facts.frame_at(Fraction(milliseconds, 1000)) == frame


def test_a_stage_without_an_end_is_refused(tmp_path):
    videos = labelled({"1": [("entry", 2, 5), ("noise", 5, None)]})
    with refused("missing_end", "noise", "--videos_dir"):
        FORMATS["label_studio"].write(tmp_path / "x", videos, facts_at(Fraction(25)))


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
    exported = task(timeline(26, 75, "take-flight"), timeline(76, 125), video=f"/v/{name}", fps=25)
    path = write_json(tmp_path / "x", [exported])
    facts_of = facts_reader(varying_dir)
    assert plain(read(path, facts_of)) == {name: [("take-flight", 60, 90), ("entry", 90, 120)]}
    faster = facts_reader(varying_dir, fps=24)  # if somebody insists
    assert plain(read(path, faster)) == {name: [("take-flight", 24, 72), ("entry", 72, 120)]}


@pytest.mark.parametrize("name", WRITABLE)
def test_stages_of_a_varying_rate_come_back_unchanged(tmp_path, varying_dir, name):
    """Label Studio's frames, which are even, lie within one of them; a stage shorter than those is refused."""
    stages = {"1.mkv": [("noise", 0, 20), ("take-flight", 20, 61), ("entry", 61, 93), ("noise", 93, 120)]}
    facts_of = facts_reader(varying_dir)
    FORMATS[name].write(tmp_path / "x", labelled(stages), facts_of)
    found = plain(read(tmp_path / "x", facts_of))["1.mkv"]
    slack = 2 if name == "label_studio" else 0  # 30 frames/s for 60
    assert [stage for stage, *_ in found] == [stage for stage, *_ in stages["1.mkv"]]
    np.testing.assert_allclose([times for _, *times in found], [times for _, *times in stages["1.mkv"]], atol=slack)
    if name == "label_studio":
        with refused("stage_too_short", "1.mkv", "take-flight"):
            FORMATS[name].write(tmp_path / "y", labelled({"1.mkv": [("take-flight", 20, 21)]}), facts_of)
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
        assert facts.frame_at(Fraction(math.ceil(1000 * facts.begin_of(frame)), 1000)) == frame


# === What is wrong as a whole, or with its video ===


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "wrong_format"),
        (b"video,split\n1,train\n", "wrong_format"),
        (b'[{"data": ', "damaged_json"),
        (b"[" * 50 + b"{", "damaged_json"),
        (b"[{}]", "missing_key"),
        (b'[{"id": 5, "data": {"a": "x", "b": "y"}}]', "missing_key"),
        (b'[{"data": {"video": "http://[x"}}]', "wrong_value"),
    ],
)
def test_files_that_are_wrong_as_a_whole(tmp_path, content, code):
    (tmp_path / "x").write_bytes(content)
    with refused(code, tmp_path / "x"):
        read(tmp_path / "x", facts_reader(fps=25))


@pytest.mark.parametrize("video_id", ["", "..", "../x.mp4", "/etc/passwd", "a/../../b", "C:\\..\\x", "a\nb", "a\0b"])
def test_ids_that_lie_outside_the_folder_are_not_looked_up(tmp_path, video_id):
    for facts_of in (facts_reader(), facts_reader(tmp_path)):
        with refused("outside_folder"):
            facts_of(video_id)


def test_stages_are_held_against_the_video(tmp_path):
    write_bars(tmp_path / "001.mp4", 12, fps=30)
    facts_of = facts_reader(tmp_path)
    assert facts_of("001") == facts_of("001.mp4") == VideoFacts(30, tmp_path / "001.mp4", 12)
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


DIVING = get_sport("diving")
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
    """What is known of any video."""
    return lambda video_id: VideoFacts(fps, None, num_frames)


def labelled(stages):
    """`LabelledVideo`s of {video id: (stage, start, end)}."""
    return [LabelledVideo(name, "test", tuple(Segment(*row, "test") for row in rows)) for name, rows in stages.items()]


def plain(videos):
    """{video id: [(stage, start, end)]} of videos without problems."""
    assert [video.problems for video in videos] == [()] * len(videos)
    return {video.video_id: [tuple(segment)[:3] for segment in video.segments] for video in videos}


def problems(path, facts_of=None, code=None):
    """The problems of a file's videos, or those of a code."""
    facts_of = facts_of or facts_reader(fps=25)
    found = [problem for video in checked_videos(read(path, facts_of), DIVING, facts_of) for problem in video.problems]
    return [problem for problem in found if code in (None, problem.code)]


def write_json(path, value):
    path.write_text(json.dumps(value))
    return path


def timeline(start, end, label="entry"):
    return {**REGION, "value": {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]}}


def task(*regions, video="/data/upload/3/1a2b3c4d-dive_1.mp4", **data):
    """A task as Label Studio exports it."""
    result = {"id": 7, "was_cancelled": False, "result": list(regions)}
    return {"id": 12, "data": {"video": video, **data}, "annotations": [result], "predictions": []}


def test_label_studio_counts_frames_from_one_and_includes_the_last(tmp_path):
    """Frames 1 to 5 and 6, in the order that somebody drew them; a choice labels no time."""
    choice = {**REGION, "type": "choices", "value": {"choices": ["sharp"]}}
    path = write_json(tmp_path / "x", [task(timeline(6, 6), timeline(1, 5, "take-flight"), choice)])
    assert plain(read(path, facts_reader())) == {"dive_1.mp4": [("take-flight", 0, 5), ("entry", 5, 6)]}


def test_label_studio_reads_corrections_and_not_the_suggestions_beside_them(tmp_path):
    FORMATS["label_studio"].write(tmp_path / "x", labelled(STAGES), facts_reader())
    (first, second) = json.loads((tmp_path / "x").read_text())
    assert second["data"]["video"] == "/data/local-files/?d=2024%20%28final%29/dive%20%231%2C%20100%25.mp4"
    first["annotations"] = [{"id": 1, "result": [timeline(1, 9)]}, {"id": 2, "result": [], "was_cancelled": True}]
    second["annotations"] = []
    corrected, unlabelled = read(write_json(tmp_path / "y", [first, second]), facts_reader())
    assert plain([corrected]) == {"001": [("entry", 0, 9)]}
    assert codes(unlabelled.problems) == ["not_labelled"]
    both = task(timeline(1, 5))
    both["annotations"] *= 2  # two annotators may disagree
    assert codes(problems(write_json(tmp_path / "z", both)))[0] == "ambiguous_labels"


def test_label_studio_is_told_where_a_video_lies_and_how_fast_it_is(tmp_path):
    """A storage of the videos' folder is served below the folder that holds it; without a rate it assumes 24."""
    facts = VideoFacts(Fraction(30000, 1001), tmp_path / "dives/2024/001.avi", 12)
    FORMATS["label_studio"].write(tmp_path / "x", labelled({"2024/001": STAGES["001"]}), lambda _: facts)
    (written,) = json.loads((tmp_path / "x").read_text())
    expected = {"video": "/data/local-files/?d=dives/2024/001.avi", "video_id": "2024/001"}
    assert written["data"] == {**expected, "fps": pytest.approx(29.97003)}


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


@pytest.mark.parametrize("rate", ["24", True, 1000, 0.5, float("nan")])
def test_a_wrong_frame_rate_is_a_problem_of_its_task(tmp_path, rate):
    facts_of = facts_at(Fraction(24))
    (video,) = read(write_json(tmp_path / "x", [task(timeline(25, 48), fps=rate)]), facts_of)
    assert codes(video.problems) == ["out_of_range"] and "task 12" in video.problems[0] and video.frame_rate is None


@pytest.mark.parametrize(
    ("regions", "code", "where"),
    [
        ([timeline(1, 5), timeline(5, 9)], "not_in_order", "task 12, region r1"),
        ([timeline(5, 2)], "not_in_order", "region r1"),
        ([timeline(1, 5, "landing")], "unknown_name", "landing"),
        ([timeline(0, 5)], "wrong_value", "0 to 5"),
        ([timeline(1, float("nan"))], "wrong_value", "end"),
        ([{**timeline(1, 5), "value": {"ranges": [{"start": 1, "end": 2}]}}], "wrong_value", "region r1"),
        ([3], "missing_key", "region 1: value"),
        ([], "no_stages", "dive_1.mp4"),
    ],
)
def test_wrong_regions_of_label_studio(tmp_path, regions, code, where):
    found = problems(write_json(tmp_path / "x", [task(*regions)]), code=code)
    assert found and where in found[0]


@pytest.mark.parametrize("video_id", ["first.mp4", "a/first", "second.mp4"])
def test_a_file_that_was_copied_for_another_video_is_refused(tmp_path, video_id):
    """Its id is still that of the video that it was written for; the id may lack the suffix of the file."""
    copied = task(timeline(1, 5), video="/data/local-files/?d=videos/first.mp4", video_id=video_id)
    path = write_json(tmp_path / "copied.json", [copied])
    if "first" in video_id:
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
