"""Decoding: every frame of whole files, clear errors for damaged ones."""

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

from scoringnet_tf.data import video as video_module
from scoringnet_tf.data.video import Clip, VideoError, VideoStream, frame_times, read_video


@pytest.mark.parametrize(
    ("name", "codec"),
    [("dive.avi", "mpeg4"), ("dive.mp4", "libx264"), ("(HQ) 12:30 – 100%+!!.avi", "mpeg4"), ("dive.mkv", "libx264")],
)
def test_reads_every_frame_in_order(tmp_path, name, codec):
    write_bars(tmp_path / name, 40, codec=codec)
    video = read_video(tmp_path / name)
    assert video.frames.shape == (40, HEIGHT, WIDTH, 3) and video.frames.dtype == np.uint8
    assert [read_index(frame) for frame in video.frames] == list(range(40))
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
    assert [read_index(frame) for frame in video.frames] == list(range(6))
    assert video.fps == pytest.approx(10)


def turn(path):
    """Patches a quarter turn clockwise into the header of an MP4."""
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40  # ISO 14496-12: 40 bytes of a version 0 box precede the matrix
    one = 1 << 16
    turned = [0, one, 0, -one, 0, 0, 0, 0, 1 << 30]
    content[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in turned)
    path.write_bytes(content)


def test_rotation_of_the_file_is_applied(tmp_path):
    """A phone stores landscape frames and a display matrix."""
    path = tmp_path / "phone.mp4"
    write_bars(path, 3, codec="libx264")
    upright = read_video(path).frames
    turn(path)
    video = read_video(path)
    np.testing.assert_array_equal(video.frames, np.rot90(upright, k=-1, axes=(1, 2)))
    assert video.aspect == HEIGHT / WIDTH


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


def test_a_stream_decodes_no_further_than_it_is_asked(tmp_path):
    write_bars(tmp_path / "dive.avi", 60)
    content = (tmp_path / "dive.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(content[: len(content) * 6 // 10])
    frames = iter(VideoStream(tmp_path / "cut.avi"))
    assert [read_index(next(frames)) for _ in range(10)] == list(range(10))
    with pytest.raises(VideoError, match=r"cut\.avi: expected 60 frames"):
        list(frames)


@pytest.mark.parametrize(
    ("stated", "aspect", "warning"),
    [
        ((4, 3), 16 / 9, "Its pixels are not square: its picture counts as 1.78:1, as it is shown."),
        ((1, 1), 4 / 3, None),
        ((1, 20), 4 / 3, "It says that its pixels are 0.05 times as wide as high: square ones are assumed."),
    ],
)
def test_pixels_that_are_not_square(tmp_path, stated, aspect, warning):
    """The aspect is that of the picture as shown, unless the file says what cannot be; either is said."""
    write_anamorphic(tmp_path / "dive.mkv", Fraction(*stated))
    video = read_video(tmp_path / "dive.mkv")
    assert video.source_size == (HEIGHT, WIDTH) and video.aspect == pytest.approx(aspect)
    assert video.warnings == ((warning,) if warning else ())


def write_anamorphic(path, pixel_aspect):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        for index in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(bar_frame(index, (9, 9, 9)), format="rgb24")))
        container.mux(stream.encode())


def test_pixels_that_are_wide_as_stored_are_high_in_a_turned_picture(tmp_path):
    """Of 64×48 pixels of 4:3 each: 16:9 as stored, 9:16 as shown."""
    write_anamorphic(tmp_path / "phone.mp4", Fraction(4, 3))
    turn(tmp_path / "phone.mp4")
    video = read_video(tmp_path / "phone.mp4")
    assert video.source_size == (WIDTH, HEIGHT) and video.aspect == pytest.approx(9 / 16)


def _not_there(path):
    pass


def _a_folder(path):
    path.mkdir()


def _empty(path):
    path.touch()


def _text(path):
    path.write_text("not a video\n" * 100)


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
    ("make", "message"),
    [
        (_not_there, "no such file"),
        (_a_folder, "a folder"),
        (_empty, "cannot open"),
        (_text, "cannot open"),
        (_sound_only, "cannot open"),
        (_hls, "cannot open"),
        (_concat, "cannot open"),
        (_sdp, "cannot open"),
        (_picture, "cannot open"),
        (_mp4_without_its_end, "(video stream|cannot open)"),
    ],
)
def test_what_is_no_video_is_an_error_that_names_the_file(tmp_path, make, message):
    make(tmp_path / "dive.avi")
    with pytest.raises(VideoError, match=rf"dive\.avi: expected .*{message}"):
        read_video(tmp_path / "dive.avi")


