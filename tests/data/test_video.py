"""Decoding: every frame of whole files and of stretches, errors with codes for damaged ones."""

import hashlib
import os
import re
import types
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, bar_frame, read_index, write_bars, write_images, write_video
from refusals import codes, refused

from scoringnet_tf.data.video import Clip, VideoStream, frame_times, read_video


def indices(frames):
    return [read_index(frame) for frame in frames]


def test_the_path_of_a_video_may_be_odd_and_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a:b.avi", "(HQ) 12:30 – 100%+!!.avi"):
        write_bars(tmp_path / name, 3)
        assert indices(read_video(name).frames) == [0, 1, 2]


@pytest.mark.parametrize(
    ("stated", "aspect", "code"),
    [((4, 3), 16 / 9, ["pixel_aspect"]), ((1, 1), 4 / 3, []), ((1, 20), 4 / 3, ["pixel_aspect_ignored"])],
)
def test_the_aspect_is_that_of_the_picture_as_shown_unless_it_cannot_be(tmp_path, stated, aspect, code):
    write_bars(tmp_path / "dive.mkv", 3, codec="libx264", sample_aspect_ratio=Fraction(*stated))
    video = read_video(tmp_path / "dive.mkv")
    assert video.source_size == (HEIGHT, WIDTH) and codes(video.warnings) == code
    assert video.aspect == pytest.approx(aspect)


CONTAINERS = {
    "mpeg4": ("avi", "mov", "nut"),
    "libx264": ("mp4", "mkv", "flv", "3gp", "avi"),  # AVI keeps no timestamps: FFmpeg makes them up, as stored
    "mpeg2video": ("mpg", "ts", "mxf"),
    "wmv2": ("wmv",),
    "libvpx": ("webm",),
}


@pytest.mark.parametrize(
    ("suffix", "codec"), [(suffix, codec) for codec, suffixes in CONTAINERS.items() for suffix in suffixes]
)
def test_containers_are_told_by_content_and_their_stretches_are_those_frames(tmp_path, suffix, codec):
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg does not write {codec}")
    write_bars(tmp_path / f"dive.{suffix}", 40, codec=codec)
    path = (tmp_path / f"dive.{suffix}").rename(tmp_path / "dive.video")
    for start, stop in ((0, 40), (0, 5), (13, 30), (35, 40)):
        video = read_video(path if stop - start == 40 else Clip(path, (start, stop)))
        assert indices(video.frames) == list(range(start, stop)) and video.fps == pytest.approx(25, rel=1e-3)
        assert video.frames.dtype == np.uint8 and not {"damaged", "frame_rate_assumed"} & {*codes(video.warnings)}
        np.testing.assert_allclose(video.timestamps, np.arange(stop - start) / 25, atol=1e-3)
        assert video.first_frame == start and video.first_time == pytest.approx(start / 25, abs=1e-3)
    np.testing.assert_allclose(frame_times(path), np.arange(40) / 25, atol=1e-3)


def test_a_truncated_video_is_refused_at_its_end_or_read_so_far(tmp_path):
    write_bars(tmp_path / "dive.avi", 60)
    content, path = (tmp_path / "dive.avi").read_bytes(), tmp_path / "cut.avi"
    path.write_bytes(content[: len(content) * 6 // 10])
    frames = iter(VideoStream(path))
    assert [read_index(next(frames)) for _ in range(10)] == list(range(10))
    with refused("damaged_video", path, "of 60 frames"):
        list(frames)
    video = read_video(path, partial=True)
    found = indices(video.frames)
    assert 0 < len(found) < 60 and found[:-1] == list(range(len(found) - 1)) and codes(video.warnings) == ["damaged"]


@pytest.mark.parametrize("kept", [0.3, 0.99])
@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "mpeg4"), ("a.webm", "libvpx")])
def test_matroska_that_is_cut_off(tmp_path, name, codec, kept):
    """FFmpeg reads it as if it ended there; its segment states how long it was."""
    write_bars(tmp_path / name, 60, codec=codec)
    content = (tmp_path / name).read_bytes()
    cut = int(len(content) * kept)
    (tmp_path / f"cut{name}").write_bytes(content[:cut])
    with refused("damaged_video", f"cut{name}", f"{cut:,} of {len(content):,} bytes") as caught:
        read_video(tmp_path / f"cut{name}")
    assert not re.search(r"of \d+ frames", str(caught.value)), "nothing states their number"
    assert codes(read_video(tmp_path / f"cut{name}", partial=True).warnings) == ["damaged"]


