"""Which frames of a file are meant, and when they are shown: timestamps, streams, stretches, WebP, what is no file."""

import dataclasses
import io
import os
import socket
from fractions import Fraction

import av
import numpy as np
import pytest
from conftest import (
    HEIGHT,
    WIDTH,
    bar_color,
    bar_frame,
    read_index,
    write_bars,
    write_images,
    write_streams,
    write_timed,
)
from PIL import Image
from refusals import refused

from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.timing import frame_at, frame_timing
from scoringnet_tf.data.video import Clip, Video, VideoStream, frame_times, read_video
from scoringnet_tf.inference.inputs import stretched


def codes(video):
    return [warning.code for warning in video.warnings]


UNEVEN = np.cumsum([0] + [33] * 50 + [68] * 49)  # 100 frames in 5 s: 30 frames/s, then 15


# === Time ===


def test_a_variable_frame_rate_is_that_of_the_timestamps(tmp_path):
    write_timed(tmp_path / "vfr.mkv", UNEVEN)
    video = read_video(tmp_path / "vfr.mkv")
    np.testing.assert_allclose(video.timestamps, UNEVEN / 1000, atol=2e-3)
    assert len(video.frames) == 100 and video.fps == pytest.approx(99 / UNEVEN[-1] * 1000, rel=1e-2)


@pytest.mark.parametrize(
    ("stated", "times", "kept", "rate", "timestamps", "codes"),
    [
        (30.0, [0.0, 0.05, 0.1, 0.15], True, 20, [0, 0.05, 0.1, 0.15], ["frame_rate_by_timestamps"]),
        (30.0, [1.0, 1.033, 1.067, 1.1], True, 30, [0, 0.033, 0.067, 0.1], []),  # rounded to milliseconds
        (0.0, [1.0, 1.1, 1.2], True, 10, [0, 0.1, 0.2], []),
        (0.0, [None, None], True, 25, [0, 0.04], ["frame_rate_assumed"]),
        (10.0, [0.0, 0.1, 0.0, 0.1], True, 10, [0, 0.1, 0.2, 0.3], ["timestamps_ignored"]),
        (10.0, [0.0, 0.1, 0.1, 0.1], True, 10, [0, 0.1, 0.2, 0.3], ["timestamps_ignored"]),
        (10.0, [0.0, 0.1, 0.0, 0.1], False, 10, [0, 0.1, 0.2, 0.3], []),  # of AVI: the decoder made them up
    ],
)
def test_rate_and_timestamps_are_those_that_are_credible(stated, times, kept, rate, timestamps, codes):
    found_rate, found, warnings = frame_timing(stated, times, kept)
    assert found_rate == pytest.approx(rate, rel=2e-3) and [warning.code for warning in warnings] == codes
    np.testing.assert_allclose(found, timestamps, atol=1e-9)


def test_a_timestamp_that_repeats_is_put_between_its_neighbours(tmp_path):
    """One in a hundred says nothing against the others, of which the second half is half as fast."""
    write_timed(tmp_path / "vfr.mkv", UNEVEN)
    with av.open(str(tmp_path / "vfr.mkv")) as source, av.open(str(tmp_path / "twice.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        before = None
        for number, packet in enumerate(source.demux(source.streams.video[0])):
            if packet.size:
                packet.stream = stream
                packet.pts = packet.dts = before if number == 70 else packet.pts
                before = packet.pts
                target.mux(packet)
    assert not np.all(np.diff(packet_times(tmp_path / "twice.mkv")) > 0)
    np.testing.assert_allclose(frame_times(tmp_path / "twice.mkv"), UNEVEN / 1000, atol=2e-3)
    video = read_video(tmp_path / "twice.mkv")
    np.testing.assert_allclose(video.timestamps, UNEVEN / 1000, atol=2e-3)
    assert codes(video) == ["frame_rate_by_timestamps"]


def packet_times(path):
    with av.open(str(path)) as container:
        return [packet.pts for packet in container.demux(container.streams.video[0]) if packet.size]


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "libx264"), ("a.avi", "mpeg4"), ("a.mp4", "libx264")])
@pytest.mark.parametrize("frames", [(11, 14), (23, 30)])
def test_a_stretch_is_those_frames_and_begins_when_the_first_is_shown(tmp_path, name, codec, frames):
    """AVI keeps no timestamps: FFmpeg makes them up in the order in which frames are stored, not shown."""
    write_bars(tmp_path / name, 60, 1, codec=codec)
    stream = VideoStream(Clip(tmp_path / name, frames))
    found = [read_index(frame) for frame in stream]
    assert found == list(range(*frames))
    video = stream.video(found)
    assert video.first_frame == frames[0] and video.first_time == pytest.approx(frames[0] / 25)
    assert video.first_time == pytest.approx(frame_times(tmp_path / name)[frames[0]])


