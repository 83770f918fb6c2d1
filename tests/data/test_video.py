"""Decoding: every frame of whole files, errors with codes for damaged ones."""

import hashlib
import os
import types
import wave
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, bar_color, bar_frame, read_index, write_bars, write_images, write_video
from refusals import codes, refused

from scoringnet_tf.data.video import Clip, VideoStream, frame_times, read_video


def indices(frames):
    return [read_index(frame) for frame in frames]


@pytest.mark.parametrize(("name", "codec"), [("(HQ) 12:30 – 100%+!!.avi", "mpeg4"), ("dive.mp4", "libx264")])
def test_reads_every_frame_in_order(tmp_path, name, codec):
    write_bars(tmp_path / name, 40, codec=codec)
    video = read_video(tmp_path / name)
    assert video.frames.shape == (40, HEIGHT, WIDTH, 3) and video.frames.dtype == np.uint8
    assert indices(video.frames) == list(range(40))
    assert video.fps == 25 and video.source_size == (HEIGHT, WIDTH) and video.warnings == ()
    np.testing.assert_allclose(video.timestamps, np.arange(40) / 25, atol=1e-6)


def test_relative_name_with_a_colon(tmp_path, monkeypatch):
    write_bars(tmp_path / "a:b.avi", 3)
    monkeypatch.chdir(tmp_path)
    assert len(read_video("a:b.avi").frames) == 3


def test_colors_are_rgb(tmp_path):
    write_video(tmp_path / "red.avi", [bar_frame(0, (230, 20, 30))] * 3)
    pixel = read_video(tmp_path / "red.avi").frames[1, HEIGHT // 4, WIDTH // 2]
    np.testing.assert_allclose(pixel, (230, 20, 30), atol=8)


def test_odd_frame_rate(tmp_path):
    write_bars(tmp_path / "ntsc.mp4", 20, fps=Fraction(30000, 1001), codec="libx264")
    video = read_video(tmp_path / "ntsc.mp4")
    assert video.fps == pytest.approx(29.97003, abs=1e-4)
    assert video.timestamps[-1] == pytest.approx(19 * 1001 / 30000, abs=1e-3)


def test_size_resizes_each_frame_as_opencv_does(tmp_path):
    write_bars(tmp_path / "dive.avi", 5)
    whole, small = read_video(tmp_path / "dive.avi"), read_video(tmp_path / "dive.avi", size=(24, 20))
    expected = [cv2.resize(frame, (20, 24), interpolation=cv2.INTER_AREA) for frame in whole.frames]
    np.testing.assert_array_equal(small.frames, expected)
    assert small.source_size == (HEIGHT, WIDTH)


def test_animated_gif(tmp_path):
    with av.open(str(tmp_path / "dive.gif"), "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb8"
        for index in range(6):
            frame = av.VideoFrame.from_ndarray(bar_frame(index, (250, 0, 0)), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="rgb8")))
        container.mux(stream.encode())
    video = read_video(tmp_path / "dive.gif")
    assert indices(video.frames) == list(range(6)) and video.fps == pytest.approx(10)


def write_h264(file, count, pixel_aspect=None, **options):
    """Grey bars in a container of its own; `file` may be no path, but only what can be written to."""
    with av.open(file, "w", **options) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        for index in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(bar_frame(index, (9, 9, 9)), format="rgb24")))
        container.mux(stream.encode())


@pytest.mark.parametrize(
    ("stated", "aspect", "code"),
    [((4, 3), 16 / 9, ["pixel_aspect"]), ((1, 1), 4 / 3, []), ((1, 20), 4 / 3, ["pixel_aspect_ignored"])],
)
def test_pixels_that_are_not_square(tmp_path, stated, aspect, code):
    """The aspect is that of the picture as shown, unless the file states what cannot be."""
    write_h264(str(tmp_path / "dive.mkv"), 3, Fraction(*stated))
    video = read_video(tmp_path / "dive.mkv")
    assert (
        video.source_size == (HEIGHT, WIDTH) and video.aspect == pytest.approx(aspect) and codes(video.warnings) == code
    )


# === Frame by frame ===


def test_a_stream_gives_the_frames_of_the_video_and_then_its_facts(tmp_path):
    write_bars(tmp_path / "dive.avi", 30)
    stream, video = VideoStream(tmp_path / "dive.avi"), read_video(tmp_path / "dive.avi")
    kept = []
    for frame in stream:
        kept.append(read_index(frame))
        assert stream.source_size == (HEIGHT, WIDTH) and stream.announced == 30
    streamed = stream.video(kept)
    assert streamed.frames == list(range(30)) and streamed.fps == video.fps and streamed.aspect == WIDTH / HEIGHT
    np.testing.assert_array_equal(streamed.timestamps, video.timestamps)


