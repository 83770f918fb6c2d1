"""Which frames of a file are meant, and when they are shown: timestamps, streams, stretches, what is no file."""

import dataclasses
import io
import os

import av
import numpy as np
import pytest
from conftest import bar_color, bar_frame, read_index, write_bars, write_streams, write_timed, write_video
from refusals import codes, refused

from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.timing import frame_at, frame_timing
from scoringnet_tf.data.video import Clip, Video, VideoStream, frame_times, read_video

UNEVEN = np.cumsum([0] + [33] * 50 + [68] * 49)  # 100 frames in 5 s: 30 frames/s, then 15


def indices(frames):
    return [read_index(frame) for frame in frames]


@pytest.mark.parametrize(
    ("stated", "times", "kept", "rate", "timestamps", "warned"),
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
def test_rate_and_timestamps_are_those_that_are_credible(stated, times, kept, rate, timestamps, warned):
    found_rate, found, warnings = frame_timing(stated, times, kept)
    assert found_rate == pytest.approx(rate, rel=2e-3) and codes(warnings) == warned
    np.testing.assert_allclose(found, timestamps, atol=1e-9)


def test_a_variable_frame_rate_is_that_of_the_timestamps_even_if_one_repeats(tmp_path):
    """One in a hundred says nothing against the others, of which the second half is half as fast."""
    write_timed(tmp_path / "vfr.mkv", UNEVEN)
    with av.open(str(tmp_path / "vfr.mkv")) as source, av.open(str(tmp_path / "twice.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        for number, packet in enumerate(packets):
            packet.stream = stream
            if number == 70:
                packet.pts = packet.dts = packets[69].pts
            target.mux(packet)
    for name in ("vfr.mkv", "twice.mkv"):
        video = read_video(tmp_path / name)
        for times in (video.timestamps, frame_times(tmp_path / name)):
            np.testing.assert_allclose(times, UNEVEN / 1000, atol=2e-3)
        assert video.fps == pytest.approx(99 / UNEVEN[-1] * 1000, rel=1e-2)
        assert codes(video.warnings) == ["frame_rate_by_timestamps"]


@pytest.mark.parametrize(("rate", "decimals"), [(30 / 1.001, 2), (25, 2), (1000, 3), (240, 3)])
def test_times_that_were_rounded_mean_their_frames(rate, decimals):
    times = np.arange(300) / rate
    assert [frame_at(round(float(time), decimals), times) for time in times] == list(range(300))


def video_at(times, fps):
    return Video([], fps, np.array(times), (48, 64), 4 / 3)


@pytest.mark.parametrize(
    ("times", "fps"),
    [
        *((np.arange(2 * int(fps)) / fps, fps) for fps in (25, 25.01, 60, 240, 24, 5)),
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


def test_a_stretch_of_a_part_keeps_its_place_in_the_whole_video():
    place = {"first_frame": 100, "first_time": 4.5, "since": 4.0, "shared": 3}
    part = dataclasses.replace(video_at(np.arange(50) / 25, 25), frames=range(50), **place)
    cut = part.cut(10, 20)
    assert (cut.first_frame, cut.shared, [*cut.frames]) == (110, 0, [*range(10, 20)])
    assert (cut.first_time, cut.since) == pytest.approx((4.9, 4.4)) and cut.timestamps[0] == 0
    np.testing.assert_array_equal(part.sample_of(10.0)[10:19] + 40, cut.sample_of(10.0)[:9] + 44)  # so many come before
    assert part.samples(5.0)[:4].tolist() == [0, 5, 10, 15] and cut.samples(5.0).tolist() == [0, 5]


def test_a_timestamp_that_is_years_away_asks_for_no_years_of_frames():
    np.testing.assert_array_equal(video_at([0.0, 0.04, 0.08, 1e9], 3 / 1e9).samples(25.0), [0, 1, 2, 3])


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


@pytest.mark.parametrize(
    ("milliseconds", "count", "warned"),
    [
        (20 * np.arange(40), 20, []),  # each is a frame of the video
        (50 * np.arange(40), 50, []),
        (100 * np.arange(20), 50, ["resampled"]),
        (np.cumsum([0] + [40] * 20 + [1000] + [40] * 20), 67, ["resampled"]),
    ],
)
def test_a_model_sees_a_video_at_the_rate_of_its_training(tmp_path, milliseconds, count, warned):
    write_timed(tmp_path / "v.mkv", milliseconds, rate=25)
    preprocessor = ScoringNetPreprocessor((36, 48), (36, 48), frame_rate=25.0)
    video = preprocessor.read(tmp_path / "v.mkv")
    samples = video.samples(25.0)
    assert len(samples) == count and [code for code in codes(video.warnings) if code == "resampled"] == warned
    assert bool(np.any(samples % 1)) == bool(warned)
    if not warned:
        assert indices(preprocessor(tmp_path / "v.mkv")["frames"][0]) == samples.tolist()


@pytest.mark.parametrize(("milliseconds", "length", "shared"), [(40, 10, 4), (20, 20, 8), (5, 40, 16)])
def test_parts_are_as_long_in_seconds_at_any_frame_rate_up_to_four_times_that_of_training(
    tmp_path, milliseconds, length, shared
):
    write_timed(tmp_path / "v.mkv", milliseconds * np.arange(60), rate=25)
    preprocessor = ScoringNetPreprocessor((36, 48), (36, 48), frame_rate=25.0)
    parts = [*preprocessor.parts(tmp_path / "v.mkv", length=10, overlap=4)]
    assert [(len(part.frames), part.shared) for part in parts[:-1]] == [(length, shared)] * (len(parts) - 1)
    assert [part.first_frame for part in parts] == [(length - shared) * number for number in range(len(parts))]
    assert parts[-1].first_frame + len(parts[-1].frames) == 60 and parts[-1].shared == 0


@pytest.mark.parametrize("suffix", ["mkv", "mov"])
def test_a_picture_before_the_video_is_not_taken_for_it(tmp_path, suffix):
    path = tmp_path / f"v.{suffix}"
    write_streams(path, [(32, 32, 1), (48, 64, 12)])
    video = read_video(path)
    assert (len(video.frames), video.source_size) == (12, (48, 64))
    assert codes(video.warnings) == ["several_streams"]
    assert len(frame_times(path)) == 12
    stretch = VideoStream(Clip(path, (5, 9)))
    assert [frame.shape for frame in stretch] == [(48, 64, 3)] * 4


def test_the_bare_stream_of_a_codec_is_refused(tmp_path):
    """It has no timestamps, and FFmpeg would say 25 frames/s of all of them."""
    write_bars(tmp_path / "v.h264", 8, fps=50, codec="libx264")
    with refused("wrong_format", tmp_path / "v.h264", "ffmpeg"):
        read_video(tmp_path / "v.h264")


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to(path.name)])
def test_what_is_no_file_is_refused(tmp_path, make):
    make(tmp_path / "v.mp4")
    with refused("not_found", tmp_path / "v.mp4"):
        read_video(tmp_path / "v.mp4")


def packets_of_bars(count, further=""):
    """A file of `count` bars, H.264 with two B-frames and a key frame every 24."""
    output, parameters = io.BytesIO(), f"keyint=24:min-keyint=24:scenecut=0:bframes=2{further}"
    frames = [bar_frame(index, bar_color(0)) for index in range(count)]
    options = {"qp": "5", "x264-params": parameters}
    write_video(output, frames, codec="libx264", options=options, container="mp4")
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
    copy_packets(packets_of_bars(70, further), path, lambda index, _: index >= skipped)
    whole = indices(read_video(path).frames)
    assert whole == list(range(whole[0], 70)) and whole[0] > 0
    assert len(frame_times(path)) == len(whole)
    assert indices(read_video(Clip(path, (15, 21))).frames) == whole[15:21]


def test_what_an_edit_list_hides_is_not_missing(tmp_path):
    """A clip that was cut without encoding it anew keeps the frames since the key frame, and shows none of them."""
    path = tmp_path / "cut.mp4"
    options = {"offset": 6 / 25, "avoid_negative_ts": "disabled"}
    copy_packets(packets_of_bars(70), path, lambda _, packet: packet.pts >= 0, **options)
    assert indices(read_video(path).frames) == list(range(6, 70))
    content = path.read_bytes()
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 70
        last, size = max((packet.pos, packet.size) for packet in container.demux(video=0) if packet.size)
    path.write_bytes(content[:last] + bytes(size) + content[last + size :])  # the last frame is gone: that is damage
    with refused("damaged_video", path):
        read_video(path)