def test_a_stretch_of_uneven_webp_begins_when_its_first_frame_is_shown(tmp_path):
    images = [Image.fromarray(bar_frame(index, bar_color(0))) for index in range(12)]
    shown = [40 if index % 2 else 120 for index in range(12)]
    images[0].save(tmp_path / "a.webp", save_all=True, append_images=images[1:], duration=shown, lossless=True)
    stream = VideoStream(stretched(tmp_path / "a.webp", 0.48, None))
    assert stream.video([read_index(frame) for frame in stream]).first_time == pytest.approx(0.48)


@pytest.mark.parametrize(("rate", "decimals"), [(30 / 1.001, 2), (25, 2), (1000, 3), (240, 3)])
def test_times_that_were_rounded_mean_their_frames(rate, decimals):
    times = np.arange(300) / rate
    assert [frame_at(round(float(time), decimals), times) for time in times] == list(range(300))


@pytest.mark.parametrize(
    ("name", "codec", "fps", "warnings"),
    [
        ("a.h264", "libx264", 50, []),
        ("a.h264", "libx264", 25, []),
        ("a.m4v", "mpeg4", 50, []),
        ("a.mjpeg", "mjpeg", 25, ["frame_rate_assumed"]),  # at whatever rate it was filmed
    ],
)
def test_the_rate_of_a_bare_stream_is_what_it_states(tmp_path, name, codec, fps, warnings):
    """FFmpeg says 25 of all of them."""
    write_bare(tmp_path / name, codec, fps if not warnings else 50)
    video = read_video(tmp_path / name)
    assert video.fps == fps and codes(video) == warnings
    for times in (video.timestamps, frame_times(tmp_path / name)):
        np.testing.assert_allclose(times, np.arange(30) / fps)
    assert read_video(Clip(tmp_path / name, (10, 20))).first_time == pytest.approx(10 / fps)


@pytest.mark.parametrize("ticks", [600, 1000, 90_000])
def test_a_bare_stream_that_counts_ticks_states_no_rate(tmp_path, ticks):
    """As H.264 that was taken out of QuickTime: 600 frames a second would leave two or three of a dive."""
    write_bare(tmp_path / "a.h264", "libx264", 25, ticks)
    video = read_video(tmp_path / "a.h264")
    assert video.fps == 25 and codes(video) == ["frame_rate_assumed"]
    for times in (video.timestamps, frame_times(tmp_path / "a.h264")):
        np.testing.assert_allclose(times, np.arange(30) / 25)


def write_bare(path, codec, fps, ticks=None):
    """Bars without a container; time in so many ticks a second."""
    with av.open(str(path), "w", format=path.suffix[1:]) as container:
        stream = container.add_stream(codec, rate=fps)
        if ticks:
            stream.codec_context.time_base = Fraction(1, ticks)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(bar_frame(index, bar_color(0)), format="rgb24")
            if ticks:
                frame.pts, frame.time_base = index * ticks // fps, Fraction(1, ticks)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def video_at(times, fps):
    return Video([], fps, np.array(times), (48, 64), 4 / 3)


@pytest.mark.parametrize(
    ("times", "fps"),
    [
        (np.arange(40) / 25, 25),
        (np.arange(40) / 25.01, 25.01),
        (np.arange(120) / 60, 60),
        (np.arange(480) / 240, 240),
        (np.arange(40) / 24, 24),
        (np.arange(5) / 5, 5),
        (UNEVEN / 1000, 20),
        (np.array([0.0]), 25),
    ],
)
def test_samples_show_at_every_moment_the_nearest_frame_or_a_mixture_of_two_far_ones(times, fps):
    samples = video_at(times, fps).samples(25.0)
    assert len(samples) == max(1, round((times[-1] + 1 / fps) * 25))
    for index, sample in enumerate(samples):
        before = int(np.searchsorted(times, index / 25, side="right")) - 1
        if before + 1 < len(times) and (times[before + 1] - times[before]) * 25 > 1.5:
            share = sample - before
            assert (1 - share) * times[before] + share * times[before + 1] == pytest.approx(index / 25, abs=1e-9)
        else:
            away = np.abs(times - index / 25)
            assert sample % 1 == 0 and away[int(sample)] == pytest.approx(away.min(), abs=1e-9)
    assert np.array_equal(samples, np.arange(len(times))) == (abs(fps / 25 - 1) < 0.01)
    nearest = video_at(times, fps).sample_of(25.0)
    assert len(nearest) == len(times) and np.all(np.diff(nearest) >= 0)
    inside = times <= (len(samples) - 1) / 25
    assert np.all(np.abs(nearest / 25 - times)[inside] <= 0.5 / 25 + 1e-9)
    np.testing.assert_array_equal(video_at(times, fps).samples(None), np.arange(len(times)))


