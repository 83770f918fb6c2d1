"""Decoding: every frame of whole files, clear errors for damaged ones."""

import os
import types
import wave
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, bar_frame, read_index, write_bars, write_video

from scoringnet_tf import video as video_module
from scoringnet_tf.video import VideoError, read_video


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


def test_rotation_of_the_file_is_applied(tmp_path):
    """A phone stores landscape frames and a display matrix: here a quarter turn clockwise, patched into the header."""
    path = tmp_path / "phone.mp4"
    write_bars(path, 3, codec="libx264")
    upright = read_video(path).frames
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40  # ISO 14496-12: 40 bytes of a version 0 box precede the matrix
    one = 1 << 16
    turned = [0, one, 0, -one, 0, 0, 0, 0, 1 << 30]
    content[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in turned)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_video(path).frames, np.rot90(upright, k=-1, axes=(1, 2)))


def _not_there(path):
    pass


def _a_folder(path):
    path.mkdir()


def _empty(path):
    path.touch()


def _text(path):
    path.write_text("not a video\n" * 100)


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
        (_sound_only, "video stream"),
        (_mp4_without_its_end, "(video stream|cannot open)"),
    ],
)
def test_what_is_no_video_is_an_error_that_names_the_file(tmp_path, make, message):
    make(tmp_path / "dive.avi")
    with pytest.raises(VideoError, match=rf"dive\.avi: expected .*{message}"):
        read_video(tmp_path / "dive.avi")


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


def test_missing_frame_rate_comes_from_the_timestamps_or_is_assumed():
    stream = types.SimpleNamespace(average_rate=None, guessed_rate=None)
    rate, timestamps, warnings = video_module._timing(stream, [1.0, 1.1, 1.2])
    assert rate == pytest.approx(10) and not warnings
    np.testing.assert_allclose(timestamps, [0.0, 0.1, 0.2], atol=1e-9)
    rate, timestamps, warnings = video_module._timing(stream, [None, None])
    assert rate == 25 and len(warnings) == 1
    np.testing.assert_allclose(timestamps, [0.0, 0.04])


def test_timestamps_that_go_back_give_way_to_the_frame_rate():
    stream = types.SimpleNamespace(average_rate=Fraction(30), guessed_rate=None)
    rate, timestamps, _ = video_module._timing(stream, [0.033, 0.133, 0.1])
    assert rate == 30
    np.testing.assert_allclose(timestamps, np.arange(3) / 30)


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