def test_matroska_that_was_recorded_live_states_no_size(tmp_path):
    with (tmp_path / "live.mkv").open("wb") as file:
        pipe = types.SimpleNamespace(write=file.write)  # nothing that was written can be changed
        write_video(pipe, [bar_frame(index, (9, 9, 9)) for index in range(20)], codec="libx264", container="matroska")
    video = read_video(tmp_path / "live.mkv")
    assert len(video.frames) == 20 and video.warnings == ()


@pytest.mark.parametrize("announced", [21, 22])
def test_frames_that_the_file_announces_and_does_not_have(tmp_path, announced):
    """Old AVI files with packed B-frames announce one too many; two are missing, though the decoder saw no damage."""
    path = tmp_path / "dropped.avi"
    write_bars(path, 20)
    content = bytearray(path.read_bytes())
    length = content.index(b"strh") + 8 + 32  # of an AVISTREAMHEADER, dwLength follows 32 bytes of other fields
    content[length : length + 4] = announced.to_bytes(4, "little")
    path.write_bytes(content)
    if announced > 21:
        with refused("damaged_video", path, f"after 20 of {announced} frames"):
            read_video(path)
    video = read_video(path, partial=True)
    assert indices(video.frames) == list(range(20)) and codes(video.warnings) == ["damaged"] * (announced > 21)


def _list_of_files(text, suffix, codec):
    """A file that names another one, which nobody asked for; FFmpeg would follow it outside the folder."""

    def make(path):
        secret = path.with_name(f"secret{suffix}")
        write_bars(secret, 5, codec=codec)
        path.write_text(text.format(secret))

    return make


HLS = _list_of_files(
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", suffix=".ts", codec="mpeg2video"
)
CONCAT = _list_of_files("ffconcat version 1.0\nfile {}\n", suffix=".mp4", codec="libx264")


def _mp4_without_its_end(path):
    write_bars(path.with_suffix(".mp4"), 40, codec="libx264")
    content = path.with_suffix(".mp4").read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("dive.avi", lambda path: None, "not_found"),
        ("dive.avi", Path.mkdir, "no_images"),
        ("dive.avi", Path.touch, "wrong_format"),
        ("dive.avi", lambda path: path.write_bytes(cv2.imencode(".png", bar_frame(0, (9, 9, 9)))[1]), "wrong_format"),
        ("dive.avi", _mp4_without_its_end, "wrong_format"),
        *((name, HLS, "wrong_format") for name in ("dive.avi", "dive.m3u8")),
        *((name, CONCAT, "wrong_format") for name in ("dive.avi", "dive.ffconcat")),
    ],
)
def test_what_is_no_video_is_refused_whatever_it_is_called(tmp_path, name, make, code):
    make(tmp_path / name)
    with refused(code, tmp_path / name):
        read_video(tmp_path / name)
    if code == "wrong_format":
        with refused(code, tmp_path / name):
            frame_times(tmp_path / name)


@pytest.mark.parametrize("name", ["img_{:05d}.jpg", "{}.png", "dive 2 frame{:03d}.JPEG"])
@pytest.mark.parametrize("first", [0, 1, 489])
def test_a_folder_of_images_is_a_video(tmp_path, name, first):
    write_images(tmp_path / "dive", 12, 3, name, first)
    (tmp_path / "dive/.img_00099.jpg").touch()
    (tmp_path / "dive/Thumbs.db").touch()
    video = read_video(tmp_path / "dive", size=(24, 32))
    assert indices(video.frames) == list(range(12)) and video.source_size == (HEIGHT, WIDTH)
    assert video.frames.shape == (12, 24, 32, 3)
    np.testing.assert_allclose(video.timestamps, np.arange(12) / 25)
    assert video.fps == 25 and codes(video.warnings) == ["frame_rate_assumed"]


