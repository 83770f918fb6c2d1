"""What a command line means by its arguments, and what becomes of those that mean no video."""

import functools
import http.server
import io
import os
import pathlib
import shutil
import threading
import types

import cv2
import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars, write_images, write_streams
from PIL import Image

from scoringnet_tf.data import video_files
from scoringnet_tf.data.video import Clip, VideoError, frame_times
from scoringnet_tf.inference.inputs import local_video, named_videos, scored, stretch
from scoringnet_tf.support.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Videos at two depths, a folder of frames, and what is none."""
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ("in/b.mp4", "in/a.AVI", "in/deep/c.webp", "in/notes.txt", "[odd].mp4"):
        (tmp_path / name).touch()
    write_images(tmp_path / "in/frames", 2)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names_of(arguments, **options):
    return [path for path, error in named_videos(arguments, **options) if error is None]


EVERY = ["in/a.AVI", "in/b.mp4", "in/deep/c.webp", "in/frames"]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("in/b.mp4", ["in/b.mp4"]),
        ("in", EVERY),
        ("in/", EVERY),
        ("in/frames", ["in/frames"]),
        ("in/*.mp4", ["in/b.mp4"]),
        ("**/*.webp", ["in/deep/c.webp"]),
        ("i[n]", EVERY),
        ("[odd].mp4", ["[odd].mp4"]),  # there is such a file
        ("https://a.org/x/dive.mp4", ["https://a.org/x/dive.mp4"]),
        ("s3://bucket/dive.mp4", ["s3://bucket/dive.mp4"]),
        ("https://host/dive*.mp4?from=[1]", ["https://host/dive*.mp4?from=[1]"]),
    ],
)
def test_arguments(folder, argument, expected):
    assert names_of([argument]) == expected
    assert names_of([argument, argument]) == expected


def test_several_arguments_mean_each_video_once(folder):
    """Twice, it would count twice in the ranking of `report`; the first name stands."""
    again = ["./in/b.mp4", str(folder / "in/a.AVI"), "in/deep/../frames", "in"]
    assert names_of(again) == [*again[:3], "in/deep/c.webp"]
    assert names_of(["s3://a//b.mp4", "s3://a/b.mp4"]) == ["s3://a//b.mp4", "s3://a/b.mp4"]  # two objects


def test_links_are_what_they_lead_to(folder):
    """Their videos are those of a folder, once; one that leads nowhere is left to whoever reads it; none goes round."""
    (folder / "day2/deep").mkdir(parents=True)
    (folder / "day2/deep/a.mp4").touch()
    (folder / "in/day2").symlink_to(folder / "day2")
    (folder / "day2/back").symlink_to(folder / "in")
    (folder / "in/gone.mp4").symlink_to(folder / "nothing.mp4")
    assert names_of(["in"]) == sorted([*EVERY, "in/day2/deep/a.mp4", "in/gone.mp4"])
    assert names_of(["in/day2/deep/a.mp4", "day2/deep/a.mp4"]) == ["in/day2/deep/a.mp4"]
    (folder / "lnk").symlink_to(folder / "day2/deep")
    for name in ("a.mp4", "day2/a.mp4"):
        (folder / name).touch()
    assert names_of(["a.mp4", "lnk/../a.mp4"]) == ["a.mp4", "lnk/../a.mp4"]  # that is day2/a.mp4


def test_a_pattern_means_each_video_once_and_a_folder_without_any_is_an_error_of_its_own(folder):
    """`**` meets folders, what is in them, and the images of a folder that is a video."""
    assert sorted(names_of(["in/**"])) == sorted([*EVERY, "in/notes.txt"])
    found = list(named_videos(["[ei]*"]))
    assert [path for path, error in found if error is None] == EVERY
    assert [path for path, error in found if error is not None] == ["empty"]


def test_what_is_hidden_is_no_video_of_a_folder(folder):
    (folder / "in/.Trash").mkdir()
    for name in ("in/._b.mp4", "in/.Trash/old.mp4"):
        (folder / name).touch()
    write_images(folder / "in/.frames", 2)
    assert names_of(["in"]) == EVERY
    assert names_of(["in/._b.mp4", "in/.Trash"]) == ["in/._b.mp4", "in/.Trash/old.mp4"]  # who names it means it


def test_pictures_of_videos_beside_them_are_no_frames(folder):
    """What `predict --plot_dir` drew is no further video, and makes none of the folder that it lies in."""
    write_images(folder / "in", 3)
    assert names_of(["in"]) == EVERY
    (folder / "pictures").mkdir()
    for name in ("b.mp4.png", "a.AVI-2.png"):
        (folder / "pictures" / name).touch()
    assert names_of(["."]) == ["[odd].mp4", *EVERY]
    for number in (1, 2):  # who cuts a video into frames may call them so
        (folder / f"in/frames/img_0000{number}.jpg").rename(folder / f"in/frames/b.mp4_0000{number}.jpg")
    assert [path.name for path in Clip(folder / "in/frames").files()] == ["b.mp4_00001.jpg", "b.mp4_00002.jpg"]


def test_numbered_images_above_videos_make_no_video_of_their_folder(folder):
    """As of a poster in an archive, however deep the videos are; whose images were meant is told of them."""
    write_images(folder / "archive", 3)
    (folder / "archive/of/day1").mkdir(parents=True)
    (folder / "archive/of/day1/a.mp4").touch()
    (folder / "archive/back").symlink_to(folder / "archive")
    for arguments in (["archive"], ["arch*", "arch*/of"]):
        said = []
        assert names_of(arguments, left_out=said.append) == ["archive/of/day1/a.mp4"]
        assert said == ["Left out: the numbered images of 1 folder, for videos lie further down: archive."]
    assert names_of(["."]) == ["[odd].mp4", "archive/of/day1/a.mp4", *EVERY]
    (folder / "archive/of/day1/a.mp4").rename(folder / "archive/of/day1/.a.mp4")
    said.clear()
    assert names_of(["archive", "in"], left_out=said.append) == ["archive", *EVERY] and not said


def test_videos_that_a_link_leads_to_are_below_the_images_beside_it(folder):
    write_images(folder / "archive", 3)
    (folder / "archive/day1").symlink_to(folder / "in/deep")
    assert names_of(["archive"]) == ["archive/day1/c.webp"]


def test_videos_that_are_called_otherwise_are_told_of_once(folder):
    """By what is in them; what was named itself is no part of it."""
    write_bars(folder / "in/v.mp4", 3)
    for name in ("in/deep/take2", "in/clip.dat", "in/.hidden", "in/named.dat"):
        shutil.copy(folder / "in/v.mp4", folder / name)
    Image.new("RGB", (64, 48)).save(folder / "in/photo.jpg")
    for name, content in (("in/data.json", b"{}"), ("in/weights.bin", np.random.default_rng(0).bytes(9999))):
        (folder / name).write_bytes(content)
    said = []
    found = [path for path, _ in named_videos(["in/deep", "in", "in/**/", "in/named.dat"], left_out=said.append)]
    assert sorted(found) == sorted([*EVERY, "in/v.mp4", "in/named.dat"])
    what = "2 files with a video inside and the name of something else"
    assert said == [f"Left out: {what}: in/clip.dat, in/deep/take2."]
    said.clear()
    assert list(named_videos(["in/frames", "in/b.mp4"], left_out=said.append)) and said == []


@pytest.mark.parametrize("suffix", [".vob", ".m2v", ".asf", ".f4v", ".3g2", ".divx", ".dv", ".mjpeg", ".rmvb", ".h264"])
def test_what_ffmpeg_reads_is_found_in_a_folder(folder, suffix):
    (folder / f"in/v{suffix}").touch()
    assert names_of(["in"]) == sorted([*EVERY, f"in/v{suffix}"])


def test_features_are_found_by_their_own_suffixes(folder):
    (folder / "in/v.npy").touch()
    assert names_of(["in"], suffixes=(".npy",)) == ["in/frames", "in/v.npy"]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("", "'': expected a video, a folder or a pattern. Received: an empty argument."),
        ("empty", "empty: expected a folder of videos or of numbered images (.jpg, .png). Received: neither in it."),
        ("no*.mp4", "no*.mp4: expected a pattern of videos. Received: one that nothing is called by."),
        ("s3://a/*.mp4", "s3://a/*.mp4: expected the address of one file. Received: a pattern, for disks alone."),
        ("gs://a/dives/", "gs://a/dives/: expected the address of one file. Received: a folder, for disks alone."),
        ("s4://a/b.mp4", "s4://a/b.mp4: expected a local path or one of s3://"),
        ("none.mp4", "none.mp4: expected a video file or a folder of images. Received: no such file."),
        ("in/b.mp4/c", "in/b.mp4/c: expected a video file or a folder of images. Received: "),
    ],
)
def test_arguments_that_mean_nothing_are_errors_of_their_own(folder, argument, message):
    (wrong, error), right = named_videos([argument, "in/b.mp4"])
    assert wrong == argument and str(error).startswith(message) and right == ("in/b.mp4", None)
    failure = scored(None, wrong, error)
    assert failure.code == "unreadable" and str(failure).startswith(message)


def test_a_folder_that_cannot_be_opened_is_an_error_of_its_own(folder, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", forbidden)
    ((_, error), right) = named_videos(["in", "in/b.mp4"])
    assert str(error) == "in: Permission denied." and right[1] is None


def test_a_list_on_standard_input_is_taken_line_by_line(folder, monkeypatch):
    for name in ("first.mp4", "x y.mp4"):
        (folder / name).touch()
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufeffin/b.mp4\n\nx y.mp4\r\nin/frames"))
    assert names_of(["first.mp4", "-"]) == ["first.mp4", "in/b.mp4", "x y.mp4", "in/frames"]


# === Stretches ===


def test_a_stretch_is_what_is_shown_between(tmp_path):
    write_bars(tmp_path / "v.avi", 50, fps=25)
    assert stretch(tmp_path / "v.avi", 0.4, 1.0) == Clip(tmp_path / "v.avi", (10, 25))
    assert stretch(tmp_path / "v.avi", None, 1.0).frames == (0, 25)
    assert stretch(tmp_path / "v.avi", 1.9, None).frames == (47, 50)  # frame 47 is shown until 1.92 s
    assert stretch(tmp_path / "v.avi", None, None).frames is None
    with pytest.raises(
        InputError, match=r"v\.avi: expected frames from 7 to its end\. Received: frames from 0 to 1\.96"
    ):
        stretch(tmp_path / "v.avi", 7, None)
    write_images(tmp_path / "frames", 10)
    assert stretch(tmp_path / "frames", 0.2, 0.3).frames == (5, 7)
    write_images(tmp_path / "from_0", 10, first=0)
    assert stretch(tmp_path / "from_0", 0.2, 0.3).frames == (5, 7)
    write_images(tmp_path / "later", 10, first=3)
    with pytest.raises(
        InputError, match=r"later: expected images numbered from 0 or 1, for a stretch.*: numbers from 3 on"
    ):
        stretch(tmp_path / "later", 0.2, 0.3)
    assert stretch(tmp_path / "later", None, None).frames is None


@pytest.mark.parametrize("fps", [30, 24, 25])
def test_the_times_that_predict_prints_mean_the_same_frames(tmp_path, fps):
    """Cut to whole milliseconds, in a file whose ticks are 1/15360 s or so."""
    write_bars(tmp_path / "v.mp4", 40, fps=fps)
    times = frame_times(tmp_path / "v.mp4")
    for frame in range(39):
        printed = round(float(times[frame]), 3)
        assert stretch(tmp_path / "v.mp4", printed, None).frames == (frame, 40)
        if frame:
            assert stretch(tmp_path / "v.mp4", None, printed).frames == (0, frame)
    middle = (times[10] + times[11]) / 2  # as a table of performances has it: frame 10 is shown then
    assert stretch(tmp_path / "v.mp4", middle, None).frames == (10, 40)


def test_an_end_that_the_video_does_not_reach_is_refused(tmp_path):
    """Rounded ones, and those of sound that lasts a little longer, are meant for its end: up to half a second."""
    write_bars(tmp_path / "v.avi", 50, fps=25)
    for end in (2.0, 2.004, 2.5):
        assert stretch(tmp_path / "v.avi", 0.4, end).frames == (10, 50)
    expected = r"v\.avi: expected frames from 0\.4 to 2\.6 s\. Received: frames from 0 to 1\.96 s\."
    with pytest.raises(InputError, match=expected):
        stretch(tmp_path / "v.avi", 0.4, 2.6)
    write_images(tmp_path / "images", 50)
    with pytest.raises(InputError, match=r"images: expected frames from 0 to 2\.6 s"):
        stretch(tmp_path / "images", None, 2.6)


@pytest.mark.parametrize("name", ["v.gif", "v.webp"])
def test_the_end_of_a_last_frame_that_is_held_is_that_of_the_video(tmp_path, name):
    images = [Image.new("RGB", (64, 48), (index * 5, 0, 0)) for index in range(30)]
    images[0].save(tmp_path / name, save_all=True, append_images=images[1:], duration=[40] * 29 + [3000])
    assert stretch(tmp_path / name, 0.4, 4.16).frames == (10, 30)
    with pytest.raises(InputError, match=r"expected frames from 0\.4 to 4\.7 s"):
        stretch(tmp_path / name, 0.4, 4.7)


def test_of_very_many_files_some_are_looked_into(folder, monkeypatch):
    """An archive may have as many results beside it."""
    monkeypatch.setattr(video_files, "MAX_PROBED", 2)
    write_bars(folder / "in/v.mp4", 3)
    for number in range(4):
        shutil.copy(folder / "in/v.mp4", folder / f"in/clip{number}.dat")
    said = []
    list(named_videos(["in"], left_out=said.append))
    assert len(said) == 1 and said[0].startswith("Left out: 2 files with a video inside")


def test_a_stretch_of_another_stream_goes_by_its_own_times(tmp_path):
    """The main stream of the file has ended by then."""
    write_streams(tmp_path / "v.mkv", [(48, 64, 12), (96, 128, 30)])
    assert stretch(tmp_path / "v.mkv", 0.8, 1.0, stream=1).frames == (20, 25)


# === Elsewhere ===


@pytest.fixture
def server(tmp_path):
    """The address of a web server of the folder."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