def test_a_timestamp_that_is_years_away_asks_for_no_years_of_frames():
    video = video_at([0.0, 0.04, 0.08, 1e9], 3 / 1e9)
    np.testing.assert_array_equal(video.samples(25.0), [0, 1, 2, 3])
    np.testing.assert_array_equal(video.sample_of(25.0), [0, 1, 2, 3])
    assert not video.is_sampled(None) and video_at(np.arange(9) / 3, 3).is_sampled(25.0)


def test_a_model_sees_a_slow_video_as_mixtures_of_its_frames():
    """Grey frames at 10 frames/s that grow brighter by 20 levels: at 25 frames/s by 8."""
    preprocessor = ScoringNetPreprocessor((16, 16), (16, 16), aspect=None, frame_rate=25.0)
    jpegs = [preprocessor.stored.encode(np.full((16, 16, 3), 20 * number, np.uint8)) for number in range(10)]
    video = dataclasses.replace(video_at(np.arange(10) / 10, 10), frames=jpegs)
    samples = video.samples(25.0)
    frames = preprocessor.sampled(video, samples)
    assert frames.shape == (25, 16, 16, 3) and frames.dtype == np.uint8
    np.testing.assert_allclose(frames[:, 8, 8, 0], np.minimum(8 * np.arange(25), 180), atol=1)
    np.testing.assert_array_equal(preprocessor.sampled(video, samples[[3, 20]]), frames[[3, 20]])


def test_a_model_sees_a_fast_video_at_the_rate_of_its_training(tmp_path):
    write_bars(tmp_path / "fast.avi", 40, fps=50)
    plain, timed = (ScoringNetPreprocessor((36, 48), (36, 48), frame_rate=rate) for rate in (None, 25.0))
    frames = timed(tmp_path / "fast.avi")["frames"][0]
    assert [read_index(frame) for frame in frames] == list(range(0, 40, 2))
    np.testing.assert_array_equal(frames, plain(tmp_path / "fast.avi")["frames"][0, ::2])
    assert codes(timed.read(tmp_path / "fast.avi")) == ["resampled"]
    assert plain.read(tmp_path / "fast.avi").warnings == ()


def test_a_slow_video_is_repeated_and_it_is_said(tmp_path):
    write_bars(tmp_path / "slow.avi", 20, fps=20)
    timed = ScoringNetPreprocessor((36, 48), (36, 48), frame_rate=25.0)
    shown = [read_index(frame) for frame in timed(tmp_path / "slow.avi")["frames"][0]]
    assert len(shown) == 25 and sorted(set(shown)) == list(range(20))
    assert codes(timed.read(tmp_path / "slow.avi")) == ["resampled"]


@pytest.mark.parametrize(
    "milliseconds",
    [100 * np.arange(20), np.cumsum([0] + [40] * 20 + [1000] + [40] * 20), np.cumsum([0] + [20] * 20 + [80] * 20)],
)
def test_mixed_frames_are_said(tmp_path, milliseconds):
    write_timed(tmp_path / "v.mkv", milliseconds, rate=25)
    video = ScoringNetPreprocessor((36, 48), (36, 48), frame_rate=25.0).read(tmp_path / "v.mkv")
    assert np.any(video.samples(25.0) % 1) and "resampled" in codes(video)


# === Streams ===


