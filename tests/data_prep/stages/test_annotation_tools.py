"""Stage labels of Label Studio and ELAN are read to the frame as these write them."""

import json
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from refusals import codes, refused
from stage_files import (
    DIVING,
    REGION,
    STAGES,
    facts_at,
    labelled,
    plain,
    problems,
    task,
    timeline,
    write_elan,
    write_json,
)

from data_prep.stages.formats import FORMATS, read
from data_prep.stages.formats.label_studio import video_name
from data_prep.stages.formats.videos import VideoFacts, facts_reader

# === Label Studio ===


def test_label_studio_counts_frames_from_one_and_includes_the_last(tmp_path):
    """Frames 1 to 5 and 6, in the order that somebody drew them; a choice labels no time."""
    choice = {**REGION, "type": "choices", "value": {"choices": ["sharp"]}}
    path = write_json(tmp_path / "x", [task(timeline(6, 6), timeline(1, 5, "take-flight"), choice)])
    assert plain(read(path, facts_reader())) == {"dive_1.mp4": [("take-flight", 0, 5), ("entry", 5, 6)]}


def test_label_studio_reads_corrections_and_not_the_suggestions_beside_them(tmp_path):
    FORMATS["label_studio"].write(tmp_path / "x", labelled(STAGES), DIVING, facts_reader())
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
    FORMATS["label_studio"].write(tmp_path / "x", labelled({"2024/001": STAGES["001"]}), DIVING, lambda _: facts)
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


# === ELAN ===


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