@pytest.mark.interop
def test_a_video_on_a_web_server_is_fetched(tmp_path, server):
    pytest.importorskip("aiohttp")
    write_bars(tmp_path / "v.avi", 3)
    with local_video(f"{server}/v.avi") as path:
        assert path.name == "v.avi" and path.read_bytes() == (tmp_path / "v.avi").read_bytes()
    assert not path.exists()
    with pytest.raises(VideoError, match=rf"^{server}/none\.avi: ") as raised:
        local_video(f"{server}/none.avi").__enter__()
    assert raised.value.code == "not_found"
    with pytest.raises(VideoError, match=rf"^{server}/v\.avi: wrong"), local_video(f"{server}/v.avi") as path:
        raise VideoError("todo", f"{path}: wrong")


@pytest.mark.interop
def test_what_follows_the_name_in_an_address_of_the_web_is_no_part_of_it(tmp_path, server):
    """As the signature of a presigned address."""
    pytest.importorskip("aiohttp")
    (tmp_path / "v.avi").write_bytes(b"frames")
    with local_video(f"{server}/v.avi?X-Amz-Credential=a/b.c&X-Amz-Signature={'0' * 300}#t=1") as path:
        assert path.name == "v.avi" and path.read_bytes() == b"frames"


@pytest.mark.interop
def test_beside_features_of_the_web_lies_what_made_them(tmp_path, server):
    pytest.importorskip("aiohttp")
    (tmp_path / "run").mkdir()
    np.save(tmp_path / "run/v.npy", np.zeros((2, 3), np.float32))
    (tmp_path / "run/features.json").write_text("made so")
    with local_video(f"{server}/run/v.npy?token=a/b.c") as path:
        assert path.suffix == ".npy" and path.with_name("features.json").read_text() == "made so"
    (tmp_path / "run/features.json").unlink()
    with local_video(f"{server}/run/v.npy?token=a/b.c") as path:
        assert not path.with_name("features.json").exists()