@pytest.fixture
def cut_video(tmp_path):
    """The first 60 % of a file of 60 frames."""
    write_bars(tmp_path / "dive.avi", 60)
    content = (tmp_path / "dive.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(content[: len(content) * 6 // 10])
    return tmp_path / "cut.avi"


def test_a_truncated_video_is_refused_at_its_end_or_read_so_far(cut_video):
    frames = iter(VideoStream(cut_video))
    assert [read_index(next(frames)) for _ in range(10)] == list(range(10))
    with refused("damaged_video", cut_video, "of 60 frames"):
        list(frames)
    video = read_video(cut_video, partial=True)
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
    with refused("damaged_video", f"cut{name}", f"{cut:,} of {len(content):,} bytes"):
        read_video(tmp_path / f"cut{name}")
    assert codes(read_video(tmp_path / f"cut{name}", partial=True).warnings) == ["damaged"]
    assert read_video(tmp_path / name).warnings == ()


def test_matroska_that_was_recorded_live_states_no_size(tmp_path):
    with (tmp_path / "live.mkv").open("wb") as file:
        pipe = types.SimpleNamespace(write=file.write)  # of which nothing that was written can be changed
        write_h264(pipe, 20, format="matroska")
    video = read_video(tmp_path / "live.mkv")
    assert len(video.frames) == 20 and video.warnings == ()


@pytest.mark.parametrize("announced", [20, 21, 22, 40])
def test_frames_that_the_file_announces_and_does_not_have(tmp_path, announced):
    """Old AVI files with packed B-frames announce one too many; two are missing, though the decoder saw no damage."""
    path = tmp_path / "dropped.avi"
    write_bars(path, 20)
    content = bytearray(path.read_bytes())
    length = content.index(b"strh") + 8 + 32  # of an AVISTREAMHEADER, dwLength follows 32 bytes of other fields
    assert int.from_bytes(content[length : length + 4], "little") == 20
    content[length : length + 4] = announced.to_bytes(4, "little")
    path.write_bytes(content)
    if announced > 21:
        with refused("damaged_video", path, f"after 20 of {announced} frames"):
            read_video(path)
    video = read_video(path, partial=True)
    assert indices(video.frames) == list(range(20)) and codes(video.warnings) == ["damaged"] * (announced > 21)


# === What is no video ===


def _hls(path):
    """A playlist, which FFmpeg follows outside the folder of the video too."""
    secret = _secret(path, ".ts", "mpeg2video")
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n")


def _concat(path):
    path.write_text(f"ffconcat version 1.0\nfile {_secret(path, '.mp4', 'libx264').name}\n")


def _sdp(path):
    path.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )


def _picture(path):
    cv2.imwrite(str(path.with_suffix(".png")), bar_frame(0, (9, 9, 9)))
    path.with_suffix(".png").rename(path)


def _secret(path, suffix, codec):
    """A sound video beside `path`, which nobody asked for."""
    secret = path.with_name(f"secret{suffix}")
    write_bars(secret, 5, codec=codec)
    return secret


def _sound_only(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))


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
        ("dive.avi", lambda path: path.write_text("not a video\n" * 100), "wrong_format"),
        ("dive.avi", _sound_only, "wrong_format"),
        ("dive.avi", _sdp, "wrong_format"),
        ("dive.avi", _picture, "wrong_format"),
        ("dive.avi", _mp4_without_its_end, "wrong_format"),
        *((name, _hls, "wrong_format") for name in ("dive.avi", "dive.m3u8", "dive.y")),
        *((name, _concat, "wrong_format") for name in ("dive.avi", "dive.ffconcat")),
    ],
)
def test_what_is_no_video_is_refused_whatever_it_is_called(tmp_path, name, make, code):
    make(tmp_path / name)
    with refused(code, tmp_path / name):
        read_video(tmp_path / name)
    if code == "wrong_format":
        with refused(code, tmp_path / name):
            frame_times(tmp_path / name)


CONTAINERS = {
    "mpeg4": ("avi", "mov", "nut"),
    "libx264": ("mp4", "mkv", "flv", "3gp"),
    "mpeg2video": ("mpg", "ts", "mxf"),
    "wmv2": ("wmv",),
    "libvpx": ("webm",),
}


@pytest.mark.parametrize(
    ("suffix", "codec"), [(suffix, codec) for codec, suffixes in CONTAINERS.items() for suffix in suffixes]
)
def test_containers_are_told_by_content(tmp_path, suffix, codec):
    """Every container that holds one video is read under its own name and under another."""
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg does not write {codec}")
    write_bars(tmp_path / f"dive.{suffix}", 8, codec=codec)
    (tmp_path / f"dive.{suffix}").rename(tmp_path / "dive.video")
    assert indices(read_video(tmp_path / "dive.video").frames) == list(range(8))


# === Folders of images ===


@pytest.mark.parametrize("name", ["img_{:05d}.jpg", "{}.png", "dive 2 frame{:03d}.JPEG"])
@pytest.mark.parametrize("first", [0, 1, 489])
def test_a_folder_of_images_is_a_video(tmp_path, name, first):
    write_images(tmp_path / "dive", 12, 3, name, first)
    (tmp_path / "dive/.img_00099.jpg").touch()
    (tmp_path / "dive/Thumbs.db").touch()
    video = read_video(tmp_path / "dive", size=(24, 32))
    assert indices(video.frames) == list(range(12)) and video.source_size == (HEIGHT, WIDTH)
    np.testing.assert_allclose(video.timestamps, np.arange(12) / 25)
    assert video.fps == 25 and codes(video.warnings) == ["frame_rate_assumed"]