@pytest.mark.parametrize("suffix", ["mkv", "mov"])
def test_a_picture_before_the_video_is_not_taken_for_it(tmp_path, suffix):
    path = tmp_path / f"v.{suffix}"
    write_streams(path, [(32, 32, 1), (48, 64, 12)])
    video = read_video(path)
    assert (len(video.frames), video.source_size) == (12, (48, 64))
    assert codes(video) == ["several_streams"]
    assert len(frame_times(path)) == 12 and len(frame_times(path, 0)) == 1
    picture = VideoStream(path, stream=0)
    assert len(list(picture)) == 1 and picture.source_size == (32, 32)


@pytest.mark.parametrize("number", [1, -1])
def test_a_stream_that_is_not_there(tmp_path, number):
    write_bars(tmp_path / "v.mp4", 3, codec="libx264")
    with refused("unknown_stream", tmp_path / "v.mp4", number):
        list(VideoStream(tmp_path / "v.mp4", stream=number))


def test_a_stretch_of_another_stream_is_of_that_stream(tmp_path):
    write_streams(tmp_path / "v.mkv", [(32, 32, 20), (48, 64, 20)])
    stream = VideoStream(Clip(tmp_path / "v.mkv", (5, 9)), stream=1)
    frames = list(stream)
    video = stream.video(frames)
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 4
    assert (video.first_frame, video.first_time) == (5, pytest.approx(0.2, abs=2e-3))


def test_images_and_webp_have_one_stream(tmp_path):
    write_images(tmp_path / "folder", 3)
    write_webp(tmp_path / "v.webp", 3)
    for name in ("folder", "v.webp"):
        assert len(list(VideoStream(tmp_path / name, stream=0))) == 3
        with refused("unknown_stream", tmp_path / name, 1):
            list(VideoStream(tmp_path / name, stream=1))


# === WebP ===


def write_webp(path, num_frames, milliseconds=40):
    images = [Image.fromarray(bar_frame(index, bar_color(0))) for index in range(num_frames)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=milliseconds, lossless=True)


def test_animated_webp_is_read_whatever_it_is_called(tmp_path):
    write_webp(tmp_path / "v.gif", 12, [40] * 11 + [100])
    video = read_video(tmp_path / "v.gif")
    assert [read_index(frame) for frame in video.frames] == list(range(12))
    np.testing.assert_array_equal(video.frames[3], bar_frame(3, bar_color(0)))
    np.testing.assert_allclose(video.timestamps, np.arange(12) / 25)
    assert (video.fps, video.warnings) == (25, ())
    np.testing.assert_allclose(frame_times(tmp_path / "v.gif"), np.arange(12) / 25)
    part = read_video(Clip(tmp_path / "v.gif", (4, 7)))
    assert [read_index(frame) for frame in part.frames] == [4, 5, 6] and part.first_time == pytest.approx(0.16)


def test_webp_that_states_no_durations_is_said_to_be_of_an_assumed_rate(tmp_path):
    path = tmp_path / "v.webp"
    write_webp(path, 12, 0)
    stream = VideoStream(path)
    frames = list(stream)
    video = stream.video(frames)
    assert video.fps == 25 and codes(video) == ["frame_rate_assumed"]
    for times in (video.timestamps, frame_times(path)):
        np.testing.assert_allclose(times, np.arange(12) / 25)
    assert stream.video(frames[5:], 5).since == pytest.approx(0.2)
    assert stretched(path, 0.2, 0.4).frames == (5, 10)


