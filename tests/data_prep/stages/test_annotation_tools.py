"""Stage labels of Label Studio are read to the frame as it writes them."""

import json
from fractions import Fraction

import pytest
from refusals import codes, refused
from stage_files import (
    REGION,
    STAGES,
    facts_at,
    labelled,
    plain,
    problems,
    task,
    timeline,
    write_json,
)

from data_prep.stages.formats import FORMATS, read
from data_prep.stages.formats.label_studio import video_name
from data_prep.stages.formats.videos import VideoFacts, facts_reader


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
        ([timeline("1", 5)], "wrong_value", "start"),
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