def test_images_whose_number_is_the_name_of_a_codec_are_numbered_images(tmp_path):
    write_images(tmp_path / "v", 4, name="dive.{}.jpg", first=263)
    assert indices(read_video(tmp_path / "v").frames) == list(range(4))


def test_the_size_of_every_frame_is_known(tmp_path):
    write_images(tmp_path / "v", 4)
    cv2.imwrite(str(tmp_path / "v/img_00003.jpg"), np.zeros((20, 30, 3), np.uint8))
    sizes = [[HEIGHT, WIDTH], [HEIGHT, WIDTH], [20, 30], [HEIGHT, WIDTH]]
    stream = VideoStream(tmp_path / "v")
    video = stream.video(list(stream))
    assert video.sizes.tolist() == sizes and video.cut(1, 3).sizes.tolist() == sizes[1:3]
    assert stream.video(video.frames[2:], 2).sizes.tolist() == sizes[2:]


def test_images_are_rgb_and_of_one_size(tmp_path):
    write_images(tmp_path / "dive", 2, 0, "{}.png", 0)
    cv2.imwrite(str(tmp_path / "dive/1.png"), np.full((10, 10, 3), (30, 20, 230), np.uint8))
    frames = read_video(tmp_path / "dive").frames
    assert frames.shape == (2, HEIGHT, WIDTH, 3) and tuple(frames[1, 5, 5]) == (230, 20, 30)


@pytest.mark.parametrize("first", [0, 1])
def test_a_stretch_counts_from_0_however_images_are_numbered(tmp_path, first):
    write_images(tmp_path / "broadcast", 30, 0, "{:06d}.jpg", first)
    clip = Clip(tmp_path / "broadcast", (10, 15))
    assert indices(read_video(clip).frames) == [10, 11, 12, 13, 14]
    assert Clip.parse(str(clip)) == clip and str(clip).endswith("broadcast#10-15")
    whole = sorted((tmp_path / "broadcast").iterdir())
    pixels = b"".join(path.read_bytes() for path in whole[10:15])
    assert clip.sha256() == hashlib.sha256(pixels).hexdigest()
    assert Clip.parse("dive #1.mp4") == Clip(Path("dive #1.mp4"))


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


# === Stretches ===


@pytest.mark.parametrize("frames", [(-20, 50), (50, 20), (5, 5)])
def test_stretches_that_cannot_be_are_refused(frames):
    with refused("out_of_range", "v.mp4", *frames):
        Clip("v.mp4", frames)
    assert Clip("v.mp4", (0, 1)) == Clip(Path("v.mp4"), (0, 1))  # text is a path as well


def test_stretches_that_are_not_there(tmp_path):
    write_images(tmp_path / "dive", 8)
    write_bars(tmp_path / "dive.avi", 8)
    for name, code in (("dive", "missing_image"), ("dive.avi", "damaged_video"), ("gone", "not_found")):
        with refused(code, tmp_path / name):
            read_video(Clip(tmp_path / name, (6, 9)))


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("dive.avi", "mpeg4", 25),
        ("dive.mp4", "libx264", 25),
        ("dive.webm", "libvpx-vp9", 30),
        ("dive.ts", "libx264", 25),
        ("dive.mpg", "mpeg2video", 25),
    ],
)
def test_a_stretch_of_a_file_is_those_frames_of_it(tmp_path, name, codec, rate):
    """Whatever key frames and orders of storage there are, and whether or not the file can be sought in."""
    path = tmp_path / name
    write_bars(path, 60, fps=rate, codec=codec)
    for start, stop in ((0, 5), (1, 2), (13, 40), (55, 60)):
        video = read_video(Clip(path, (start, stop)))
        assert indices(video.frames) == list(range(start, stop))
        np.testing.assert_allclose(video.timestamps, np.arange(stop - start) / rate, atol=1e-3)
        assert video.fps == pytest.approx(rate)
    np.testing.assert_allclose(frame_times(path), np.arange(60) / rate, atol=1e-3)


def test_stretches_of_a_file_are_not_of_the_same_bytes(tmp_path):
    write_bars(tmp_path / "dive.avi", 8)
    whole, first, second = (Clip(tmp_path / "dive.avi", frames) for frames in (None, (0, 4), (4, 8)))
    assert len({clip.sha256() for clip in (whole, first, second)}) == 3
    assert whole.sha256() == hashlib.sha256((tmp_path / "dive.avi").read_bytes()).hexdigest()


def test_the_times_of_frames_are_those_of_the_file(tmp_path):
    """At a variable frame rate frame k is not shown at k / rate."""
    shown = [0, 1, 2, 10, 11, 12, 30]
    with av.open(str(tmp_path / "dive.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for index, time in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(bar_frame(index, bar_color(0)), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    np.testing.assert_allclose(frame_times(tmp_path / "dive.mkv"), np.array(shown) / 25, atol=1e-3)


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