@pytest.mark.parametrize(
    ("shown", "warnings"),
    [
        ([0, 0, 40, 40, 40], ["timestamps_ignored"]),
        ([0, 0, 0, 40, 40], ["frame_rate_assumed", "timestamps_ignored"]),
        ([0] + [40] * 19, ["frame_rate_by_timestamps"]),  # one in twenty is bridged
    ],
)
def test_webp_of_which_some_frames_state_no_duration_says_how_they_count(tmp_path, shown, warnings):
    write_webp(tmp_path / "v.webp", 20, shown * (20 // len(shown)))
    assert codes(read_video(tmp_path / "v.webp")) == warnings


def test_a_still_webp_is_a_video_of_one_frame(tmp_path):
    Image.fromarray(bar_frame(7, bar_color(0))).save(tmp_path / "v.webp", lossless=True)
    assert [read_index(frame) for frame in read_video(tmp_path / "v.webp").frames] == [7]


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_webp_that_is_cut_off_is_refused(tmp_path, kept):
    write_webp(tmp_path / "whole.webp", 12)
    content = (tmp_path / "whole.webp").read_bytes()
    (tmp_path / "v.webp").write_bytes(content[: int(len(content) * kept)])
    with refused("no_frames", tmp_path / "v.webp"):
        read_video(tmp_path / "v.webp")


@pytest.mark.parametrize("side", [8200, 9600, 16383])
def test_webp_that_asks_for_endless_memory_is_refused(tmp_path, side):
    """A few bytes are enough for a picture of any size; beyond some Pillow warns, beyond others it raises."""
    size = side - 1  # lossless WebP: a byte 0x2f, then 14 bits each of width − 1 and height − 1
    head = b"\x2f" + (size | size << 14).to_bytes(4, "little")
    chunk = b"VP8L" + (len(head) + 1).to_bytes(4, "little") + head + b"\0"
    (tmp_path / "v.webp").write_bytes(b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk)
    with refused("no_frames", tmp_path / "v.webp"):
        read_video(tmp_path / "v.webp")
    with refused("damaged_video", tmp_path / "v.webp"):
        frame_times(tmp_path / "v.webp")


# === What is no file ===


def _socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.symlink_to(path.name),
        lambda path: path.symlink_to("nowhere"),
        _socket,
        lambda path: path.symlink_to("/dev/null"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path, make):
    make(tmp_path / "v.mp4")
    with refused("not_found", tmp_path / "v.mp4"):
        read_video(tmp_path / "v.mp4")


# === Files that were cut out of others ===


def packets_of_bars(count, **options):
    """The packets of `count` encoded bars, H.264 with two B-frames and a key frame every 24; and their stream."""
    output = io.BytesIO()
    container = av.open(output, "w", format="mp4")
    stream = container.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    parameters = "keyint=24:min-keyint=24:scenecut=0:bframes=2"
    stream.codec_context.options = {"qp": "5", "x264-params": parameters + options.get("further", "")}
    for index in range(count):
        container.mux(stream.encode(av.VideoFrame.from_ndarray(bar_frame(index, bar_color(0)), format="rgb24")))
    container.mux(stream.encode())
    container.close()
    output.seek(0)
    return output


def copy_packets(source, path, keep, offset=0, **options):
    """Writes the packets of a video for which `keep(index, packet)` holds, as they are, `offset` seconds earlier."""
    with av.open(source) as given, av.open(str(path), "w", options=options) as container:
        stream = given.streams.video[0]
        copied = container.add_stream_from_template(stream)
        for index, packet in enumerate(packet for packet in given.demux(stream) if packet.dts is not None):
            if keep(index, packet):
                packet.pts -= round(offset / stream.time_base)
                packet.dts -= round(offset / stream.time_base)
                packet.stream = copied
                container.mux(packet)


@pytest.mark.parametrize(("skipped", "further"), [(10, ""), (22, ":open-gop=1")])
def test_packets_that_show_nothing_have_no_number(skipped, further, tmp_path):
    """A stream copy that begins within a group of pictures, or with B-frames that need frames before them."""
    path = tmp_path / "cut.mkv"
    copy_packets(packets_of_bars(70, further=further), path, lambda index, _: index >= skipped)
    whole = [read_index(frame) for frame in read_video(path).frames]
    assert whole == list(range(whole[0], 70)) and whole[0] > 0
    assert len(frame_times(path)) == len(whole)
    stretched = [read_index(frame) for frame in read_video(Clip(path, (15, 21))).frames]
    assert stretched == whole[15:21]


def test_what_an_edit_list_hides_is_not_missing(tmp_path):
    """A clip that was cut without encoding it anew keeps the frames since the key frame, and shows none of them."""
    path = tmp_path / "cut.mp4"
    copy_packets(
        packets_of_bars(70), path, lambda _, packet: packet.pts >= 0, offset=6 / 25, avoid_negative_ts="disabled"
    )
    with av.open(str(path)) as container:
        hidden = sum(packet.is_discard for packet in container.demux(video=0))
        assert hidden == 6 and container.streams.video[0].frames == 70
    video = read_video(path)
    assert [read_index(frame) for frame in video.frames] == list(range(6, 70))
    content = path.read_bytes()
    with av.open(str(path)) as container:
        last, size = max((packet.pos, packet.size) for packet in container.demux(video=0) if packet.size)
    path.write_bytes(content[:last] + bytes(size) + content[last + size :])  # the last frame is gone: that is damage
    with refused("damaged_video", path):
        read_video(path)