# === What is wrong with one ends nothing but itself ===


def test_options_reach_whoever_scores():
    def score_file(source, video, **options):
        return source, video, options

    told: list[str] = []
    source, video, options = scored(
        types.SimpleNamespace(score_file=score_file), "v.mp4", stream=1, force=True, found=told.append
    )
    options.pop("found")("a performance")
    assert (source, video, options) == (pathlib.Path("v.mp4"), "v.mp4", {"stream": 1, "force": True})
    assert told == ["a performance"]
    assert scored(types.SimpleNamespace(score_file=score_file), "v.mp4")[2]["found"] is None


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")])
def test_that_nobody_takes_what_is_found_is_not_the_fault_of_the_video(error):
    """As of `predict --live | head -1`."""

    def full(_):
        raise error

    scorer = types.SimpleNamespace(score_file=lambda *_, found, **__: found("a performance"))
    with pytest.raises(type(error)) as raised:
        scored(scorer, "v.mp4", found=full)
    assert raised.value is error


def failing(error):
    def score_file(*_, **__):
        raise error

    return types.SimpleNamespace(score_file=score_file)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("todo", "v.mp4: wrong"), "unreadable", "v.mp4: wrong"),
        (PermissionError(13, "Permission denied"), "unreadable", "v.mp4: Permission denied."),
        (MemoryError(), "out_of_memory", "v.mp4: expected a video that fits memory."),
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM"),
            "out_of_memory",
            "v.mp4: expected a video that fits memory.",
        ),
    ],
)
def test_failures_that_are_to_be_expected(error, code, message):
    failure = scored(failing(error), "v.mp4")
    assert failure.code == code and str(failure).startswith(message)


def test_errors_of_ours_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        scored(failing(ZeroDivisionError()), "v.mp4")
    with pytest.raises(cv2.error):
        scored(failing(cv2.error("a bug")), "v.mp4")