def test_images_are_rgb_and_their_sizes_are_known(tmp_path):
    write_images(tmp_path / "v", 4, 0, "{}.png", 1)
    cv2.imwrite(str(tmp_path / "v/3.png"), np.full((20, 30, 3), (30, 20, 230), np.uint8))
    sizes = [[HEIGHT, WIDTH], [HEIGHT, WIDTH], [20, 30], [HEIGHT, WIDTH]]
    stream = VideoStream(tmp_path / "v")
    video = stream.video(list(stream))
    assert tuple(video.frames[2][5, 5]) == (230, 20, 30) and codes(video.warnings)[0] == "size_changes"
    assert video.sizes.tolist() == sizes and video.cut(1, 3).sizes.tolist() == sizes[1:3]
    assert stream.video(video.frames[2:], 2).sizes.tolist() == sizes[2:]
    assert read_video(tmp_path / "v").frames.shape == (4, HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("first", [0, 1])
def test_a_stretch_counts_from_0_however_images_are_numbered(tmp_path, first):
    write_images(tmp_path / "broadcast", 30, 0, "{:06d}.jpg", first)
    clip = Clip(tmp_path / "broadcast", (10, 15))
    assert indices(read_video(clip).frames) == [10, 11, 12, 13, 14]
    assert str(clip).endswith("broadcast#10-15")
    pixels = b"".join(path.read_bytes() for path in sorted((tmp_path / "broadcast").iterdir())[10:15])
    assert clip.sha256() == hashlib.sha256(pixels).hexdigest()
    write_bars(tmp_path / "dive.avi", 8)
    whole, first, second = (Clip(tmp_path / "dive.avi", frames).sha256() for frames in (None, (0, 4), (4, 8)))
    assert whole == hashlib.sha256((tmp_path / "dive.avi").read_bytes()).hexdigest()
    assert len({whole, first, second}) == 3


@pytest.mark.parametrize(
    ("damage", "code", "named"),
    [
        (lambda image: image.unlink(), "missing_image", ["number 5"]),
        (lambda image: image.with_name("5.png").touch(), "duplicate", ["00005.jpg", "5.png"]),
        (lambda image: image.with_name("poster_9.jpg").touch(), "mixed_images", ["00001.jpg", "poster_9.jpg"]),
        (lambda image: image.write_bytes(image.read_bytes()[:-400]), "damaged_video", ["after 4 of 8", "00005.jpg"]),
        (lambda image: image.write_text("no image"), "damaged_video", ["after 4 of 8", "00005.jpg"]),
        (lambda image: (image.unlink(), image.mkdir()), "unreadable", ["00005.jpg"]),
    ],
)
def test_damaged_folders_of_images(tmp_path, damage, code, named):
    write_images(tmp_path / "dive", 8, 0, "{:05d}.jpg")
    damage(tmp_path / "dive/00005.jpg")
    with refused(code, tmp_path / "dive", *named):
        read_video(tmp_path / "dive")


def test_stretches_that_are_not_there(tmp_path):
    for frames in ((-20, 50), (50, 20), (5, 5)):
        with refused("out_of_range", "v.mp4", *frames):
            Clip("v.mp4", frames)
    write_images(tmp_path / "dive", 8)
    write_bars(tmp_path / "dive.avi", 8)
    for name, code in (("dive", "missing_image"), ("dive.avi", "damaged_video"), ("gone", "not_found")):
        with refused(code, tmp_path / name):
            read_video(Clip(tmp_path / name, (6, 9)))


@pytest.mark.skipif("SCORINGNET_REAL_DATA" not in os.environ, reason="SCORINGNET_REAL_DATA names no folder")
@pytest.mark.parametrize(
    ("name", "num_frames", "size", "fps"),
    [
        ("springboard_dive.mp4", 259, (240, 320), 29.97),
        ("platform_dive_10m.gif", 21, (281, 500), 10),
        ("Golf_Tips_-_Hit_The_Driver_300+_Yards!!!_golf_f_nm_np1_fr_med_0.avi", 89, (240, 320), 30),
    ],
)
def test_filmed_videos(name, num_frames, size, fps):
    video = read_video(Path(os.environ["SCORINGNET_REAL_DATA"], "videos", name))
    assert video.frames.shape == (num_frames, *size, 3)
    assert video.fps == pytest.approx(fps, abs=0.01) and video.warnings == ()