@pytest.mark.parametrize(("name", "make"), [("dive.m3u8", _hls), ("dive.y", _hls), ("dive.ffconcat", _concat)])
def test_a_list_of_videos_is_none_whatever_it_is_called(tmp_path, name, make):
    make(tmp_path / name)
    with pytest.raises(VideoError, match=rf"{name}: expected a video in one file\. Received: what FFmpeg cannot open"):
        read_video(tmp_path / name)


CONTAINERS = {
    "mpeg4": ("avi", "mov", "nut", "m4v"),
    "libx264": ("mp4", "mkv", "flv", "3gp", "h264"),
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
    assert [read_index(frame) for frame in read_video(tmp_path / "dive.video").frames] == list(range(8))


def test_truncated_video(tmp_path):
    write_bars(tmp_path / "dive.avi", 60)
    content = (tmp_path / "dive.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(VideoError, match=r"cut\.avi: expected 60 frames\. Received: \d+, then"):
        read_video(tmp_path / "cut.avi")
    video = read_video(tmp_path / "cut.avi", partial=True)
    indices = [read_index(frame) for frame in video.frames]
    assert 0 < len(indices) < 60 and indices[:-1] == list(range(len(indices) - 1))
    assert len(video.warnings) == 1 and "expected 60 frames" in video.warnings[0]


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "mpeg4"), ("a.webm", "libvpx")])
def test_matroska_that_is_cut_off(tmp_path, name, codec, kept):
    """FFmpeg reads it as if it ended there; its segment says how long it was."""
    write_bars(tmp_path / name, 60, codec=codec)
    content = (tmp_path / name).read_bytes()
    cut = int(len(content) * kept)
    (tmp_path / f"cut{name}").write_bytes(content[:cut])
    received = rf"then its end after {cut:,} of {len(content):,} bytes"
    with pytest.raises(VideoError, match=rf"cut{name}: expected all frames\. Received: \d+, {received}"):
        read_video(tmp_path / f"cut{name}")
    video = read_video(tmp_path / f"cut{name}", partial=True)
    assert [warning.code for warning in video.warnings] == ["damaged"]
    assert read_video(tmp_path / name).warnings == ()


def test_matroska_that_was_recorded_live_states_no_size(tmp_path):
    with (tmp_path / "live.mkv").open("wb") as file:
        pipe = types.SimpleNamespace(write=file.write)  # of which nothing that was written can be changed
        with av.open(pipe, "w", format="matroska") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for index in range(20):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(bar_frame(index, (9, 9, 9)), format="rgb24")))
            container.mux(stream.encode())
    video = read_video(tmp_path / "live.mkv")
    assert len(video.frames) == 20 and video.warnings == ()


@pytest.mark.parametrize("announced", [20, 21, 22, 40])
def test_frames_that_the_file_announces_and_does_not_have(tmp_path, announced):
    """One more is said of old AVI files with packed B-frames; two are missing, though the decoder saw no damage."""
    path = tmp_path / "dropped.avi"
    write_bars(path, 20)
    content = bytearray(path.read_bytes())
    length = content.index(b"strh") + 8 + 32  # of an AVISTREAMHEADER, dwLength follows 32 bytes of other fields
    assert int.from_bytes(content[length : length + 4], "little") == 20
    content[length : length + 4] = announced.to_bytes(4, "little")
    path.write_bytes(content)
    if announced > 21:
        with pytest.raises(VideoError, match=rf"expected {announced} frames\. Received: 20, then the end of the file"):
            read_video(path)
    video = read_video(path, partial=True)
    assert [read_index(frame) for frame in video.frames] == list(range(20))
    assert [f"expected {announced} frames" in warning for warning in video.warnings] == [True] * (announced > 21)


def test_missing_frame_rate_comes_from_the_timestamps_or_is_assumed():
    rate, timestamps, warnings = video_module._timing(0.0, [1.0, 1.1, 1.2])
    assert rate == pytest.approx(10) and not warnings
    np.testing.assert_allclose(timestamps, [0.0, 0.1, 0.2], atol=1e-9)
    rate, timestamps, warnings = video_module._timing(0.0, [None, None])
    assert rate == 25 and len(warnings) == 1
    np.testing.assert_allclose(timestamps, [0.0, 0.04])


@pytest.mark.parametrize("times", [[0.033, 0.133, 0.1], [0.033, 0.133, 0.133]], ids=["back", "twice the same"])
def test_timestamps_that_do_not_rise_give_way_to_the_frame_rate(times):
    rate, timestamps, _ = video_module._timing(30.0, times)
    assert rate == 30
    np.testing.assert_allclose(timestamps, np.arange(3) / 30)


