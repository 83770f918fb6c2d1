"""Stage labels of annotation tools: what each exports is read to the frame, what we export comes back unchanged."""

import os
import random
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from conftest import bar_frame, write_bars
from layouts import SPLITS, write_finediving
from refusals import codes, refused
from stage_files import (
    DIVING,
    NUM_FRAMES,
    STAGES,
    facts_at,
    labelled,
    plain,
    read_all,
    sound,
    task,
    timeline,
    write_elan,
    write_json,
)

from data_prep.datasets.stage_labels import read_stage_csv, write_stage_csv
from data_prep.stages.formats import FORMATS, WRITABLE, read, recognise
from data_prep.stages.formats.checking import checked_videos
from data_prep.stages.formats.media import file_name
from data_prep.stages.formats.videos import VideoFacts, exact_rate, facts_reader, varying
from scoringnet_tf.support.errors import InputError

RATES = {"25": Fraction(25), "29.97": Fraction(30000, 1001), "23.976": Fraction(24000, 1001), "240": Fraction(240)}


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