# === Folders of images ===


@pytest.mark.parametrize("name", ["img_{:05d}.jpg", "{}.png", "dive 2 frame{:03d}.JPEG"])
@pytest.mark.parametrize("first", [0, 1, 489])
def test_a_folder_of_images_is_a_video(tmp_path, name, first):
    write_images(tmp_path / "dive", 12, 3, name, first)
    (tmp_path / "dive/.img_00099.jpg").touch()
    (tmp_path / "dive/Thumbs.db").touch()
    video = read_video(tmp_path / "dive", size=(24, 32))
    assert [read_index(frame) for frame in video.frames] == list(range(12)) and video.source_size == (HEIGHT, WIDTH)
    np.testing.assert_allclose(video.timestamps, np.arange(12) / 25)
    assert video.fps == 25 and video.warnings == ("Images state no frame rate: 25 frames per second assumed.",)


def test_images_whose_number_is_the_name_of_a_codec_are_numbered_images(tmp_path):
    write_images(tmp_path / "v", 4, name="dive.{}.jpg", first=263)
    assert [read_index(frame) for frame in read_video(tmp_path / "v").frames] == list(range(4))


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
    assert [read_index(frame) for frame in read_video(clip).frames] == [10, 11, 12, 13, 14]
    assert Clip.parse(str(clip)) == clip and str(clip).endswith("broadcast#10-15")
    whole = sorted((tmp_path / "broadcast").iterdir())
    pixels = b"".join(path.read_bytes() for path in whole[10:15])
    assert clip.sha256() == hashlib.sha256(pixels).hexdigest()
    assert Clip.parse("dive #1.mp4") == Clip(Path("dive #1.mp4"))


def _gap(folder):
    (folder / "00005.jpg").unlink()


def _twice(folder):
    (folder / "5.png").touch()


def _another(folder):
    (folder / "poster_9.jpg").touch()


def _cut_image(folder):
    content = (folder / "00005.jpg").read_bytes()
    (folder / "00005.jpg").write_bytes(content[: len(content) * 2 // 3])


def _text_image(folder):
    (folder / "00005.jpg").write_text("no image")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_gap, r"expected images 1 to 8 without a gap\. Received: none of number 5 \(7 images, 1 to 8\)"),
        (_twice, r"expected one image of each number\. Received: 00005\.jpg, 5\.png"),
        (_another, r"expected images of one name, but for their numbers\. Received: 00001\.jpg, poster_9\.jpg"),
        (_cut_image, r"expected 8 frames\. Received: 4, then 00005\.jpg, which is no whole image"),
        (_text_image, r"expected 8 frames\. Received: 4, then 00005\.jpg"),
    ],
)
def test_damaged_folders_of_images(tmp_path, damage, message):
    write_images(tmp_path / "dive", 8, 0, "{:05d}.jpg")
    damage(tmp_path / "dive")
    with pytest.raises(VideoError, match=rf"dive: {message}"):
        read_video(tmp_path / "dive")


@pytest.mark.parametrize("frames", [(-20, 50), (50, 20), (5, 5)])
def test_stretches_that_cannot_be_are_refused(frames):
    with pytest.raises(VideoError, match=rf"v\.mp4: expected frames, 0 ≤ start < stop\. Received: {frames[0]}, "):
        Clip("v.mp4", frames)
    assert Clip("v.mp4", (0, 1)) == Clip(Path("v.mp4"), (0, 1))  # text is a path as well


def test_stretches_that_are_not_there(tmp_path):
    write_images(tmp_path / "dive", 8)
    write_bars(tmp_path / "dive.avi", 8)
    with pytest.raises(VideoError, match=r"dive#6-9: expected images 7 to 9 without a gap\. Received: none of"):
        read_video(Clip(tmp_path / "dive", (6, 9)))
    with pytest.raises(VideoError, match=r"dive\.avi#6-9: expected 3 frames\. Received: 2, then the end of the file"):
        read_video(Clip(tmp_path / "dive.avi", (6, 9)))
    with pytest.raises(VideoError, match=r"gone#0-2: expected a video file or a folder of images\. Received: no such"):
        read_video(Clip(tmp_path / "gone", (0, 2)))


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
        assert [read_index(frame) for frame in video.frames] == list(range(start, stop))
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


@pytest.mark.parametrize(("content", "message"), [(b"", "cannot open"), (b"no video" * 99, "cannot open")])
def test_the_times_of_what_is_no_video(tmp_path, content, message):
    (tmp_path / "dive.avi").write_bytes(content)
    with pytest.raises(VideoError, match=message):
        frame_times(tmp_path / "dive.avi")


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
